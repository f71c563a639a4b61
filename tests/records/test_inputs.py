import io
import json
import os
import sys
import threading
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tldrkit.errors import DataError, SpecError
from tldrkit.records.inputs import STDIN, Inputs, PassedOver, Shard, open_inputs
from tldrkit.threads import BrokenThread, Thread


@pytest.mark.parametrize("text", ["0/4", "5/4", "1", "a/b", "1/0", "-1/4", "1/4/2", "1/ 4", "1/²"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    """A shard is one of at least one, counted from 1."""
    with pytest.raises(SpecError, match="is no shard"):
        Shard.parse(text)


@given(
    names=st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))),
    count=st.integers(1, 9),
)
def test_every_file_is_in_one_shard(names: list[str], count: int) -> None:
    """The shards of one count share no file and leave none out."""
    shards = [Shard.parse(f"{number}/{count}") for number in range(1, count + 1)]
    assert all(sum(shard.holds(Path(name)) for shard in shards) == 1 for name in names)


def test_a_shard_names_its_own_output() -> None:
    """The same command in every job of an array writes a file of its own."""
    assert Shard(2, 4).name(Path("out/s.jsonl")) == Path("out/s-2-of-4.jsonl")
    assert Shard().name(Path("s.jsonl")) == Path("s.jsonl")
    assert Shard(2, 4).name(Path("-")) == Path("-")


def test_the_standard_input_is_an_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `-` holds is read like a file, more than once, in its place among the others."""
    (tmp_path / "a.txt").write_text("one")
    pipe = io.TextIOWrapper(io.BytesIO(b'{"document": "two"}\n{"document": "three"}\n'))
    monkeypatch.setattr(sys, "stdin", pipe)
    with open_inputs([tmp_path, STDIN], Shard(), None, drafts=tmp_path / ".drafts") as inputs:
        for _ in range(2):
            assert [item.file for item in inputs.read()] == [tmp_path / "a.txt", STDIN, STDIN]
        (copy,) = (tmp_path / ".drafts").rglob("stdin")
    assert not copy.exists()


def test_a_pipe_that_is_named_is_an_input(tmp_path: Path) -> None:
    """A pipe is read once, to its end, and then like a file whose name it has."""
    pipe = tmp_path / "talk.txt"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=["It is flat."])
    writer.start()
    with open_inputs([pipe], Shard(), None, drafts=tmp_path / ".drafts") as inputs:
        writer.join()
        for _ in range(2):
            ((file, found, _),) = inputs.read()
            assert (file, found.id) == (pipe, "talk")
            assert isinstance(found, Thread)


def test_a_closed_standard_input_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is none, `-` is refused in a sentence."""
    monkeypatch.setattr(sys, "stdin", None)
    with (
        pytest.raises(DataError, match="closed"),
        open_inputs([STDIN], Shard(), None, drafts=tmp_path / ".drafts"),
    ):
        pass


def test_the_output_is_no_input(tmp_path: Path) -> None:
    """An output within a folder that is read is left out, under whatever path, and so is a link to it."""
    for name in ("a.txt", "out.jsonl"):
        (tmp_path / name).write_text("x")
    (tmp_path / "newest.jsonl").symlink_to("out.jsonl")
    out = tmp_path / "." / "out.jsonl"
    assert list(Inputs(paths=[tmp_path], out=out).find()) == [tmp_path / "a.txt"]


def test_what_comes_and_goes_is_no_error_to_the_patient(tmp_path: Path) -> None:
    """A watched pattern may match nothing, a file may go; but a path must be there when watching begins."""
    (tmp_path / "a.txt").write_text("It is flat.")
    named = [tmp_path / "*.json", tmp_path / "a.txt"]
    with open_inputs(named, Shard(), None, drafts=tmp_path / ".drafts", patient=True) as inputs:
        items = inputs.read()
        assert next(items).file == tmp_path / "a.txt"
        (tmp_path / "a.txt").unlink()
        assert list(inputs.read()) == []
    with (
        pytest.raises(DataError, match=r"a\.txt"),
        open_inputs(named, Shard(), None, drafts=tmp_path / ".drafts", patient=True),
    ):
        pass


def test_a_change_changes_the_state(tmp_path: Path) -> None:
    """A file that comes, grows or goes is noticed."""
    inputs = Inputs(paths=[tmp_path])
    states = [inputs.compute_state()]
    for text in ("x", "xy"):
        (tmp_path / "a.txt").write_text(text)
        states.append(inputs.compute_state())
    (tmp_path / "a.txt").unlink()

    assert len(set(states)) == 3
    assert inputs.compute_state() == states[0]


def test_mail_that_arrives_in_a_maildir_changes_the_state(tmp_path: Path) -> None:
    """A message in new is noticed, though the Maildir itself stays as it was; one being delivered is not."""
    for name in ("cur", "new", "tmp"):
        (tmp_path / "box" / name).mkdir(parents=True)
    inputs = Inputs(paths=[tmp_path])
    states = [inputs.compute_state()]
    for name in ("tmp/1.a", "new/1.a"):
        (tmp_path / "box" / name).write_text("From: a\nSubject: b\n\nIt is flat.\n")
        states.append(inputs.compute_state())

    assert states[0] == states[1] != states[2]


def test_what_still_changes_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """New files count once two looks have found the same."""
    inputs = Inputs(paths=[tmp_path])
    seen = iter([1, 2, 3])

    def work(_: float) -> None:
        if number := next(seen, None):
            (tmp_path / "a.json").write_text(json.dumps([0] * number))

    monkeypatch.setattr("tldrkit.records.inputs.time.sleep", work)
    state = inputs.wait(inputs.compute_state(), 1.0)

    assert json.loads((tmp_path / "a.json").read_text()) == [0, 0, 0]
    assert state == inputs.compute_state()


def test_what_pages_bring_along_is_passed_over(tmp_path: Path) -> None:
    """In a folder, parts of pages are passed over by name and by content; what is named is read."""
    style = tmp_path / "page_files" / "style"
    style.parent.mkdir()
    style.write_text("body {\n  color: #111;\n}\n")
    for name in (
        "a.js",
        "a.css?v=2",
        "logo.png",
        "logo.png.txt",
        "robots.txt",
        "a.js.map",
        "icon.svg",
        "f.woff2",
    ):
        (style.parent / name).write_text("The lift is stuck.")
    (tmp_path / "page.txt").write_text("The lift is stuck.")

    found = [(item.file.name, type(item.found)) for item in Inputs(paths=[tmp_path]).read()]

    assert [name for name, kind in found if kind is not PassedOver] == ["page.txt"]
    assert len(found) == 10
    (item,) = Inputs(paths=[style]).read()
    assert isinstance(item.found, BrokenThread)
    assert [type(item.found) for item in Inputs(paths=[style.parent / "logo.png.txt"]).read()] == [Thread]


def test_members_are_named_after_their_archive(tmp_path: Path) -> None:
    """An item says which member of which archive it is from, also of the standard input's."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("b/c.txt", "The lift is stuck.")
        archive.writestr("d.css", "a{b:c}")

    for inputs, file in (
        (Inputs(paths=[tmp_path]), tmp_path / "a.zip"),
        (Inputs(paths=[STDIN], copies={STDIN: tmp_path / "a.zip"}), STDIN),
    ):
        thread, style = inputs.read()
        assert (thread.file, thread.name) == (file, file / "b/c.txt")
        assert isinstance(style.found, PassedOver)
