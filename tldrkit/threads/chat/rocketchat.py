"""Rocket.Chat: the API's messages of a room."""

import re

from tldrkit.threads.chat.channel import Message, cut_channel, find_messages, read_messages
from tldrkit.threads.draft import Draft
from tldrkit.threads.json.fields import (
    Fields,
    fields_in,
    is_fields,
    key_in,
    list_in,
    text_in,
    time_in,
)
from tldrkit.threads.text.markdown import reduce_markdown
from tldrkit.threads.thread import Post

_ANSWERED = re.compile(
    r"\[ \]\(https?://[^\s()]{1,500}[?&]msg=(\w{1,40})\)\s*"
)  # stands before a quoting text
_REASONS = {"rm": "deleted", "e2e": "unreadable"}


def read_rocketchat(value: object) -> list[Draft] | None:
    """Read messages; None where it is none."""
    items = find_messages(value, is_rocketchat_message, "messages")
    if items is None:
        return None
    about = value if is_fields(value) else {}
    first = next(filter(is_fields, items), {})
    title = text_in(about, "name") or text_in(fields_in(about, "channel"), "name")
    return cut_channel(read_messages(items, _read_message), key_in(first, "rid"), title)


def is_rocketchat_message(item: Fields) -> bool:
    """Tell a message by its room and the short names of its fields."""
    return "msg" in item and isinstance(item.get("u"), dict) and ("ts" in item or "rid" in item)


def _read_message(item: Fields) -> Message:
    key, thread, kind = key_in(item, "_id"), key_in(item, "tmid"), text_in(item, "t")
    text = text_in(item, "msg")
    answered = _ANSWERED.match(text)
    boxes = [one for one in list_in(item, "attachments") if is_fields(one)]
    text = _ANSWERED.sub("", text) or "\n".join(filter(None, [text_in(one, "description") for one in boxes]))
    return Message(
        Post(
            author=text_in(item, "alias") or text_in(fields_in(item, "u"), "username", "name"),
            text=reduce_markdown(text),
            time=time_in({**item, **fields_in(item, "ts")}, "$date", "ts"),
        ),
        key=key,
        parent=answered[1] if answered else thread,
        topic=thread or key,
        unused=_REASONS.get(kind, "event") if kind else "",
    )
