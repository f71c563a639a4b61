"""Google Chat: messages.json of a Takeout, and the API's spaces.messages."""

from collections.abc import Sequence
from datetime import datetime

from tldrkit.threads.chat.channel import Message, cut_channel, find_messages, read_messages
from tldrkit.threads.draft import Draft
from tldrkit.threads.json.fields import Fields, fields_in, is_fields, key_in, text_in, time_in
from tldrkit.threads.text.markdown import reduce_markdown
from tldrkit.threads.thread import Post

_FORM = "%A, %B %d, %Y at %I:%M:%S %p %Z"  # Tuesday, June 4, 2024 at 8:00:00 AM UTC


def read_googlechat(value: object) -> list[Draft] | None:
    """Read a space's messages, beside which its `name` may stand; None where it is none."""
    items = find_messages(value, is_google_message, "messages")
    if items is None:
        return None
    messages = read_messages(items, _read_message)
    title = text_in(value, "name") if is_fields(value) else ""
    space = next((one.key for one in messages if one.key), "").removeprefix("spaces/").partition("/")[0]
    return cut_channel(_answer_first(messages), space, title)


def is_google_message(item: Fields) -> bool:
    """Tell a message by the names of its author and time."""
    taken = "creator" in item and "created_date" in item
    return taken or ("createTime" in item and isinstance(item.get("sender"), dict) and "name" in item)


def _answer_first(messages: Sequence[Message]) -> list[Message]:
    """Let the messages of a topic answer its first one, after which the topic is called from then on."""
    first: dict[str, str] = {}
    messages = sorted(messages, key=lambda one: one.post.time)
    for one in messages:
        first.setdefault(one.topic, one.key)
    return [
        one._replace(
            parent=one.parent or ("" if first[one.topic] == one.key else first[one.topic]),
            topic=first[one.topic],
        )
        if one.topic
        else one
        for one in messages
    ]


def _read_message(item: Fields) -> Message:
    key, topic = (
        key_in(item, "message_id", "name"),
        key_in(item, "topic_id") or key_in(fields_in(item, "thread"), "name"),
    )
    gone = (
        item.get("message_state") == "DELETED"
        or item.get("deletion_metadata")
        or item.get("deletionMetadata")
    )
    author = fields_in(item, "creator") or fields_in(item, "sender")
    quoted = fields_in(item, "quoted_message_metadata", "message_id") or fields_in(
        item, "quotedMessageMetadata"
    )
    return Message(
        Post(
            author=text_in(author, "name", "displayName")
            if "creator" in item
            else text_in(author, "displayName"),
            text=reduce_markdown(text_in(item, "text", "formattedText")),
            time=_render(text_in(item, "created_date")) or time_in(item, "createTime"),
        ),
        key=key,
        parent=key_in(quoted, "name"),
        topic=topic,
        unused="deleted" if gone else "",
    )


def _render(date: str) -> str:
    """Render a Takeout's written date as ISO 8601; another stays."""
    try:
        return datetime.strptime(" ".join(date.split()), _FORM).strftime("%Y-%m-%dT%H:%M:%SZ") if date else ""
    except ValueError:
        return date
