import json
from pathlib import Path

import pytest

from tldrkit.threads import Thread, read_threads
from tldrkit.threads.json.discourse import read_discourse
from tldrkit.threads.json.general import read_general
from tldrkit.threads.json.github import read_github
from tldrkit.threads.json.hackernews import read_hackernews
from tldrkit.threads.json.lemmy import read_lemmy
from tldrkit.threads.json.reddit import read_reddit
from tldrkit.threads.json.stackexchange import read_stackexchange

PATHS = sorted((Path(__file__).parents[2] / "examples/threads").glob("*"))
READERS = {
    "discourse": read_discourse,
    "forums": read_general,
    "github": read_github,
    "hackernews": read_hackernews,
    "lemmy": read_lemmy,
    "reddit": read_reddit,
    "stackexchange": read_stackexchange,
}
TEXTS = {"markdown", "mbox", "text"}


def shape(path: Path) -> str:
    return path.name.partition("-")[0]


def read_one(path: Path) -> Thread:
    (thread,) = read_threads(path)
    assert isinstance(thread, Thread), thread
    return thread


@pytest.mark.parametrize("path", PATHS, ids=shape)
def test_every_example_is_one_whole_thread(path: Path) -> None:
    """Each file is one thread, all of its posts are used, and each has an author and a text."""
    thread = read_one(path)

    assert thread.posts_read == len(thread.posts)
    assert thread.not_loaded == 0
    assert all(post.text.strip() for post in thread.posts)
    if shape(path) == "text":  # a conversation in plain text is one post
        assert (thread.title, len(thread.posts)) == ("", 1)
    else:
        assert thread.title
        assert len(thread.posts) >= 3
        assert all(post.author for post in thread.posts)


def test_the_examples_are_of_different_shapes() -> None:
    """There are ten files, and no two of them say that they have the same shape."""
    assert sorted(map(shape, PATHS)) == sorted(READERS.keys() | TEXTS)


@pytest.mark.parametrize("path", [path for path in PATHS if shape(path) in READERS], ids=shape)
def test_json_examples_have_the_shape_they_say(path: Path) -> None:
    """A file's name says its shape: that shape's reader gives the same thread by itself."""
    drafts = READERS[shape(path)](json.loads(path.read_bytes()))

    assert drafts is not None
    assert [draft.seal(path.stem) for draft in drafts] == [read_one(path)]
