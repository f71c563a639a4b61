"""What `--precision auto` is on a machine is part of what was asked for."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.steps.conftest import FIT, SHAPE
from tldrkit.bases.scratch import build_base
from tldrkit.errors import ModelError
from tldrkit.families.summarizer import save_summarizer
from tldrkit.machine import processor
from tldrkit.options import Options
from tldrkit.specs import BaseSpec, EvalSpec, TrainSpec
from tldrkit.steps.base import base
from tldrkit.steps.eval import eval as score
from tldrkit.steps.step import Outcome
from tldrkit.steps.train import train
from tldrkit.store.manifest import compute_identity, parse_manifest
from tldrkit.store.store import ArtifactStore

AUTO: dict[str, Any] = FIT | {"precision": "auto"}


class Said:
    """Keeps what a person is told of the number format."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def log(self, event: dict[str, Any]) -> None:
        """Keep it."""
        if event.get("message", "").startswith("--precision"):
            self.messages.append(event["message"])

    def close(self) -> None:
        """Do nothing."""


class Machines:
    """One store, and machines with and without units for bf16."""

    def __init__(self, folder: Path, corpus: Path, pretend: Callable[[bool], None]) -> None:
        self._pretend = pretend
        self._options = Options(artifacts=folder / "store", data=corpus, device="cpu", threads=1)
        self._tiny = str(folder / "tiny")
        self.store = ArtifactStore(self._options.artifacts)
        save_summarizer(build_base(BaseSpec(**SHAPE), ["some text to begin with"]), folder / "tiny")

    def train(self, *, has_bf16: bool, **fields: Any) -> tuple[Outcome, list[str]]:  # noqa: ANN401
        """Train on one of the machines; tell what it said too."""
        self._pretend(has_bf16)
        options = dataclasses.replace(self._options, display=(said := Said()))
        spec = TrainSpec(**(AUTO | fields))
        return train(options, spec, source=self._tiny, target="a/train"), said.messages

    def base(self, *, has_bf16: bool) -> Outcome:
        """Pretrain on one of the machines."""
        self._pretend(has_bf16)
        return base(self._options, BaseSpec(**(AUTO | SHAPE)), target="base")

    def score(self, source: str) -> Outcome:
        """Score a model."""
        return score(self._options, EvalSpec(dataset="toy"), source=source, target="a/eval")


@pytest.fixture
def machines(tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> Machines:
    return Machines(tmp_path, corpus, lambda there: monkeypatch.setattr(processor, "has_bf16", lambda: there))


def test_machines_that_count_otherwise_make_other_results(machines: Machines) -> None:
    """`auto` is another step with bf16 units than without; saying what it is anyway is the same one."""
    plain, quiet = machines.train(has_bf16=False)
    rounded, told = machines.train(has_bf16=True)
    manifests = [outcome.artifact.manifest for outcome in (plain, rounded)]

    assert [one.spec["precision"] for one in manifests] == ["fp32", "bf16"]
    assert manifests[0].identity != manifests[1].identity
    assert not rounded.done_before
    assert quiet == []
    assert told == [
        "--precision auto is bf16 here; a/train@v1 was made in fp32. --precision fp32 takes that one."
    ]
    for there in (False, True):
        assert machines.train(has_bf16=there, precision="bf16")[0].done_before
        assert machines.train(has_bf16=there)[0].done_before


def test_a_base_knows_its_number_format(machines: Machines) -> None:
    """Pretraining has the format in its identity as well."""
    first, second = (machines.base(has_bf16=there).artifact.manifest for there in (False, True))
    assert (first.spec["precision"], second.spec["precision"]) == ("fp32", "bf16")
    assert first.identity != second.identity


def test_training_does_not_go_on_in_another_format(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was begun in bf16 stays as it is where `auto` is fp32, and is said; told to, it goes on."""

    def fail(*_: object) -> None:
        raise ModelError("pulled the plug")

    with monkeypatch.context() as patched:
        patched.setattr("tldrkit.training.loop.Trainer._validate_whole", fail)
        with pytest.raises(ModelError):
            machines.train(has_bf16=True)
    anew, told = machines.train(has_bf16=False)
    assert told == [
        "--precision auto is fp32 here; what was begun in bf16 is left alone. "
        "--precision bf16 goes on from it."
    ]
    assert anew.artifact.manifest.metrics["precision"] == "no"
    events = (machines.store.root / "runs").glob("*.metrics.jsonl")
    assert '"resumed"' not in "".join(path.read_text() for path in events)

    resumed, _ = machines.train(has_bf16=False, precision="bf16")
    assert resumed.artifact.manifest.metrics["precision"] == "bf16"
    events = (machines.store.root / "runs").glob("*.metrics.jsonl")
    assert '"resumed"' in "".join(path.read_text() for path in events)


def test_manifests_that_say_auto_are_inputs(machines: Machines) -> None:
    """What was made when specs still said `auto` is taken like any other."""
    made, _ = machines.train(has_bf16=False)
    path = made.artifact.path / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["spec"]["precision"] = "auto"
    old = parse_manifest(json.dumps(manifest), path)
    manifest["identity"] = compute_identity(old.kind, old.spec, old.inputs, old.code)
    path.write_text(json.dumps(manifest))
    assert machines.score("a/train").artifact.manifest.metrics["rouge1"] is not None
    assert machines.score("a/train").done_before


def test_the_processor_is_on_record(machines: Machines) -> None:
    """Rounding is no identity, so a manifest tells which processor and instructions there were."""
    made, _ = machines.train(has_bf16=False)
    processor_told = made.artifact.manifest.provenance["processor"]
    assert processor_told == processor.describe_processor()
    assert processor_told["name"]
