"""Gitter: the API's messages of a room, and archives of them."""

from tldrkit.threads.chat.channel import Message, cut_channel, find_messages, read_messages
from tldrkit.threads.draft import Draft
from tldrkit.threads.html.markup import render_html
from tldrkit.threads.json.fields import Fields, author_in, is_fields, key_in, text_in, time_in
from tldrkit.threads.text.markdown import reduce_markdown
from tldrkit.threads.thread import Post


def read_gitter(value: object) -> list[Draft] | None:
    """Read messages; None where it is none."""
    items = find_messages(value, is_gitter_message, "messages", "items")
    if items is None:
        return None
    about = value if is_fields(value) else {}
    title = text_in(about, "name", "uri")
    return cut_channel(read_messages(items, _read_message), key_in(about, "id"), title)


def is_gitter_message(item: Fields) -> bool:
    """Tell a message by the names of its time and author."""
    return "sent" in item and ("fromUser" in item or "readBy" in item) and ("text" in item or "html" in item)


def _read_message(item: Fields) -> Message:
    key, thread = key_in(item, "id"), key_in(item, "parentId")
    text = text_in(item, "text")
    return Message(
        Post(
            author=author_in(item, "fromUser"),
            text=reduce_markdown(text) if text else render_html(text_in(item, "html")),
            time=time_in(item, "sent"),
        ),
        key=key,
        parent=thread,
        topic=thread or key,
    )
