"""Mattermost: the API's posts with their order, and a bulk export, whose lines are read together."""

import re
from collections.abc import Mapping

from tldrkit.threads.chat.channel import Message, cut_channel, find_messages, people_in, read_messages
from tldrkit.threads.draft import Draft
from tldrkit.threads.json.fields import (
    Fields,
    count_in,
    fields_in,
    is_fields,
    key_in,
    list_in,
    text_in,
    time_in,
)
from tldrkit.threads.text.markdown import reduce_markdown
from tldrkit.threads.thread import Post

_LINES = ("post", "direct_post")
_KINDS = (*_LINES, "team", "channel", "user", "direct_channel", "scheme", "role", "emoji", "bot")
_NOTICE = re.compile(
    r"@?[\w.-]{1,64} (?:(?:has )?(?:joined|left) the (?:channel|team)"
    r"|(?:was |has been )?(?:added to|removed from) the (?:channel|team)(?: by @?[\w.-]{1,64})?)\.?"
)
"""What the program writes in English; a bulk export does not tell it from what people write."""


def read_mattermost(value: object) -> list[Draft] | None:
    """Read the posts of the API, or the lines of a bulk export; None where it is neither."""
    if is_fields(value) and isinstance(value.get("order"), list) and isinstance(value.get("posts"), dict):
        return _read_posts(value, list(fields_in(value, "posts").values()))
    items = find_messages(value, is_mattermost_post)
    if items is not None:
        return _read_posts({}, items)
    lines = value if isinstance(value, list) else [value]
    return _read_lines(lines) if lines and is_fields(lines[0]) and is_bulk_line(lines[0]) else None


def is_bulk_line(item: Fields) -> bool:
    """Tell a line of a bulk export: what it says of itself stands under its type."""
    kind = text_in(item, "type")
    if kind == "version":
        return isinstance(item.get("version"), int)
    return kind in _KINDS and isinstance(item.get(kind), dict)


def is_mattermost_post(item: Fields) -> bool:
    """Tell a post of the API by the names of its time and author."""
    return "create_at" in item and "message" in item and "user_id" in item


def _read_posts(value: Fields, posts: list[object]) -> list[Draft]:
    people = people_in(value, "username", "nickname")
    first = next(filter(is_fields, posts), {})
    messages = read_messages(posts, lambda post: _read_post(post, people))
    return cut_channel(messages, key_in(first, "channel_id"), text_in(value, "channel", "channel_name"))


def _read_post(post: Fields, people: Mapping[str, str]) -> Message:
    key, root = key_in(post, "id"), key_in(post, "root_id")
    props = fields_in(post, "props")
    boxes = [text_in(one, "text", "fallback") for one in filter(is_fields, list_in(props, "attachments"))]
    unused = "event" if text_in(post, "type").startswith("system_") else ""
    return Message(
        Post(
            author=text_in(props, "override_username") or people.get(key_in(post, "user_id"), ""),
            text=reduce_markdown(text_in(post, "message") or "\n".join(boxes)),
            time=time_in(post, "create_at"),
        ),
        key=key,
        parent=root,
        topic=root or key,
        unused="deleted" if count_in(post, "delete_at") else unused,
    )


def _read_lines(lines: list[object]) -> list[Draft]:
    """Read the posts of a bulk export, channel by channel; what else it holds is no message."""
    channels: dict[str, list[Message]] = {}
    titles: dict[str, str] = {}
    for number, line in enumerate(lines):
        kind = text_in(line, "type") if is_fields(line) else ""
        if is_fields(line) and kind == "channel":
            about = fields_in(line, "channel")
            titles[text_in(about, "name")] = text_in(about, "display_name")
        if not is_fields(line) or kind not in _LINES:
            continue
        post = fields_in(line, kind)
        members = ", ".join(map(str, list_in(post, "channel_members")))
        messages = channels.setdefault(text_in(post, "channel") or members, [])
        key = f"{number}"
        messages.append(_read_line(post, key, "", key))
        for answer in list_in(post, "replies"):
            messages.append(_read_line(answer if is_fields(answer) else {}, "", key, key))
    return [
        draft
        for name, messages in channels.items()
        for draft in cut_channel(messages, name, titles.get(name) or name)
    ]


def _read_line(post: Fields, key: str, parent: str, topic: str) -> Message:
    told = text_in(post, "type").startswith("system_") or _NOTICE.fullmatch(text_in(post, "message"))
    return Message(
        Post(
            author=text_in(post, "user"),
            text=reduce_markdown(text_in(post, "message")),
            time=time_in(post, "create_at"),
        ),
        key=key,
        parent=parent,
        topic=topic,
        unused="event" if told else "",
    )
