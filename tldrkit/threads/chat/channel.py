"""A channel cut into threads: where its source says so, else where people fell silent.

The one rule of all chats. A message that the source puts into a thread or topic belongs to that. Of the
others, one that answers an earlier message stays with it; any other begins a new conversation where nothing
was said for six hours, or where the one before began a day ago. Messages without text begin none.
"""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from datetime import datetime, timezone
from itertools import islice
from math import inf
from typing import NamedTuple

from tldrkit.threads.draft import Draft
from tldrkit.threads.json.fields import Fields, is_fields, key_in, list_in, text_in
from tldrkit.threads.thread import Post

SILENCE = 6 * 3600
"""Seconds without a message that end a conversation."""
DAY = 24 * 3600
"""Seconds after which a conversation ends though nobody fell silent."""
_LOOK = 5  # items of a list that tell what it is a list of


class Message(NamedTuple):
    """What a channel holds at one place.

    Args:
        post: Without text where the message has none.
        key: Its id.
        parent: The id of the message it answers.
        topic: What its source calls the thread it is in; the key of a thread's first message is its name.
        unused: Why it is no post: event, deleted, unreadable, elsewhere; empty where it is one.
        missing: Answers to it that exist and are not in the file.
    """

    post: Post
    key: str = ""
    parent: str = ""
    topic: str = ""
    unused: str = ""
    missing: int = 0


class _Group(NamedTuple):
    topic: str
    messages: list[Message]


UNREADABLE = Message(Post(author="", text=""), unused="unreadable")
"""What stands for a message of the wrong type."""


def find_messages(value: object, is_message: Callable[[Fields], bool], *keys: str) -> list[object] | None:
    """Find a list of messages, the value or under one of the keys; None where there is none."""
    lists = [value] if isinstance(value, list) else []
    if is_fields(value):
        lists = [given for key in keys if isinstance(given := value.get(key), list)]
    for given in lists:
        if any(is_fields(item) and is_message(item) for item in islice(given, _LOOK)):
            return given
    return None


def read_messages(items: Iterable[object], read: Callable[[Fields], Message | None]) -> list[Message]:
    """Read each item; what is no object is unreadable, and None is no message."""
    found = [read(item) if is_fields(item) else UNREADABLE for item in items]
    return [message for message in found if message is not None]


def name_people(people: Iterable[object], *names: str, key: str = "id") -> dict[str, str]:
    """Map ids to names: the first that is there under the keys given."""
    return {
        key_in(person, key): name
        for person in people
        if is_fields(person) and (name := text_in(person, *names))
    }


def people_in(fields: Fields, *names: str) -> dict[str, str]:
    """Map the ids of the users that stand beside a list of messages to their names."""
    return name_people(list_in(fields, "users", "members"), *names)


def cut_channel(
    messages: Sequence[Message],
    key: str = "",
    title: str = "",
    topics: Mapping[str, str] | None = None,
    *,
    whole: bool = False,
) -> list[Draft]:
    """Cut a channel into threads, the first begun first.

    Args:
        messages: In any order of time; those without a time stay behind the one before them.
        key: The channel's id.
        title: Of the channel; threads have it that have none of their own.
        topics: Titles of topics by their names.
        whole: The source says that all is one thread.
    """
    ordered = _put_in_order(messages)
    titles = topics or {}
    groups = [_Group("", [one for _, one in ordered])] if whole else _group(ordered, titles)
    drafts = []
    for topic, members in groups:
        first = next((one.key for one in members if one.key), "")
        own = key if len(groups) == 1 else f"{key}-{first}" if key and first else ""
        drafts.append(Draft(own, titles.get(topic) or title))
        for one in members:
            if one.unused:
                drafts[-1].leave_out(one.unused, key=one.key, parent=one.parent)
            else:
                drafts[-1].add(one.post, key=one.key, parent=one.parent)
            drafts[-1].miss(one.missing)
    return drafts


def _put_in_order(messages: Sequence[Message]) -> list[tuple[float, Message]]:
    """Pair messages with their seconds, the oldest first; of equal ones the order given stays."""
    timed = [(_find_seconds(one.post.time), one) for one in messages]
    known = [seconds for seconds, _ in timed if seconds is not None]
    if known and known[0] > known[-1]:
        timed.reverse()
    last = 0.0
    ordered = []
    for seconds, one in timed:
        last = last if seconds is None else seconds
        ordered.append((last, one))
    return sorted(ordered, key=lambda pair: pair[0])


def _find_seconds(time: str) -> float | None:
    try:
        moment = datetime.fromisoformat(time.replace("Z", "+00:00"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, OverflowError):
        return None


def _group(messages: Sequence[tuple[float, Message]], titled: Container[str]) -> list[_Group]:
    """Put messages into the threads their source names, into conversations else."""
    sizes = Counter(one.topic for _, one in messages)
    groups: list[_Group] = []
    by_topic: dict[str, _Group] = {}
    by_key: dict[str, _Group] = {}
    talk = _Group("", [])  # the conversation that goes on; until somebody speaks it is not among the groups
    began = last = -inf
    for seconds, one in messages:
        speaks = not one.unused and one.post.text.strip() != ""
        if one.topic in by_topic:
            group = by_topic[one.topic]
        elif speaks and one.topic and (one.topic in titled or one.topic != one.key or sizes[one.topic] > 1):
            group = by_topic[one.topic] = _Group(one.topic, [])
            groups.append(group)
        elif one.parent in by_key:
            group = by_key[one.parent]
        else:
            if speaks and (seconds - last > SILENCE or seconds - began > DAY):
                talk = talk if began == -inf else _Group("", [])
                groups.append(talk)
                began = seconds
            group = talk
        group.messages.append(one)
        if one.key:
            by_key.setdefault(one.key, group)
        if group is talk and not one.unused:
            last = seconds
    if talk.messages and began == -inf:
        groups[:1] = [_Group(groups[0].topic, talk.messages + groups[0].messages)] if groups else [talk]
    return groups
