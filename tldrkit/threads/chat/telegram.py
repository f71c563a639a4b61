"""Telegram's export as JSON: one chat, or all chats of an account. Forum topics are threads."""

from tldrkit.threads.chat.channel import UNREADABLE, Message, cut_channel, find_messages
from tldrkit.threads.draft import Draft
from tldrkit.threads.json.fields import (
    Fields,
    fields_in,
    is_fields,
    key_in,
    list_in,
    span_in,
    text_in,
    time_in,
)
from tldrkit.threads.thread import Post


def read_telegram(value: object) -> list[Draft] | None:
    """Read a chat, or an account's chats that hold messages; None where it is neither."""
    if isinstance(value, list) and find_messages(value, is_telegram_message):
        value = {"messages": value}
    if not is_fields(value):
        return None
    kept = [fields_in(value, key) for key in ("chats", "left_chats")]
    chats = [chat for lists in kept for chat in list_in(lists, "list") if is_fields(chat)]
    if not any(find_messages(chat, is_telegram_message, "messages") for chat in chats):
        chats = [value] if find_messages(value, is_telegram_message, "messages") else []
    drafts = [draft for chat in chats if list_in(chat, "messages") for draft in _read_chat(chat)]
    return drafts or None


def is_telegram_message(item: Fields) -> bool:
    """Tell a message by its kind and date."""
    dated = "date" in item or "date_unixtime" in item
    return item.get("type") in ("message", "service") and dated and "text" in item


def _read_chat(chat: Fields) -> list[Draft]:
    topics: dict[str, str] = {}  # titles of the forum's topics by the message that created each
    places: dict[str, str] = {}  # the topic each message is in
    messages = []
    for item in list_in(chat, "messages"):
        if not is_fields(item):
            messages.append(UNREADABLE)
            continue
        key = key_in(item, "id")
        parent = "" if "reply_to_peer_id" in item else key_in(item, "reply_to_message_id")
        if item.get("action") == "topic_created":
            topics[key] = text_in(item, "title") or text_in(item, "new_title")
            places[key] = key
        elif item.get("action") == "topic_edit" and parent in topics:
            topics[parent] = text_in(item, "new_title") or topics[parent]
        elif parent in places:
            places[key] = places[parent]
        messages.append(
            Message(
                Post(
                    author=text_in(item, "from", "actor"),
                    text=_text(item),
                    time=time_in(item, "date_unixtime", "date"),
                ),
                key=key,
                parent=parent,
                topic=places.get(key, ""),
                unused="event" if item.get("type") == "service" else "",
            )
        )
    title = text_in(chat, "name")
    return cut_channel(messages, key_in(chat, "id"), title, topics)


def _text(item: Fields) -> str:
    """Join the parts of a text, which are texts or objects with one; a poll is its question and choices."""
    given = item.get("text")
    parts = given if isinstance(given, list) else list_in(item, "text_entities") if given is None else [given]
    text = "".join(map(_part, parts))
    poll = fields_in(item, "poll")
    if not text.strip() and poll:
        choices = [text_in(one, "text") for one in list_in(poll, "answers") if is_fields(one)]
        text = "\n".join([_part(poll.get("question")), *(f"- {choice}" for choice in choices)])
    return text


def _part(part: object) -> str:
    if isinstance(part, str):
        return part
    text = span_in(part, "text") if is_fields(part) else ""
    if text and is_fields(part) and part.get("type") == "blockquote":
        return "\n".join(f"> {line}" for line in text.strip().split("\n")) + "\n"
    return text
