import json
from pathlib import Path
from typing import Any

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


def slack(ts: float, user: str, text: str, **fields: object) -> dict[str, Any]:
    return {"type": "message", "ts": f"{ts:.6f}", "user": user, "text": text, **fields}


USERS = [
    {"id": "U1", "name": "ann", "profile": {"display_name": "Annie", "real_name": "Ann Bell"}},
    {
        "id": "U2",
        "name": "bo",
        "real_name": "Bo Lund",
        "profile": {"display_name": "", "real_name": "Bo Lund"},
    },
]
HOUR, NOON = 3600, 1600000000


def test_a_slack_export_has_names_from_the_folder_above(tmp_path: Path) -> None:
    """A day of a channel is read with users.json and channels.json of its export, under its folder's name."""
    (tmp_path / "users.json").write_text(json.dumps(USERS))
    (tmp_path / "channels.json").write_text(
        json.dumps([{"id": "C1", "name": "tools", "members": [], "created": 1}])
    )
    text = "<@U2> &amp; <!here>: *see* <#C1> `a_b_ &lt;c&gt;`, <https://x.y|the _plan_> "
    text += "or <https://x.y/z_q_r> &gt; :tada:"
    thread = read_one(tmp_path, [slack(NOON, "U1", text)], "wheels/2020-09-13.json")

    assert (thread.id, thread.title) == ("wheels-2020-09-13", "wheels")
    assert said(thread) == [
        ("Annie", "@bo & @here: see #tools a_b_ <c>, the plan or https://x.y/z_q_r > 🎉", None)
    ]


def test_a_slack_thread_goes_on_over_days(tmp_path: Path) -> None:
    """Answers of a later day are read with their thread, and counted as elsewhere on their own day."""
    root, late, other = f"{NOON:.6f}", NOON + 40 * HOUR, slack(NOON + 41 * HOUR, "U2", "Lunch?")
    answer = slack(late, "U2", "Patch it.", thread_ts=root)
    first = slack(
        NOON, "U1", "Flat.", thread_ts=root, reply_count=2, replies=[{"user": "U2", "ts": answer["ts"]}]
    )
    read(tmp_path, [answer, other], "wheels/2020-09-15.json")
    begun = read_one(tmp_path, [first], "wheels/2020-09-13.json")
    went_on = read_one(tmp_path, [answer, other], "wheels/2020-09-15.json")

    assert said(begun) == [("", "Flat.", None), ("", "Patch it.", 0)]
    assert begun.not_loaded == 1
    assert said(went_on) == [("", "Lunch?", None)]
    assert went_on.unused == {"elsewhere": 1}


def test_slack_messages_that_change_are_read_as_they_end(tmp_path: Path) -> None:
    """An edit stands in its message's place; what was deleted is counted so."""
    gone = slack(NOON + 9, "U2", "Oops.")
    items = [
        slack(NOON, "U1", "Flatt."),
        gone,
        {
            "type": "message",
            "subtype": "message_changed",
            "ts": f"{NOON + 10}.1",
            "message": slack(NOON, "U1", "Flat."),
        },
        slack(NOON + 11, "", "", subtype="message_deleted", deleted_ts=gone["ts"]),
    ]
    thread = read_one(tmp_path, items)
    assert said(thread) == [("", "Flat.", None)]
    assert thread.unused == {"deleted": 1}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (USERS, "users of Slack"),
        ([{"id": "C1", "name": "tools", "created": 1, "members": ["U1"]}], "channels of Slack"),
        ([{"service_id": "1", "change_type": "added", "date": "1"}], "Slack's log"),
        ({"name": "Wheels", "members": [{"name": "ann", "email": "ann@x.org"}]}, "Google Chat"),
    ],
)
def test_files_beside_messages_say_what_they_are(tmp_path: Path, value: object, words: str) -> None:
    """What an export keeps beside its messages is refused in one sentence that names it."""
    (broken,) = read(tmp_path, value)
    assert isinstance(broken, BrokenThread)
    assert words in broken.reason


def chat(*times: int, **fields: Any) -> dict[str, Any]:  # noqa: ANN401  (decoded JSON)
    messages = [
        {
            "id": place + 1,
            "type": "message",
            "date": "x",
            "date_unixtime": str(NOON + time),
            "from": "ann",
            "text": "a",
        }
        | fields.get(f"m{place + 1}", {})
        for place, time in enumerate(times)
    ]
    return {"name": "Wheels", "type": "private_group", "id": 7, "messages": messages}


def sizes(found: list[Thread | BrokenThread]) -> list[int]:
    return [len(said(thread)) for thread in found]


def test_six_hours_of_silence_end_a_conversation(tmp_path: Path) -> None:
    """A channel is cut where nothing was said for more than six hours; its threads have own ids."""
    found = read(tmp_path, chat(0, 6 * HOUR, 12 * HOUR + 1, 13 * HOUR))
    assert sizes(found) == [2, 2]
    assert [thread.id for thread in found] == ["7-1", "7-3"]
    assert {thread.title for thread in found if isinstance(thread, Thread)} == {"Wheels"}


def test_a_day_ends_a_conversation(tmp_path: Path) -> None:
    """Where nobody falls silent, a conversation ends a day after it began."""
    assert sizes(read(tmp_path, chat(*range(0, 48 * HOUR + 1, 5 * HOUR)))) == [5, 5]


def test_an_answer_stays_with_what_it_answers(tmp_path: Path) -> None:
    """However late an answer is, it belongs to the conversation of the message it answers."""
    found = read(tmp_path, chat(0, 10 * HOUR, 30 * HOUR, m3={"reply_to_message_id": 1}))
    assert [said(thread) for thread in found] == [[("ann", "a", None), ("ann", "a", 0)], [("ann", "a", None)]]


def test_what_is_no_post_begins_no_conversation(tmp_path: Path) -> None:
    """Events and pictures are counted in the conversation round them, and none is made of them alone."""
    found = read(tmp_path, chat(0, 9 * HOUR, 20 * HOUR, m1={"type": "service"}, m3={"text": ""}))
    assert sizes(found) == [1]
    assert found[0].unused == {"event": 1, "empty": 1}  # type: ignore[union-attr]


def test_messages_are_put_in_order_of_time(tmp_path: Path) -> None:
    """Of a list that begins with the newest, messages of one second keep their order turned round."""
    value = json.loads(CHATS["messenger"])
    value["messages"] = [
        {"sender_name": "bo", "timestamp_ms": NOON * 1000 + 2, "content": "b"},
        {"sender_name": "ann", "timestamp_ms": NOON * 1000 + 1, "content": "a"},
        {"sender_name": "ann", "timestamp_ms": NOON * 1000 - 5000, "content": "first"},
    ]
    assert [text for _, text, _ in said(read_one(tmp_path, value))] == ["first", "a", "b"]
