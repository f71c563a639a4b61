from pathlib import Path

import pytest

from tldrkit.errors import StoreError
from tldrkit.steps.outputs import open_whole


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
