"""Batch runs in one process, with a tiny random network."""

import csv
import io
import json
import os
import sys
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.cli.conftest import base_folder  # noqa: F401  (a fixture)
from tldrkit.datasets.synthetic.threads import generate_examples
from tldrkit.errors import SpecError, StoreError
from tldrkit.options import Options
from tldrkit.records.inputs import STDIN, Inputs, Shard
from tldrkit.records.summaries import Output
from tldrkit.specs import Form, SummarizeSpec
from tldrkit.steps.summarize import JournaledWriter, Summarized, summarize
from tldrkit.store.runs import list_runs
from tldrkit.threads.thread import WORDLESS
from tldrkit.tracking import JsonlTracker

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
        store = self.folder / more.pop("store", "store")
        options = Options(artifacts=store, device="cpu", threads=1, **more.pop("options", {}))
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
        place.run(f"{number}.jsonl", spec, paths=files, store=f"store {number}")
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


@pytest.mark.parametrize("name", ["s.csv", "s.md", "s.parquet", "other.jsonl", "-"])
def test_another_output_knows_what_is_journaled(place: Place, name: str) -> None:
    """The threads of one output are known to the next, in whatever form; another model's are not."""
    place.run()
    output = Output(file=Path("-") if name == "-" else place.folder / name, stream=io.BytesIO())
    again = place.run(output=output)
    assert (again.threads, again.known, again.outdated) == (20, 20, 0)
    longer = SPEC.model_copy(update={"min_tokens": 7})
    assert place.run(output=output, spec=longer).known == 0
    assert place.run(output=output).known == 20


def test_what_no_run_wrote_is_not_overwritten(place: Place) -> None:
    """A file that is there is refused before any thread is read, unless it may go; no byte of it changes."""
    old = place.threads / "old.jsonl"
    old.write_text('{"document": "This is all there is."}')
    output = Output(file=old)
    for more in ({}, {"watch": 1.0}, {"options": {"force": True}}, {"paths": [place.threads / "*.json*"]}):
        with pytest.raises(StoreError, match="no earlier run wrote it"):
            place.run(output=output, **more)
        assert old.read_text() == '{"document": "This is all there is."}'
    assert list_runs(place.folder / "store") == []

    assert place.run(output=Output(file=old, overwrite=True)).threads == 20
    assert place.run(output=output).known == 20
    old.write_text("edited")
    with pytest.raises(StoreError, match="was changed"):
        place.run(output=output)
    with pytest.raises(StoreError, match="overwrite the input"):
        place.run(output=Output(file=old, overwrite=True), paths=[place.threads / ".." / "threads/old.jsonl"])
    assert old.read_text() == "edited"


def test_a_file_beside_an_input_is_not_overwritten(place: Place) -> None:
    """What is called like a sidecar and was written by nobody here stays; other commands' sidecars may go."""
    mine = place.threads / "03.json.tldr.jsonl"
    mine.write_text("my notes")
    with pytest.raises(StoreError, match="no earlier run wrote it"):
        place.run(output=Output())
    assert mine.read_text() == "my notes"
    mine.unlink()
    place.run(output=Output())
    assert place.run(output=Output(), paths=[place.threads / "03.json"]).known == 1


def test_an_output_is_written_through_a_link(place: Place) -> None:
    """A link to the output stays, and the file behind it is known by both names and is no input."""
    (place.folder / "link.jsonl").symlink_to(place.threads / "s.jsonl")
    assert place.run("link.jsonl").threads == 20
    assert (place.folder / "link.jsonl").is_symlink()
    assert place.run("threads/s.jsonl").known == 20
    assert len(place.read("link.jsonl")) == 21


def test_the_standard_output_is_an_output(place: Place) -> None:
    """`-` gets the records of a file, in every form, and no file of that name appears."""
    for form in ("jsonl", "csv", "parquet", "markdown"):
        stream = io.BytesIO()
        place.run(output=Output(file=Path("-"), form=form, stream=stream))
        place.run(output=Output(file=place.folder / "s", form=form, overwrite=True))
        assert stream.getvalue() == (place.folder / "s").read_bytes()
    assert not Path("-").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        *((text, False) for text in ("", " \n", "\u200b\x1b", "...", "- -", "。！", "\u0301", "🙂 ~~")),
        *((text, True) for text in ("4", "走", "- a.", "ไป", "३")),
    ],
)
def test_a_summary_without_words_has_a_reason(
    place: Place, monkeypatch: pytest.MonkeyPatch, text: str, words: bool
) -> None:
    """What the network wrote is kept, with a reason and a count of its own."""
    empty = json.dumps({"ending": "whole", "summary": text, "sources": [], "posts_used": 1})
    monkeypatch.setattr(JournaledWriter, "__call__", lambda _, threads: [empty] * len(threads))
    done = place.run()
    assert (done.threads, done.empty, done.broken) == (20, 0 if words else 20, 1)
    first = place.read()[0]
    assert (first["summary"], first.get("error")) == (text, None if words else WORDLESS)
    assert first["posts_read"] == 1


def test_a_folder_with_what_is_no_file_is_read(place: Place) -> None:
    """A link to itself, to nothing or to a folder, and a pipe, are records among the others."""
    for name, target in (("a", "a"), ("b", "gone"), ("c", place.folder)):
        (place.threads / name).symlink_to(target)
    os.mkfifo(place.threads / "d")
    done = place.run()
    assert (done.threads, done.broken) == (20, 5)
    assert [row["id"] for row in place.read() if "error" in row] == ["05b", "a", "b", "c", "d"]


def test_sidecars_lie_beside_their_inputs(place: Place) -> None:
    """Each input has its records beside it, and a second run takes none of them for an input."""
    beside = Output(sources=True)
    assert place.run(output=beside).threads == 20
    assert place.run(output=beside).known == 20
    assert len(list(place.threads.glob("*.tldr.jsonl"))) == 21
    row = json.loads((place.threads / "03.json.tldr.jsonl").read_text())
    assert row["sources"]
    assert all(one["sentence"] in row["summary"] and set(one["posts"]) <= {0} for one in row["sources"])
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


def watch(
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
    *passes: Callable[[], object],
    **more: Any,  # noqa: ANN401
) -> Summarized:
    """Watch, and do something after each pass but the last."""
    left = iter(passes)

    def wait(inputs: Inputs, known: str, seconds: float) -> str:  # noqa: ARG001
        act = next(left, None)
        if act is None:
            raise KeyboardInterrupt
        act()
        return inputs.compute_state()

    monkeypatch.setattr(Inputs, "wait", wait)
    return place.run(watch=1.0, **more)


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet", "markdown"])
def test_watching_takes_nothing_away(place: Place, monkeypatch: pytest.MonkeyPatch, form: Form) -> None:
    """Records of files that were moved away stay, what arrives follows, in later runs too; none is twice."""

    def move_away() -> None:
        for path in place.threads.iterdir():
            path.rename(place.folder / path.name)

    output = Output(file=place.folder / "s", form=form)

    def arrive(name: str) -> Callable[[], None]:
        return lambda: place.write(name, f"{name} has just arrived.")

    pattern = {"output": output, "paths": [place.threads / "*.json"]}
    watch(place, monkeypatch, move_away, arrive("21.json"), move_away, arrive("22.json"), **pattern)
    move_away()
    watch(place, monkeypatch, arrive("23.json"), lambda: None, **pattern)

    for path in place.folder.glob("*.json"):
        path.rename(place.threads / path.name)
    order = [f"{number:02}" for number in range(20)]
    order.insert(6, "05b")
    files = [place.threads / f"{name}.json" for name in [*order, "21", "22", "23"]]
    place.run(output=Output(file=place.folder / "whole", form=form), paths=files)
    found, expected = (read_all(place.folder / name, form) for name in ("s", "whole"))
    assert found == expected


def read_all(path: Path, form: Form) -> object:
    """Read a file of records so that equal ones compare equal."""
    if form != "parquet":
        return path.read_text()
    from tldrkit.datasets.parquet import read_parquet

    return list(read_parquet(path))


def test_watching_goes_on_from_a_run_without(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a plain run wrote stays, and a thread that was changed is added."""
    place.run()
    before = (place.folder / "s.jsonl").read_bytes()
    for path in place.threads.glob("1*.json"):
        path.unlink()
    changed = json.dumps({"posts": [{"text": "This is new."}, {"text": "So is this."}]})
    change = partial((place.threads / "03.json").write_text, changed)
    done = watch(place, monkeypatch, (place.threads / "05b.json").unlink, change)
    assert (done.threads, done.broken) == (10, 1)
    assert (place.folder / "s.jsonl").read_bytes().startswith(before)
    assert [row["id"] for row in place.read()[21:]] == ["03"]
    with pytest.raises(SpecError, match="holds jsonl"):
        watch(place, monkeypatch, output=Output(file=place.folder / "s.jsonl", form="csv"))


def test_watching_writes_to_the_standard_output(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each record is written once, in the order in which they come, below one heading."""
    stream = io.BytesIO()
    output = Output(file=Path("-"), form="csv", stream=stream)
    watch(place, monkeypatch, lambda: place.write("x.json", "New."), lambda: None, output=output)
    rows = list(csv.DictReader(io.StringIO(stream.getvalue().decode())))
    assert len(rows) == 22
    assert rows[-1]["id"] == "x"


def test_the_standard_input_has_no_place_beside_it(place: Place) -> None:
    """`-` with sidecars, or watched, is refused before anything is read, and so is a pipe."""
    os.mkfifo(place.folder / "pipe")
    for path in (STDIN, place.folder / "pipe"):
        for more in ({"output": Output()}, {"watch": 1.0}):
            with pytest.raises(SpecError, match="standard input"):
                place.run(paths=[path], **more)


def test_a_pipe_into_a_pipe(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` is read and written where both are meant."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"It is flat.")))
    stream = io.BytesIO()
    assert place.run(paths=[STDIN], output=Output(file=Path("-"), stream=stream)).threads == 1
    assert json.loads(stream.getvalue())["file"] == "-"


def test_threads_that_are_far_are_told_of(place: Place, tmp_path: Path) -> None:
    """In their records, however often they are asked for, and once for all with their number."""
    for path in place.threads.iterdir():
        path.unlink()
    place.write("far.json", "Ключ от подвала снова пропал, и никто не знает, у кого он. " * 3)
    place.write("near.json", "to text some begin with text to begin some")
    place.write("log.json", "2031-04-05T06:07:08Z [io-17] 10.8.0.44:6379 0x7ffd2b10 " * 5)
    for _ in range(2):
        told = tmp_path / "told.jsonl"
        told.unlink(missing_ok=True)
        done = place.run(options={"display": JsonlTracker(told)})
        records = {row["id"]: row.get("unfamiliar") for row in place.read()}
        messages = [json.loads(line).get("message") for line in told.read_text().splitlines()]

        assert done.unfamiliar == 2
        assert records["near"] is None
        assert records["far"].startswith("the model has no words for it")
        assert "tokens a character" in records["log"]
        assert [one for one in messages if one and "far from" in one] == [
            "Threads far from what the model knows: 2 of 3. Such summaries are likely made up; "
            "their records say why (unfamiliar)."
        ]
        assert sum(bool(one) and one.startswith("It is not known what ") for one in messages) == 1

    place.run("s.md")
    assert (tmp_path / "s.md").read_text().count("*Likely made up: ") == 2
    place.run("s.csv")
    assert "tokens a character" in (tmp_path / "s.csv").read_text()


def test_a_long_run_says_how_long_it_takes(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its second chunk it is said for how long the rest will take; where all is known, nothing is."""
    clock = count(step=100)
    monkeypatch.setattr("tldrkit.steps.forecast.time", SimpleNamespace(monotonic=lambda: next(clock)))
    for name, forecasts in (("a", 1), ("b", 0)):
        told = place.folder / f"{name}.events"
        spec = SPEC.model_copy(update={"batch_size": 1})
        place.run(f"{name}.jsonl", spec, options={"display": JsonlTracker(told)})
        said = [json.loads(line) for line in told.read_text().splitlines()]
        messages = [event["message"] for event in said if event.get("kind") == "forecast"]
        assert len(messages) == forecasts
        assert all("5 threads left" in message for message in messages)
