import os
from pathlib import Path

import pytest

from tldrkit.errors import StoreError
from tldrkit.records.outputs import open_whole


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    """A block that fails leaves the file that was there, and nothing beside it."""
    path = tmp_path / "new" / "a.txt"
    with open_whole(path) as file:
        file.write("one")
    with pytest.raises(UnicodeEncodeError), open_whole(path) as file:
        file.write("two\udfff")

    assert path.read_text() == "one"
    assert list(path.parent.iterdir()) == [path]


def test_what_a_killed_process_left_is_written_over(tmp_path: Path) -> None:
    """A draft of a process that is gone neither stays nor gets into the file."""
    (tmp_path / ".a.bin.draft").write_bytes(b"a long rest of something else")
    with open_whole(tmp_path / "a.bin", "wb") as file:
        file.write(b"new")

    assert (tmp_path / "a.bin").read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [tmp_path / "a.bin"]


def test_one_at_a_time_writes_a_file(tmp_path: Path) -> None:
    """A second writer is refused, and the first one's file is whole."""
    with open_whole(tmp_path / "a.txt") as file:
        with pytest.raises(StoreError, match="Another process"), open_whole(tmp_path / "a.txt"):
            pass
        file.write("mine")

    assert (tmp_path / "a.txt").read_text() == "mine"


def test_a_link_stays_and_its_file_is_written(tmp_path: Path) -> None:
    """What a link leads to is replaced, or made where it is missing; the link is the link it was."""
    (tmp_path / "link").symlink_to("there/a.txt")
    for text in ("one", "two"):
        with open_whole(tmp_path / "link") as file:
            file.write(text)
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "there/a.txt").read_text() == text
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "link", tmp_path / "there", tmp_path / "there/a.txt"]


@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "loop"])
@pytest.mark.parametrize("linked", [False, True])
def test_what_is_no_regular_file_is_refused(tmp_path: Path, kind: str, linked: bool) -> None:
    """A folder, pipe or device is neither written to nor replaced, by its name or through a link."""
    path = tmp_path / "x"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path = Path(os.devnull)
    else:
        path.symlink_to(path)
    asked = path
    if linked:
        asked = tmp_path / "link"
        asked.symlink_to(path)
    before = asked.lstat()[:7]  # all but times: to look at a link is to read it
    with pytest.raises(StoreError, match=r"no regular file|a link to itself"), open_whole(asked):
        pass
    assert asked.lstat()[:7] == before
    assert not list(tmp_path.glob(".*"))


def test_a_file_is_sealed_whole_before_it_appears(tmp_path: Path) -> None:
    """Who seals it finds all its bytes, and what was there before still under its name."""
    path = tmp_path / "a.txt"
    path.write_text("old")
    with open_whole(path, seal=lambda draft: seen.append((draft.read_text(), path.read_text()))) as file:
        seen: list[tuple[str, str]] = []
        file.write("new")
    assert seen == [("new", "old")]
