from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tldrkit.errors import DataError
from tldrkit.threads import find_thread_files, finding
from tldrkit.threads.finding import sort_names


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ["b.txt", "a/z.txt", "a/.hidden", ".git/x.txt", "a/b/c.txt", "a/z.txt.tldr.jsonl"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    return tmp_path


def find(folder: Path, *paths: str) -> list[str]:
    return [str(path.relative_to(folder)) for path in find_thread_files([folder / path for path in paths])]


def test_folders_are_walked_in_order(folder: Path) -> None:
    """Files are found as given, folders walked in name order; hidden entries and summaries are skipped."""
    assert find(folder, "b.txt", ".") == ["b.txt", "b.txt", "a/z.txt", "a/b/c.txt"]


def test_patterns_are_matched_in_order(folder: Path) -> None:
    """A pattern is what it matches, ** folders in folders; a name that looks like a pattern is a name."""
    (folder / "[a].txt").write_text("x")
    assert find(folder, "**/*.txt") == ["[a].txt", "a/b/c.txt", "a/z.txt", "b.txt"]
    assert find(folder, "[a].txt") == ["[a].txt"]


@pytest.mark.parametrize("path", ["gone", "gone/*.txt", "*.csv"])
def test_what_is_not_there_is_refused(folder: Path, path: str) -> None:
    """A path that does not exist, or a pattern that matches nothing, is a DataError that names it."""
    with pytest.raises(DataError, match=path.replace("*", r"\*")):
        find(folder, path)


def test_a_link_to_a_folder_is_not_followed(folder: Path) -> None:
    """A folder that holds itself ends; a link to a file is a file."""
    (folder / "a/again").symlink_to(folder)
    (folder / "c.txt").symlink_to(folder / "b.txt")
    assert find(folder, ".") == ["b.txt", "c.txt", "a/z.txt", "a/b/c.txt"]


@given(names=st.lists(st.text(max_size=4), max_size=30), run=st.integers(1, 7))
def test_many_names_are_sorted_in_parts(names: list[str], run: int) -> None:
    """Names sorted in temporary files come out as if sorted in memory, whatever characters they hold."""
    before = finding._RUN
    finding._RUN = run
    try:
        assert list(sort_names(names)) == sorted(names)
    finally:
        finding._RUN = before
