"""Batch runs in one process, with a tiny random network."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import base_folder  # noqa: F401  (a fixture)
from tldrkit.data.synthetic import generate_examples
from tldrkit.errors import SpecError
from tldrkit.options import Options
from tldrkit.specs import SummarizeSpec
from tldrkit.steps.inputs import STDIN, Inputs, Shard
from tldrkit.steps.summarize import Output, Summarized, summarize

SPEC = SummarizeSpec(max_tokens=8, num_beams=1, batch_size=2, max_source_tokens=48)


class Place:
    """A folder of threads, and runs over it."""

    def __init__(self, folder: Path, model: Path) -> None:
        self.folder, self._model = folder, model
        self.threads = folder / "threads"
        self.threads.mkdir()
        for number, example in enumerate(generate_examples("test")[:20]):
            self.write(f"{number:02}.json", example.document)
        (self.threads / "05b.json").write_text('{"posts": [')

    def write(self, name: str, text: str) -> None:
        """Write a thread's file."""
        (self.threads / name).write_text(json.dumps({"title": name, "document": text}))

    def run(self, name: str = "s.jsonl", spec: SummarizeSpec = SPEC, **more: Any) -> Summarized:  # noqa: ANN401
        """Summarize the folder into a file of it."""
        options = Options(artifacts=self.folder / "store", device="cpu", threads=1, **more.pop("options", {}))
        given = {
            "paths": [self.threads],
            "model": str(self._model),
            "output": Output(file=self.folder / name),
        }
        return summarize(options, spec, **(given | more))

    def read(self, name: str = "s.jsonl") -> list[dict[str, Any]]:
        """Read the records of a file."""
        return [json.loads(line) for line in (self.folder / name).read_text().splitlines()]


@pytest.fixture
def place(tmp_path: Path, base_folder: Path) -> Place:  # noqa: F811
    return Place(tmp_path, base_folder)


def test_what_is_done_is_not_done_again(place: Place) -> None:
    """A second run summarizes what is new or changed, and a thread's copy is its first one's work."""
    first = place.run()
    before = (place.folder / "s.jsonl").read_bytes()
    again = place.run()
    assert (first.threads, first.broken, first.known) == (20, 1, 0)
    assert (again.threads, again.broken, again.known) == (20, 1, 20)
    assert (place.folder / "s.jsonl").read_bytes() == before

    place.write("03.json", "All is different now.")
    place.write("06b.json", "And this is new.")
    (place.threads / "07b.json").write_bytes((place.threads / "06b.json").read_bytes())
    (place.threads / "09.json").unlink()
    changed = place.run()
    assert (changed.threads, changed.known) == (21, 19)
    names = [row["id"] for row in place.read()]
    assert names == sorted(names)
    assert "06b" in names
    assert "09" not in names


def test_another_model_or_other_options_are_noticed(place: Place) -> None:
    """Summaries made otherwise are made again, and counted; those of --force are made again too."""
    place.run()
    longer = place.run(spec=SPEC.model_copy(update={"min_tokens": 7}))
    assert (longer.known, longer.outdated) == (0, 20)
    assert place.run(spec=SPEC.model_copy(update={"min_tokens": 7, "batch_size": 5})).known == 20
    assert place.run(spec=SPEC.model_copy(update={"min_tokens": 7}), options={"force": True}).known == 0


def test_batch_size_and_order_change_no_summary(place: Place) -> None:
    """A thread's summary is the same in any company."""
    place.run()
    expected = {row["id"]: row.get("summary") for row in place.read()}
    assert len(set(expected.values())) > 1
    files = sorted(place.threads.iterdir(), reverse=True)
    for number, spec in enumerate((SPEC, SPEC.model_copy(update={"batch_size": 7}))):
        place.run(f"{number}.jsonl", spec, paths=files)
        rows = place.read(f"{number}.jsonl")
        assert [row["file"] for row in rows] == list(map(str, files))
        assert {row["id"]: row.get("summary") for row in rows} == expected


def test_shards_are_parts_of_the_whole(place: Place) -> None:
    """The outputs of all shards hold the records of an unsharded run, each once."""
    place.run()
    rows = []
    for number in (1, 2, 3):
        done = place.run(shard=Shard(number, 3))
        assert done.out == place.folder / f"s-{number}-of-3.jsonl"
        rows += place.read(done.out.name)
    assert sorted(rows, key=lambda row: row["id"]) == sorted(place.read(), key=lambda row: row["id"])


def test_sidecars_lie_beside_their_inputs(place: Place) -> None:
    """Each input has its records beside it, and a second run takes none of them for an input."""
    beside = Output(sources=True)
    assert place.run(output=beside).threads == 20
    assert place.run(output=beside).known == 20
    assert len(list(place.threads.glob("*.tldr.jsonl"))) == 21
    row = json.loads((place.threads / "03.json.tldr.jsonl").read_text())
    assert row["sources"][0]["posts"] == [0]
    assert "error" in json.loads((place.threads / "05b.json.tldr.jsonl").read_text())


def test_what_arrives_is_summarized(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Watching goes on with each new state of the inputs until it is interrupted, which ends it well."""
    waits: list[str] = []

    def wait(inputs: Inputs, known: str, seconds: float) -> str:  # noqa: ARG001
        waits.append(known)
        if len(waits) == 2:
            raise KeyboardInterrupt
        place.write("new.json", "This has just arrived.")
        return inputs.compute_state()

    monkeypatch.setattr(Inputs, "wait", wait)
    done = place.run(watch=1.0)
    assert (done.threads, done.known) == (21, 20)
    assert place.read()[-1]["id"] == "new"


def test_the_standard_input_has_no_place_beside_it(place: Place) -> None:
    """`-` with sidecars, or watched, is refused before anything is read."""
    for more in ({"output": Output()}, {"watch": 1.0}):
        with pytest.raises(SpecError, match="standard input"):
            place.run(paths=[STDIN], **more)
