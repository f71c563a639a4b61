import glob
import os
import socket
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tldrkit.errors import DataError
from tldrkit.threads import BrokenThread, find_thread_files, finding, read_threads
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


def test_a_link_to_a_folder_is_found_and_not_followed(folder: Path) -> None:
    """A folder that holds itself ends, and is yielded to be told of; a link to a file is a file."""
    (folder / "a/again").symlink_to(folder)
    (folder / "c.txt").symlink_to(folder / "b.txt")
    assert find(folder, ".") == ["b.txt", "c.txt", "a/again", "a/z.txt", "a/b/c.txt"]
    assert find(folder, "**/*.txt") == ["a/again", "a/b/c.txt", "a/z.txt", "b.txt", "c.txt"]


def test_a_link_that_is_named_is_followed(folder: Path) -> None:
    """A path, and each part of a pattern but ``**``, reaches into linked folders."""
    (folder / "a/b/link").symlink_to(folder / "a")
    assert find(folder, "a/b/link") == ["a/b/link/z.txt", "a/b/link/b/c.txt", "a/b/link/b/link"]
    assert find(folder, "a/b/*/*.txt") == ["a/b/link/z.txt"]
    assert find(folder, "a/b/l*/b/*") == ["a/b/link/b/c.txt"]


def test_links_in_circles_end(folder: Path) -> None:
    """Many links to the folders above them cost no more than themselves, in a folder or by a pattern."""
    for number in range(12):
        (folder / f"a/b/{number:02}").symlink_to(folder)
    links = [f"a/b/{number:02}" for number in range(12)]
    assert find(folder, ".") == ["b.txt", "a/z.txt", *links, "a/b/c.txt"]
    assert find(folder, "**/c*") == [*links, "a/b/c.txt"]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("loop", "a link to itself"),
        ("dangling", "a link to nothing"),
        ("pipe", "a named pipe"),
        ("socket", "a socket"),
        ("device", "a device"),
        ("linked", "a linked folder"),
    ],
)
@pytest.mark.parametrize("path", ["x", "x/*", "x/**", "**/entry*"])
def test_what_is_no_file_is_said(tmp_path: Path, kind: str, reason: str, path: str) -> None:
    """A link, pipe, socket or device where a file is looked for is read as a reason, and nothing waits."""
    (tmp_path / "x").mkdir()
    (tmp_path / "x/a.txt").write_text("It is flat.")
    place = tmp_path / "x/entry"
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(place)[-100:] if len(str(place)) < 100 else os.path.relpath(place))
    else:
        targets = {"loop": place, "dangling": tmp_path / "gone", "device": "/dev/zero", "linked": tmp_path}
        place.symlink_to(targets[kind])
    if path == "x/*" and kind == "linked":
        assert find(tmp_path, path) == ["x/a.txt"]  # a folder, which the pattern does not ask for
        return
    assert [name for name in find(tmp_path, path) if name != "x/a.txt"] == ["x/entry"]
    (found,) = read_threads(place)
    assert isinstance(found, BrokenThread)
    assert reason in found.reason


def test_a_named_link_to_nothing_is_an_entry(tmp_path: Path) -> None:
    """What a shell's pattern names with the others does not end the run."""
    (tmp_path / "x").symlink_to(tmp_path / "gone")
    assert find(tmp_path, "x") == ["x"]


@settings(max_examples=60)
@given(
    names=st.lists(st.sampled_from(["a", "b", ".c", "a/b", "b/a/a", "a/.c/b", "b/b.txt"]), unique=True),
    pattern=st.lists(st.sampled_from(["*", "**", "a", "b*", "?", "[ab]", ".c"]), min_size=1, max_size=3),
)
def test_patterns_mean_what_they_mean_elsewhere(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], pattern: list[str]
) -> None:
    """A pattern finds the files that Python's own glob finds, each once."""
    folder = tmp_path_factory.mktemp("x")
    for name in names:
        path = folder / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    asked = "/".join([*pattern, "*"])
    expected = {
        path
        for path in glob.glob(str(folder / asked), recursive=True)  # noqa: PTH207  (what it is held against)
        if os.path.isfile(path) and not os.path.basename(path).startswith(".")  # noqa: PTH113, PTH119
    }
    assert list(map(str, find_thread_files([folder / asked], patient=True))) == sorted(expected)


def test_who_is_patient_waits_for_what_is_not_there(tmp_path: Path) -> None:
    """A pattern that matches nothing, and a path that does not exist, are empty then."""
    assert list(find_thread_files([tmp_path / "*.txt", tmp_path / "gone"], patient=True)) == []


@given(names=st.lists(st.text(max_size=4), max_size=30), run=st.integers(1, 7))
def test_many_names_are_sorted_in_parts(names: list[str], run: int) -> None:
    """Names sorted in temporary files come out as if sorted in memory, whatever characters they hold."""
    before = finding._RUN
    finding._RUN = run
    try:
        assert list(sort_names(names)) == sorted(names)
    finally:
        finding._RUN = before
