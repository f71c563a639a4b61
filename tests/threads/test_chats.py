import json
from pathlib import Path

import pytest

from tests.threads.sample_chats import CHATS, ISO, TRACKERS
from tests.threads.samples import ASK, PATCH, THANKS, TITLE
from tldrkit.threads import BrokenThread, Thread, read_threads

SHAPES = CHATS | TRACKERS


def read(tmp_path: Path, data: object, name: str = "file.dat") -> list[Thread | BrokenThread]:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
    return list(read_threads(path))


def read_one(tmp_path: Path, data: object, name: str = "file.dat") -> Thread:
    (thread,) = read(tmp_path, data, name)
    assert isinstance(thread, Thread), thread
    return thread


def said(thread: Thread | BrokenThread) -> list[tuple[str, str, int | None]]:
    assert isinstance(thread, Thread), thread
    return [(post.author, post.text, post.reply_to) for post in thread.posts]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_chat_gives_the_same_thread(tmp_path: Path, shape: str) -> None:
    """From every program's file come the names, the texts as people read them, and the oldest first."""
    thread = read_one(tmp_path, SHAPES[shape])

    assert [(post.author, post.text) for post in thread.posts] == [
        ("ann", ASK),
        ("bo", PATCH),
        ("ann", THANKS),
    ]
    assert thread.posts[0].reply_to is None
    assert set(thread.unused) <= {"event", "empty"}


@pytest.mark.parametrize("shape", SHAPES)
def test_times_are_iso(tmp_path: Path, shape: str) -> None:
    """However a program writes its times, they become ISO 8601."""
    times = [post.time for post in read_one(tmp_path, SHAPES[shape]).posts]
    assert [time.replace("+00:00", "Z") for time in times] == list(ISO)


FLAT = {"messenger", "zulip"}
ROOTED = {
    "slack",
    "slack api",
    "mattermost",
    "mattermost bulk",
    "rocketchat",
    "gitter",
    "googlechat",
    "teams",
    "youtube",
}
ROOTED |= {"gitlab", "jira", "phabricator"}


@pytest.mark.parametrize("shape", sorted(set(SHAPES) - FLAT))
def test_answers_name_what_they_answer(tmp_path: Path, shape: str) -> None:
    """`reply_to` is the message answered; where a source knows threads alone, the thread's first."""
    answered = [post.reply_to for post in read_one(tmp_path, SHAPES[shape]).posts]
    assert answered == ([None, 0, 0] if shape in ROOTED else [None, 0, 1])


UNTITLED = {"slack", "slack api", "discord api", "matrix api", "gitter", "googlechat", "mastodon", "bluesky"}
UNTITLED |= {"youtube", "twitter"}


@pytest.mark.parametrize("shape", sorted(set(SHAPES) - UNTITLED))
def test_a_channel_names_its_thread(tmp_path: Path, shape: str) -> None:
    """The title is that of the topic, channel, video or bug."""
    assert read_one(tmp_path, SHAPES[shape]).title == TITLE


WITH_EVENT = ["telegram", "slack", "discord export", "discord api", "messenger", "mattermost", "matrix"]


@pytest.mark.parametrize("shape", [*WITH_EVENT, "rocketchat", "teams", "gitlab", "bugzilla", "phabricator"])
def test_events_are_counted(tmp_path: Path, shape: str) -> None:
    """Who joined, what was renamed, and other changes are no posts; they are counted."""
    assert read_one(tmp_path, SHAPES[shape]).unused["event"] == 1


@pytest.mark.parametrize("shape", ["mastodon", "bluesky", "youtube", "twitter"])
def test_likes_are_votes(tmp_path: Path, shape: str) -> None:
    """Where a program counts likes of posts, they are the votes."""
    assert read_one(tmp_path, SHAPES[shape]).posts[0].votes == 3


LINED = ["telegram", "slack", "discord export", "zulip", "matrix", "gitter", "googlechat", "rocketchat"]


@pytest.mark.parametrize("shape", LINED)
def test_messages_a_line_each_are_read_together(tmp_path: Path, shape: str) -> None:
    """JSON lines of single messages are one channel, a line that is none is broken by itself."""
    value = json.loads(CHATS[shape])
    lines = [json.dumps(one) for one in (value if isinstance(value, list) else value["messages"])]
    broken, thread = read(tmp_path, "\n".join([lines[0], "{no json", *lines[1:]]).encode())

    assert isinstance(broken, BrokenThread)
    assert broken.line == 2
    assert [text for _, text, _ in said(thread)] == [ASK, PATCH, THANKS]
