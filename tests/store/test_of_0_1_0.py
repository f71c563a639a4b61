"""What tldrkit 0.1.0 wrote, before the package had its rooms, still loads: artifacts, an export, a spec.

`of_0_1_0.tar.xz` holds a store with a tiny base, a network that grew and its scores, its export, the spec
that trained it, and a thread with the summary that was written of it.
"""

import json
import tarfile
from pathlib import Path

import pytest

import tldrkit
from tldrkit.errors import ComparisonError
from tldrkit.reports.scores import RunScores
from tldrkit.specs import TrainSpec
from tldrkit.specs.spec import build_spec
from tldrkit.store.store import ArtifactStore


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that it worked in."""
    folder = tmp_path_factory.mktemp("before")
    with tarfile.open(Path(__file__).with_name("of_0_1_0.tar.xz")) as packed:
        packed.extractall(folder, filter="data")
    return folder


def test_artifacts_are_sound_and_know_what_they_are_from(before: Path) -> None:
    """Their digests are those of their manifests, and the lineage goes back to the base."""
    store = ArtifactStore(before / "artifacts")
    lineage = store.lineage("old/train")

    assert store.verify() == []
    assert lineage.is_sound
    assert [one.reference for one in lineage.inputs if one.kind] == ["old/base@v1"]


@pytest.mark.parametrize("model", ["old/train", "exported"])
def test_a_grown_network_writes_what_it_wrote(before: Path, model: str) -> None:
    """From the store and from the exported folder, token for token."""
    thread = json.loads((before / "thread.jsonl").read_text())["document"]
    written = json.loads((before / "summary.jsonl").read_text())["summary"]
    source = str(before / model) if model == "exported" else model
    (summary,) = tldrkit.Store(before / "artifacts").load(source).summarize([thread])

    assert summary.text == written


def test_a_spec_is_read(before: Path) -> None:
    """Its fields mean what they meant."""
    spec = build_spec(TrainSpec, [before / "old.yaml"])

    assert (spec.experiment, spec.do_pb, spec.switch_mode, spec.max_dendrites) == ("B", True, "fixed", 1)


def test_its_scores_are_to_be_computed_again(before: Path) -> None:
    """They hold less than comparisons read now, and the sentence says what to do."""
    scores = json.loads((before / "artifacts/old/eval/v1/scores.json").read_text())
    with pytest.raises(ComparisonError, match="scored by another version of tldrkit") as caught:
        RunScores.from_dict(scores)

    assert caught.value.hint == "Score it again."
