"""Discord: a channel as DiscordChatExporter writes it, and the API's list of messages."""

import re
from collections.abc import Callable, Mapping

from tldrkit.threads.chat.channel import Message, cut_channel, find_messages, name_people, read_messages
from tldrkit.threads.draft import Draft
from tldrkit.threads.json.fields import (
    Fields,
    fields_in,
    is_fields,
    key_in,
    list_in,
    render_time,
    text_in,
    time_in,
)
from tldrkit.threads.text.markdown import reduce_markdown
from tldrkit.threads.thread import Post

_SPOKEN = frozenset(["", "0", "19", "20", "23", "Default", "Reply", "ChatInputCommand", "ContextMenuCommand"])
_NAMES = ("nickname", "nick", "global_name", "username", "name")  # as mentions show them
_MARKED = re.compile(r"<(@&|@!?|#|a?:|t:|/)([^<>\n]{1,200})>")  # <@7>, <:wave:7>, <t:1717480800:R>
_SPOILER = re.compile(r"\|\|([^|\n]{1,1000})\|\|")


def read_discord(value: object) -> list[Draft] | None:
    """Read a channel's messages; None where it is none. A thread that was exported by itself stays whole."""
    items = find_messages(value, is_discord_message, "messages")
    if items is None:
        return None
    about = fields_in(value, "channel") if is_fields(value) else {}
    roles = fields_in(value, "guild") if is_fields(value) else {}
    people = _find_people(items)
    names = people | {f"#{key}": name for key, name in name_people([about], "name").items()}
    names |= {f"&{key}": name for key, name in name_people(list_in(roles, "roles"), "name").items()}
    topics = {
        key_in(started, "id"): text_in(started, "name")
        for item in items
        if is_fields(item) and (started := fields_in(item, "thread"))
    }
    messages = read_messages(items, lambda item: _read_message(item, names, topics))
    kind = key_in(about, "type")
    whole = "Thread" in kind or kind in ("10", "11", "12")
    return cut_channel(messages, key_in(about, "id"), text_in(about, "name"), topics, whole=whole)


def is_discord_message(item: Fields) -> bool:
    """Tell a message of the export or of the API."""
    told = {
        "timestampEdited",
        "edited_timestamp",
        "channel_id",
        "isPinned",
        "pinned",
        "attachments",
        "mentions",
    }
    return (
        "content" in item
        and "timestamp" in item
        and isinstance(item.get("author"), dict)
        and bool(told & item.keys())
    )


def _find_people(items: list[object]) -> dict[str, str]:
    found: list[object] = []
    for item in filter(is_fields, items):
        found += [*list_in(item, "mentions"), fields_in(item, "author")]
    return name_people(found, *_NAMES)


def _read_message(item: Fields, names: Mapping[str, str], topics: Mapping[str, str]) -> Message:
    key, author = key_in(item, "id"), fields_in(item, "author")
    answered = fields_in(item, "reference") or fields_in(item, "message_reference")
    place = key_in(fields_in(item, "thread"), "id") or key_in(item, "channel_id")
    return Message(
        Post(
            author=names.get(key_in(author, "id"), "") or text_in(author, *_NAMES),
            text=_text(item, names),
            time=time_in(item, "timestamp"),
        ),
        key=key,
        parent=key_in(answered, "messageId", "message_id"),
        topic=place if place in topics else "",
        unused="" if key_in(item, "type") in _SPOKEN else "event",
    )


def _text(item: Fields, names: Mapping[str, str]) -> str:
    """Find the text: one's own, one passed on, or what a program put into a box."""
    text = text_in(item, "content") or text_in(fields_in(item, "forwardedMessage"), "content")
    if not text:
        passed = [fields_in(one, "message") for one in list_in(item, "message_snapshots") if is_fields(one)]
        text = "\n".join(text_in(one, "content") for one in passed)
    if not text:
        boxes = [one for one in list_in(item, "embeds") if is_fields(one)]
        text = "\n".join(
            "\n".join(filter(None, [text_in(one, "title"), text_in(one, "description")])) for one in boxes
        )
    if "<" in text:
        text = _MARKED.sub(_namer(names), text)
    return reduce_markdown(_SPOILER.sub(r"\1", text))


def _namer(names: Mapping[str, str]) -> Callable[[re.Match[str]], str]:
    def name(found: re.Match[str]) -> str:
        mark, rest = found[1], found[2]
        if mark in ("@", "@!"):
            return f"@{names.get(rest, rest)}"
        if mark == "@&":
            return f"@{names.get(f'&{rest}', 'role')}"
        if mark == "#":
            return f"#{names.get(f'#{rest}', 'channel')}"
        if mark == "t:":
            return render_time(rest.partition(":")[0])
        return f"/{rest.rpartition(':')[0] or rest}" if mark == "/" else f":{rest.partition(':')[0]}:"

    return name
