from pathlib import Path

import pytest

from tests.notes import Notes
from tests.steps.conftest import DATA, FIT, Line
from tldrkit.errors import ModelError, StoreError
from tldrkit.machine.memory import Memory
from tldrkit.options import Options
from tldrkit.specs import CompareSpec, EvalSpec, TrainSpec
from tldrkit.steps import forecast
from tldrkit.steps.eval import eval as score
from tldrkit.steps.forecast import Effort, Forecast, check_room, describe_place, find_earlier
from tldrkit.steps.step import Step, build_provenance, perform
from tldrkit.steps.train import train
from tldrkit.store.store import ArtifactStore


def run(monkeypatch: pytest.MonkeyPatch, seconds: float, total: int) -> list[str]:
    """Log twenty steps at a time, each of so many seconds, to the end; return what is said."""
    clock, notes = [0.0], Notes()
    monkeypatch.setattr(forecast.time, "monotonic", lambda: clock[0])
    told = Forecast(notes, lambda: 1_200_000_000)
    for step in range(20, total + 1, 20):
        clock[0] += 20 * seconds + (100 if step == 20 else 0)
        told.log({"kind": "train", "unit": "step", "done": step, "total": total})
    return [event["message"] for event in notes.events if "message" in event]


def test_long_training_says_how_long_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first steps it is said once, by the steps after those; what is short is not worth a word."""
    assert run(monkeypatch, 0.5, 1040) == ["About 8 minutes for 1,000 steps left; 1.2 GB of memory so far."]
    assert run(monkeypatch, 10, 1040) == ["About 2.8 hours for 1,000 steps left; 1.2 GB of memory so far."]
    assert run(monkeypatch, 0.01, 1040) == []
    assert run(monkeypatch, 10, 20) == []


def test_what_cannot_fit_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Less memory than weights, gradients and moments take, or less space than is kept: nothing is begun."""
    monkeypatch.setattr(forecast, "find_memory", lambda: Memory(10**9, 10**8))
    check_room(1_000_000, tmp_path)
    with pytest.raises(ModelError, match="160 MB of memory at least"):
        check_room(10_000_000, tmp_path)

    monkeypatch.setattr(forecast, "find_memory", lambda: Memory(None, None))
    with pytest.raises(StoreError, match="on the disk"):
        check_room(10**15, tmp_path)


def test_what_was_done_before_tells_nothing_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work that needed no work does not count: the forecast is of what is new, each kind by itself."""
    clock, notes = [0.0], Notes()
    monkeypatch.setattr(forecast.time, "monotonic", lambda: clock[0])
    told = Forecast(notes)
    for kind, done, fresh in (
        ("summarize", 0, True), ("summarize", 900, False), ("summarize", 910, True), ("score", 0, True),
        ("summarize", 920, True), ("score", 10, True),
    ):  # fmt: skip
        clock[0] += 20
        told.log({"kind": kind, "unit": "thread", "done": done, "total": 1000, "fresh": fresh})
    said = [event["message"] for event in notes.events if "message" in event]
    assert said == ["About 3 minutes for 90 threads left.", "About 66 minutes for 990 threads left."]


def test_an_earlier_run_is_said_at_once() -> None:
    """Where it is known what the same work took, that is said before it begins, and nothing after."""
    notes = Notes()
    effort = Effort(seconds=725, peak_memory=1_200_000_000, place={})
    told = Forecast(notes, lambda: 0, earlier=("b/s0/train@v1", effort))
    assert [event["message"] for event in notes.events] == [
        "About 12 minutes, as b/s0/train@v1 took; 1.2 GB of memory."
    ]
    told.log({"kind": "train", "unit": "step", "done": 1, "total": 2})
    assert [event["kind"] for event in notes.events] == ["forecast", "train"]


def test_results_say_what_they_took_and_the_like_are_found(line: Line) -> None:
    """Another seed of the same training, and the scoring of its network, take what they took before."""
    store = ArtifactStore(line.options.artifacts)
    trained = store.resolve("a/train").manifest
    effort = trained.provenance["effort"]
    assert effort["seconds"] >= trained.metrics["training_seconds"]
    assert effort["peak_memory"] > 5e7
    again = train(line.options, TrainSpec(**FIT, seed=7), source="base", target="forecast/train").artifact
    scored = score(line.options, EvalSpec(**DATA), source="forecast/train", target="forecast/eval").artifact

    place = describe_place(build_provenance(line.options))
    spec = trained.spec | {"seed": 8, "experiment": "another"}
    found = find_earlier(store, spec, trained.inputs, place)
    assert found
    assert found[0] == again.reference
    first = store.resolve("a/eval").manifest
    scores = find_earlier(store, scored.manifest.spec, first.inputs, place)
    assert scores
    assert scores[0] == scored.reference

    longer = spec | {"max_steps": spec["max_steps"] + 1}
    other = describe_place(build_provenance(Options(artifacts=store.root, threads=31)))
    compressed = store.resolve("c/train").manifest.inputs
    assert find_earlier(store, longer, trained.inputs, place) is None
    assert find_earlier(store, spec, trained.inputs, other) is None
    assert find_earlier(store, {}, compressed, place) is None


@pytest.mark.parametrize("told", ["x", {"seconds": 3}, {"seconds": "3", "peak_memory": 1, "place": {}}])
def test_an_effort_of_another_form_is_passed_over(tmp_path: Path, told: object) -> None:
    """Manifests of other versions of tldrkit stop no step."""
    store = ArtifactStore(tmp_path)
    with store.publish("a", kind="scores", spec={}, inputs=(), provenance={"effort": told}):
        pass
    assert find_earlier(store, {}, (), {}) is None


def test_work_that_names_no_gpu_is_measured_by_its_process(tmp_path: Path) -> None:
    """A step that is asked to use a GPU, and has no network to put there, says what its process took."""
    step = Step(name="compare", kind="comparison", target="a", spec=CompareSpec())
    outcome = perform(Options(artifacts=tmp_path, device="cuda"), step, lambda _: None)
    assert outcome.artifact.manifest.provenance["effort"]["peak_memory"] > 5e6
