"""Microsoft Teams: Graph's chatMessage, of a chat or of a channel with its replies.

An administrator's export has the same fields, their names with a capital.
"""

import re

from tldrkit.threads.chat.channel import Message, cut_channel, find_messages
from tldrkit.threads.draft import Draft
from tldrkit.threads.html.markup import render_html
from tldrkit.threads.json.fields import Fields, fields_in, is_fields, key_in, list_in, text_in, time_in
from tldrkit.threads.text.markdown import reduce_markdown
from tldrkit.threads.thread import Post

_OWN_TAGS = re.compile(r"</?(?:at|attachment|systemEventMessage)\b[^<>]{0,300}>", re.IGNORECASE)
_EMOJI = re.compile(r"<emoji\b[^<>]{0,300}\balt=\"([^\"<>]{1,20})\"[^<>]{0,300}>(?:</emoji>)?", re.IGNORECASE)


def read_teams(value: object) -> list[Draft] | None:
    """Read messages; None where it is none. A message with a subject, or with replies, begins a thread."""
    items = find_messages(value, is_teams_message, "value", "messages")
    if items is None and is_fields(value) and is_teams_message(value):
        items = [value]
    if items is None:
        return None
    if any(is_fields(item) and "MessageType" in item for item in items):
        items = [_lower_names(item) for item in items]
    messages: list[Message] = []
    topics: dict[str, str] = {}
    waiting = [(item, "") for item in reversed(items)]
    while waiting:
        item, above = waiting.pop()
        if not is_fields(item):
            messages.append(Message(Post(author="", text=""), parent=above, topic=above, unused="unreadable"))
            continue
        key = key_in(item, "id")
        if subject := text_in(item, "subject"):
            topics.setdefault(key_in(item, "replyToId") or key, subject)
        messages.append(_read_message(item, key, key_in(item, "replyToId") or above))
        waiting += [(one, key) for one in reversed(list_in(item, "replies"))]
    first = next(filter(is_fields, items), {})
    place = key_in(fields_in(first, "channelIdentity"), "channelId") or key_in(first, "chatId")
    return cut_channel(messages, place, "", topics)


def is_teams_message(item: Fields) -> bool:
    """Tell a message by its kind."""
    told = "messageType" in item and ("body" in item or "createdDateTime" in item)
    return told or ("MessageType" in item and "CreatedDateTime" in item)


def _lower_names(value: object, depth: int = 6) -> object:
    """Write the names of an object's fields, and of those in it, as Graph does."""
    if is_fields(value) and depth:
        return {key[:1].lower() + key[1:]: _lower_names(inner, depth - 1) for key, inner in value.items()}
    return [_lower_names(inner, depth - 1) for inner in value] if isinstance(value, list) and depth else value


def _read_message(item: Fields, key: str, parent: str) -> Message:
    author, body = fields_in(item, "from"), fields_in(item, "body")
    unused = "" if item.get("messageType") == "message" else "event"
    quoted = [
        key_in(one, "id") for one in list_in(item, "attachments") if is_fields(one) and _is_reference(one)
    ]
    return Message(
        Post(
            author=text_in(fields_in(author, "user") or fields_in(author, "application"), "displayName"),
            text=_text(body),
            time=time_in(item, "createdDateTime"),
        ),
        key=key,
        parent=parent or next(iter(quoted), ""),
        topic=parent or key,
        unused="deleted" if item.get("deletedDateTime") else unused,
    )


def _is_reference(attachment: Fields) -> bool:
    return attachment.get("contentType") == "messageReference"


def _text(body: Fields) -> str:
    content = text_in(body, "content")
    if body.get("contentType") != "html":
        return reduce_markdown(content)
    return render_html(_OWN_TAGS.sub("", _EMOJI.sub(r"\1", content)))
