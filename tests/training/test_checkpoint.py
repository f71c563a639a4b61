"""A run that was killed and goes on ends as the run that never was."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.notes import Notes
from tests.training.test_loop import SMALL, build, weights
from tldrkit.datasets.examples import Corpus
from tldrkit.dendrites.growth import FixedShape, GrowthPolicy
from tldrkit.dendrites.perforated import Dendrites
from tldrkit.errors import DamagedArtifact, ModelError
from tldrkit.machine.device import build_accelerator
from tldrkit.specs import TrainSpec
from tldrkit.store.checkpoints import Checkpoints
from tldrkit.tracking import Event
from tldrkit.training.loop import Fitted, Trainer

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"
)  # PerforatedAI's
PLAIN: dict[str, Any] = {"max_steps": 10, "patience": 0, "dropout": 0.1}
GROWING: dict[str, Any] = {
    "do_pb": True, "switch_mode": "fixed", "n_epochs_to_switch": 2, "max_dendrites": 2, "max_steps": 14,
    "dropout": 0.1,
}  # fmt: skip


RECIPE: dict[str, Any] = {
    "average_steps": 3, "schedule": "plateau", "plateau_patience": 1, "optimizer": "adafactor", "lr": 0.05,
    "encoder_lr": 0.02,
}  # fmt: skip


class Killer(Notes):
    """A tracker that dies at an event."""

    def __init__(self, dies: Callable[[Event], bool]) -> None:
        super().__init__()
        self._dies = dies

    def log(self, event: Event) -> None:
        """Keep the event, or die of it."""
        super().log(event)
        if self._dies(event):
            raise KeyboardInterrupt


def fit(corpus: Corpus, folder: Path, tracker: Notes, fields: dict[str, Any]) -> Fitted:
    folder.mkdir(parents=True, exist_ok=True)
    summarizer = build(corpus)
    spec = TrainSpec(**(SMALL | fields))
    policy: GrowthPolicy = FixedShape()
    if spec.do_pb:
        policy = Dendrites(spec, folder / "scratch", folder / "log.txt")
    accelerator = build_accelerator("cpu", spec.precision)
    trainer = Trainer(accelerator, summarizer.tokenizer, spec, policy, tracker, keeper=Checkpoints(folder))
    return trainer.fit(summarizer.network, corpus)


def is_train(step: int) -> Callable[[Event], bool]:
    return lambda event: event["kind"] == "validation" and event["step"] == step


def is_growth(event: Event) -> bool:
    return event["kind"] == "restructured"


@pytest.mark.parametrize(
    ("fields", "dies"),
    [
        *((fields, dies) for fields in (PLAIN, GROWING) for dies in (is_train(4), is_train(8), is_growth)),
        (PLAIN | RECIPE, is_train(4)),
        (GROWING | RECIPE | {"dendrite_unit": "block", "lr_after_growth": 0.5}, is_train(8)),
    ],
)
def test_a_killed_run_goes_on_as_if_it_had_not_been(
    examples: Corpus, tmp_path: Path, fields: dict[str, Any], dies: Callable[[Event], bool]
) -> None:
    """Weights, scores and growth are those of the unbroken run, bit by bit."""
    whole = fit(examples, tmp_path / "whole", Notes(), fields)
    killer = Killer(dies)
    try:
        fit(examples, tmp_path / "killed", killer, fields)
    except KeyboardInterrupt:
        pass
    else:
        assert not fields.get("do_pb")  # a plain run never grows, so it is not killed
    notes = Notes()
    resumed = fit(examples, tmp_path / "killed", notes, fields)

    assert notes.events[0]["kind"] == "resumed"
    assert weights(resumed).keys() == weights(whole).keys()
    assert all(torch.equal(weights(resumed)[name], value) for name, value in weights(whole).items())
    timed = {"training_seconds", "validation_seconds", "whole_validation"}
    assert {k: v for k, v in resumed.metrics.items() if k not in timed} == {
        k: v for k, v in whole.metrics.items() if k not in timed
    }


def test_a_run_killed_again_and_again_comes_to_its_end(examples: Corpus, tmp_path: Path) -> None:
    """Killed at every validation, a growing run ends as the unbroken one."""
    whole = fit(examples, tmp_path / "whole", Notes(), GROWING)
    for step in range(4, 14, 2):
        with pytest.raises(KeyboardInterrupt):
            fit(examples, tmp_path / "killed", Killer(is_train(step)), GROWING)
    resumed = fit(examples, tmp_path / "killed", Notes(), GROWING)

    assert all(torch.equal(weights(resumed)[name], value) for name, value in weights(whole).items())
    assert resumed.metrics["restructurings"] == whole.metrics["restructurings"] != []


def test_early_stopping_goes_on(examples: Corpus, tmp_path: Path) -> None:
    """A run that was killed after its patience was spent ends where the unbroken run ends."""
    fields = {"max_steps": 20, "patience": 2, "lr": 1e-9}
    whole = fit(examples, tmp_path / "whole", Notes(), fields)
    resumed = fit(examples, tmp_path / "whole", Notes(), fields)

    assert whole.metrics["steps"] < 20
    assert resumed.metrics["steps"] == whole.metrics["steps"]
    assert resumed.metrics["ended"] == whole.metrics["ended"]


@pytest.mark.parametrize(
    "name", ["run.json", "network.safetensors", "optimizer.safetensors", "random.safetensors"]
)
def test_a_damaged_checkpoint_is_refused(examples: Corpus, tmp_path: Path, name: str) -> None:
    """A file cut in half, or of another version, is named, with the way out; nothing is guessed."""
    fields = {"max_steps": 4}
    fit(examples, tmp_path, Notes(), fields)
    path = tmp_path / "state" / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    with pytest.raises(DamagedArtifact, match=f"damaged: '{name}'") as caught:
        fit(examples, tmp_path, Notes(), fields)
    assert caught.value.hint


def test_a_checkpoint_of_another_version_is_refused(
    examples: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another version of tldrkit kept is not gone on with."""
    monkeypatch.setattr(Checkpoints, "find", Checkpoints.look_up)  # nothing is damaged here
    fit(examples, tmp_path, Notes(), {"max_steps": 4})
    path = tmp_path / "state" / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"tldrkit": "0.0.0"}))

    with pytest.raises(ModelError, match=r"0\.0\.0"):
        fit(examples, tmp_path, Notes(), {"max_steps": 4})
