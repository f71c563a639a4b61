import json
from pathlib import Path
from typing import Any

import pytest

from tests.threads import samples
from tests.threads.samples import ASK, PATCH, SAMPLES, THANKS, TITLE
from tldrkit.errors import DataError
from tldrkit.threads import BrokenThread, Thread, build_thread, read_threads

WHOLE = sorted(set(SAMPLES) - {"stackexchange", "github comments", "github webhook", "discourse posts"})


def read(tmp_path: Path, data: object) -> list[Thread | BrokenThread]:
    path = tmp_path / "file.dat"
    path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
    return list(read_threads(path))


def read_one(tmp_path: Path, data: object) -> Thread:
    (thread,) = read(tmp_path, data)
    assert isinstance(thread, Thread), thread
    return thread


@pytest.mark.parametrize("shape", WHOLE)
def test_every_shape_gives_the_same_thread(tmp_path: Path, shape: str) -> None:
    """Title, authors, texts without markup and the order of reading come out the same from every shape."""
    thread = read_one(tmp_path, SAMPLES[shape])

    assert thread.title == TITLE
    assert [post.author.lower() for post in thread.posts] == ["ann", "bo", "ann"]
    assert [post.text for post in thread.posts] == [ASK, PATCH, THANKS]


TREES = [
    "plain",
    "forums",
    "discourse",
    "hackernews",
    "hackernews firebase",
    "github graphql",
    "lemmy",
    "lobsters",
]


@pytest.mark.parametrize("shape", [*TREES, "mbox"])
def test_every_tree_says_who_answers_whom(tmp_path: Path, shape: str) -> None:
    """`reply_to` is the place, from 0, of the post that is answered."""
    assert [post.reply_to for post in read_one(tmp_path, SAMPLES[shape]).posts] == [None, 0, 1]


@pytest.mark.parametrize("shape", ["reddit", "stackexchange", "hackernews", "hackernews firebase"])
def test_seconds_since_1970_become_iso(tmp_path: Path, shape: str) -> None:
    """A number of seconds is written as ISO 8601 in UTC."""
    assert read_one(tmp_path, SAMPLES[shape]).posts[0].time == "2020-09-13T12:26:40Z"


@pytest.mark.parametrize(
    ("shape", "votes"),
    [
        *[("reddit", 9), ("discourse", 4), ("stackexchange", 2), ("hackernews", 6), ("lemmy", 5)],
        *[("lobsters", 5), ("forums", 2), ("github graphql", 2), ("mbox", None)],
    ],
)
def test_votes_are_read(tmp_path: Path, shape: str, votes: int | None) -> None:
    """Points, likes and scores are votes; a shape without them has None."""
    assert read_one(tmp_path, SAMPLES[shape]).posts[0].votes == votes


def test_a_deleted_reddit_comment_is_counted_and_its_answers_stay(tmp_path: Path) -> None:
    """A deleted comment is unused, what answers it answers its parent, and "more" stubs are not loaded."""
    thread = read_one(tmp_path, SAMPLES["reddit"])

    assert [post.reply_to for post in thread.posts] == [None, 0, 1]
    assert (thread.unused, thread.not_loaded, thread.posts_read) == ({"deleted": 1}, 7, 4)


def test_a_deleted_author_keeps_the_text(tmp_path: Path) -> None:
    """A comment whose author has gone is used, without a name."""
    comment = samples.reddit_comment("a", "[deleted]", "Still here.", "t3_p", [])
    thread = read_one(tmp_path, [samples.listing([samples.SUBMISSION]), samples.listing([comment])])

    assert [(post.author, post.text) for post in thread.posts][1] == ("", "Still here.")


def test_a_link_post_has_its_link_as_text(tmp_path: Path) -> None:
    """A submission without text is the link it shares."""
    data = {"id": "p", "title": "t", "selftext": "", "url": "http://x.y/z", "author": "ann"}
    assert (
        read_one(tmp_path, [samples.listing([{"kind": "t3", "data": data}])]).posts[0].text == "http://x.y/z"
    )


def test_answers_stand_by_worth_with_their_comments(tmp_path: Path) -> None:
    """A question is followed by the accepted answer and its comments, then by the others by votes."""
    thread = read_one(tmp_path, SAMPLES["stackexchange"])

    assert [post.author for post in thread.posts] == ["ann", "bo", "ann", "cy"]
    assert [post.reply_to for post in thread.posts] == [None, 0, 1, 0]


def test_discourse_counts_what_is_not_loaded(tmp_path: Path) -> None:
    """A topic of four posts that holds three says that one is not loaded; deleted ones are not used."""
    topic = json.loads(SAMPLES["discourse"])
    topic["post_stream"]["posts"][1]["user_deleted"] = True
    thread = read_one(tmp_path, topic)

    assert (thread.unused, thread.not_loaded) == ({"deleted": 1}, 1)
    assert [post.reply_to for post in thread.posts] == [None, 0]


def test_posts_without_their_topic_are_a_thread_without_title(tmp_path: Path) -> None:
    """Discourse posts and GitHub comments alone are read, named after what they belong to."""
    posts, comments = (read_one(tmp_path, SAMPLES[name]) for name in ("discourse posts", "github comments"))

    assert (posts.id, posts.title, len(posts.posts)) == ("5", "", 3)
    assert (comments.id, comments.title, len(comments.posts)) == ("4", "", 2)


def test_a_webhook_says_what_it_lacks(tmp_path: Path) -> None:
    """A payload is its issue and one comment; the other comments are not loaded."""
    thread = read_one(tmp_path, SAMPLES["github webhook"])
    assert (len(thread.posts), thread.not_loaded, thread.posts[1].reply_to) == (2, 1, 0)


@pytest.mark.parametrize(
    "shape", ["forums", "discourse", "reddit", "hackernews", "github graphql", "lobsters"]
)
def test_lists_and_lines_hold_many_threads(tmp_path: Path, shape: str) -> None:
    """A JSON array, a wrapper and JSON lines of any shape give a thread for each."""
    value = json.loads(SAMPLES[shape])
    many = [value, {"title": "no thread"}, value]
    wrapped = {"data": many}
    lines = b"\n".join(json.dumps(one).encode() for one in many)
    for data in (many, wrapped, lines):
        first, broken, last = read(tmp_path, data)
        assert isinstance(first, Thread)
        assert isinstance(last, Thread)
        assert isinstance(broken, BrokenThread)
        assert first.posts == last.posts


def strip(value: Any, keys: set[str]) -> Any:  # noqa: ANN401  (decoded JSON)
    if isinstance(value, dict):
        return {key: None if key in keys else strip(inner, keys) for key, inner in value.items()}
    return [strip(inner, keys) for inner in value] if isinstance(value, list) else value


OPTIONAL = {
    "score",
    "votes",
    "points",
    "created_at",
    "created_utc",
    "createdAt",
    "created_at_i",
    "time",
    "owner",
}
OPTIONAL |= {"author", "by", "user", "creator", "username", "id", "short_id", "counts", "comment_count"}
JSON_SHAPES = sorted(name for name in WHOLE if SAMPLES[name].startswith((b"{", b"[")))


@pytest.mark.parametrize(
    "shape", [name for name in JSON_SHAPES if not name.startswith(("lemmy", "hackernews"))]
)
def test_null_fields_lose_no_text(tmp_path: Path, shape: str) -> None:
    """Where authors, times, votes and ids are null, the texts are still read."""
    thread = read_one(tmp_path, strip(json.loads(SAMPLES[shape]), OPTIONAL))
    assert {ASK, PATCH, THANKS} <= {post.text for post in thread.posts}


def test_an_unreadable_post_leaves_the_others(tmp_path: Path) -> None:
    """A post of the wrong type is counted, and the thread read without it."""
    thread = read_one(tmp_path, {"posts": [{"text": "One."}, 7, {"text": 3}, {"author": "a"}]})
    assert (len(thread.posts), thread.unused, thread.posts_read) == (1, {"unreadable": 3}, 4)


def test_deep_trees_are_read_or_refused(tmp_path: Path) -> None:
    """Answers nested deeper than JSON can be decoded are refused with a sentence, shallower ones read."""
    item: dict[str, Any] = {"id": 0, "type": "comment", "text": "end", "children": []}
    for number in range(1, 200):
        item = {"id": number, "type": "comment", "text": "on", "children": [item]}
    assert len(read_one(tmp_path, item).posts) == 200

    (broken,) = read(tmp_path, b'{"type": "story", "children": [' * 100_000)
    assert isinstance(broken, BrokenThread)
    assert "nested too deeply" in broken.reason or "no JSON" in broken.reason


def test_build_thread_wants_one_thread() -> None:
    """A decoded value of one thread is built; several, and none, are refused."""
    value = json.loads(SAMPLES["forums"])
    assert build_thread(value, "x").title == TITLE
    for wrong, sentence in (([value, value], "2 threads"), ({"a": 1}, "unknown shape"), (7, "whole number")):
        with pytest.raises(DataError, match=sentence):
            build_thread(wrong, "x")


@pytest.mark.parametrize(
    "key", ["data", "repository", "comments", "children", "replies", "items", "post_stream"]
)
@pytest.mark.parametrize("depth", [200, 450])
def test_wrappers_in_wrappers_are_refused(tmp_path: Path, key: str, depth: int) -> None:
    """What is wrapped hundreds of times over is no thread, and no exception."""
    (found,) = read(tmp_path, (f'{{"{key}":' * depth + "1" + "}" * depth).encode())
    assert isinstance(found, BrokenThread)
