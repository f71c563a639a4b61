"""Slack: a day of a channel as exports keep it, and the API's conversations.history and .replies."""

import re
from collections import Counter
from collections.abc import Callable, Mapping

from tldrkit.threads.chat.channel import Message, cut_channel, find_messages, name_people, read_messages
from tldrkit.threads.draft import Draft
from tldrkit.threads.html.markup import replace_short_names
from tldrkit.threads.json.fields import (
    Fields,
    count_in,
    fields_in,
    is_fields,
    key_in,
    list_in,
    span_in,
    text_in,
    time_in,
)
from tldrkit.threads.text.lines import read_entities
from tldrkit.threads.thread import Post

_TS = re.compile(r"[0-9]{9,11}\.[0-9]{1,9}")
_SPOKEN = frozenset(["", "me_message", "file_share", "thread_broadcast", "bot_message", "file_comment"])
_MARKED = re.compile(r"<([^<>\n|]{1,3000})(?:\|([^<>\n]{0,3000}))?>")  # <@U7>, <url|label>
_CODE = re.compile(r"```(.+?)```|`([^`\n]+)`", re.DOTALL)
_SPAN = re.compile(
    r"(?<!\w)([*_~])(?=\S)([^*_~\n]{1,500})(?<=\S)\1(?!\w)"
)  # _*bold and leaning*_ in two steps
_DEPTH = 8  # of blocks in blocks
_LINED = ("rich_text", "rich_text_list", "section")
_ID = re.compile(r"[CDG][A-Z0-9]{7,}")


def read_slack(value: object) -> list[Draft] | None:
    """Read messages, beside which `users` and `channels` may stand; None where it is none."""
    items = find_messages(value, is_slack_message, "messages")
    if items is None:
        return None
    about = value if is_fields(value) else {}
    people = name_people(_profiles(list_in(about, "users", "members")), "display_name", "name", "real_name")
    written = [
        {**fields_in(one, "user_profile"), "id": key_in(one, "user")} for one in items if is_fields(one)
    ]
    people = name_people(written, "display_name", "name", "real_name") | people
    channels = name_people(list_in(about, "channels"), "name")
    items, reasons = _apply_edits(items)
    reasons |= {ts: "elsewhere" for ts in list_in(about, "elsewhere") if isinstance(ts, str)}
    present = Counter(_parent(item) for item in items if is_fields(item))

    def read(item: Fields) -> Message:
        return _read_message(item, people, channels, present, reasons)

    name = text_in(about, "channel", "channel_name", "name")
    key = text_in(about, "id") or name
    return cut_channel(read_messages(items, read), key, "" if _ID.fullmatch(name) else name)


def is_slack_message(item: Fields) -> bool:
    """Tell a message by its time, which is its id."""
    return item.get("type") == "message" and _TS.fullmatch(text_in(item, "ts")) is not None


def _profiles(users: list[object]) -> list[Fields]:
    """Bring a user's names to one level."""
    return [{**one, **_given(fields_in(one, "profile"))} for one in users if is_fields(one)]


def _given(profile: Fields) -> Fields:
    return {key: profile[key] for key in ("display_name", "real_name") if profile.get(key)}


def _apply_edits(items: list[object]) -> tuple[list[object], dict[str, str]]:
    """Put messages in the place of those they change; say of which are deleted why they are no posts."""
    if not any(is_fields(item) and text_in(item, "subtype").startswith("message_") for item in items):
        return items, {}
    changed: dict[str, Fields] = {}
    reasons: dict[str, str] = {}
    kept: list[object] = []
    for item in items:
        kind = text_in(item, "subtype") if is_fields(item) else ""
        if is_fields(item) and kind == "message_changed":
            now = fields_in(item, "message")
            changed[text_in(now, "ts")] = now
        elif is_fields(item) and kind == "message_deleted":
            reasons[text_in(item, "deleted_ts")] = "deleted"
        else:
            kept.append(item)
    return [changed.get(text_in(item, "ts"), item) if is_fields(item) else item for item in kept], reasons


def _parent(item: Fields) -> str:
    thread = text_in(item, "thread_ts")
    return "" if thread == text_in(item, "ts") else thread


def _read_message(
    item: Fields,
    people: Mapping[str, str],
    channels: Mapping[str, str],
    present: Counter[str],
    reasons: Mapping[str, str],
) -> Message:
    key, kind = text_in(item, "ts"), text_in(item, "subtype")
    bot = text_in(item, "username") or text_in(fields_in(item, "bot_profile"), "name")
    unused = "deleted" if kind == "tombstone" else "" if kind in _SPOKEN else "event"
    return Message(
        Post(
            author=people.get(key_in(item, "user"), "") or bot,
            text=_reduce(_find_text(item), people, channels),
            time=time_in(item, "ts"),
        ),
        key=key,
        parent=_parent(item),
        topic=text_in(item, "thread_ts") or key,
        unused=reasons.get(key) or unused,
        missing=max(0, (count_in(item, "reply_count") or 0) - present[key]),
    )


def _find_text(item: Fields) -> str:
    """Find the text; programs put theirs into attachments."""
    if text := text_in(item, "text"):
        return text
    parts = []
    for one in filter(is_fields, list_in(item, "attachments")):
        whole = [text_in(one, key) for key in ("pretext", "title", "text")]
        parts.append("\n".join(filter(None, whole)) or text_in(one, "fallback"))
    return "\n".join(parts) or _find_in_blocks(item)


def _find_in_blocks(item: Fields) -> str:
    """Find the words in blocks, which programs may write instead of a text."""
    return "\n".join(filter(None, [_read_block(one, _DEPTH) for one in list_in(item, "blocks")]))


def _read_block(block: object, depth: int) -> str:
    """Write a block, or a part of one, in the markup of texts."""
    if not is_fields(block) or not depth:
        return ""
    if text := span_in(block, "text"):
        return text
    if target := text_in(block, "url"):
        return f"<{target}>"
    if person := text_in(block, "user_id"):
        return f"<@{person}>"
    if block.get("type") == "emoji":
        return f":{text_in(block, 'name')}:"
    parts = [block.get("text"), *list_in(block, "elements"), *list_in(block, "fields")]
    between = "\n" if block.get("type") in _LINED else ""
    return between.join(filter(None, [_read_block(part, depth - 1) for part in parts]))


def _reduce(text: str, people: Mapping[str, str], channels: Mapping[str, str]) -> str:
    """Reduce Slack's markup to what people read; in code nothing but its marks goes."""
    text = _MARKED.sub(_namer(people, channels), text)
    parts = _CODE.split(text)  # text, then a block of code or None, a span of code or None, text, …
    parts[::3] = [replace_short_names(_SPAN.sub(r"\2", _SPAN.sub(r"\2", part))) for part in parts[::3]]
    text = "".join(filter(None, parts))
    return read_entities(text) if "&" in text else text


def _namer(people: Mapping[str, str], channels: Mapping[str, str]) -> Callable[[re.Match[str]], str]:
    def name(found: re.Match[str]) -> str:
        target, label = found[1], found[2] or ""
        if target.startswith("@"):
            return f"@{people.get(target[1:], label.lstrip('@') or target[1:])}"
        if target.startswith("#"):
            return f"#{label.lstrip('#') or channels.get(target[1:], target[1:])}"
        if target.startswith("!"):
            return label or f"@{target[1:].partition('^')[0]}"
        return label or target.removeprefix("mailto:")

    return name
