"""Zulip: the API's messages. Each topic of a stream is a thread; direct messages are cut by silence."""

import re

from tldrkit.threads.chat.channel import UNREADABLE, Message, cut_channel, find_messages
from tldrkit.threads.draft import Draft
from tldrkit.threads.html.markup import is_html, render_html, replace_short_names
from tldrkit.threads.json.fields import Fields, is_fields, key_in, list_in, text_in, time_in
from tldrkit.threads.text.markdown import reduce_markdown
from tldrkit.threads.thread import Post

_MENTION = re.compile(r"([@#])_?\*\*([^*|\n]{1,200})(?:\|[0-9]{1,12})?\*\*")  # @**Nora|4**, #**stream>topic**
_QUOTE = re.compile(r"(`{3,20})quote\n")
_DELETED = ("(deleted)", "<p>(deleted)</p>")
_DONE = "✔ "  # before the name of a resolved topic


def read_zulip(value: object) -> list[Draft] | None:
    """Read messages; None where it is none."""
    items = find_messages(value, is_zulip_message, "messages", "message")
    if items is None and is_fields(value):
        items = [one] if is_fields(one := value.get("message")) and is_zulip_message(one) else None
    if items is None:
        return None
    topics: dict[tuple[str, str], list[Message]] = {}
    for item in items:
        place = _place(item) if is_fields(item) else next(iter(topics), ("", ""))
        topics.setdefault(place, []).append(_read_message(item) if is_fields(item) else UNREADABLE)
    drafts = []
    for (where, name), messages in topics.items():
        title = "" if name == "(no topic)" else name
        key = "/".join(filter(None, [where, name]))
        drafts += cut_channel(messages, key, title or where, whole=bool(name))
    return drafts


def is_zulip_message(item: Fields) -> bool:
    """Tell a message by the name of its sender and where it was sent."""
    return (
        "sender_full_name" in item
        and "content" in item
        and ("display_recipient" in item or "subject" in item)
    )


def _place(item: Fields) -> tuple[str, str]:
    """Find the stream and topic, or whom a direct message is for."""
    people = [text_in(one, "full_name") for one in list_in(item, "display_recipient") if is_fields(one)]
    if people or item.get("type") in ("private", "direct"):
        return ", ".join(sorted(people)), ""
    topic = text_in(item, "subject", "topic")
    return text_in(item, "display_recipient") or key_in(item, "stream_id"), topic.removeprefix(_DONE)


def _read_message(item: Fields) -> Message:
    content = text_in(item, "content")
    is_page = "markdown" not in text_in(item, "content_type") and is_html(content)
    is_notice = text_in(item, "sender_email").startswith("notification-bot@")
    return Message(
        Post(
            author=text_in(item, "sender_full_name"),
            text=replace_short_names(render_html(content) if is_page else _reduce(content)),
            time=time_in(item, "timestamp"),
        ),
        key=key_in(item, "id"),
        unused="deleted" if content.strip() in _DELETED else "event" if is_notice else "",
    )


def _reduce(text: str) -> str:
    """Reduce Zulip's Markdown: mentions as they are shown, fences of quotes as quotes."""
    text = _MENTION.sub(r"\1\2", text)
    fence = ""
    lines = []
    for line in text.split("\n"):
        if not fence and (opening := _QUOTE.fullmatch(f"{line.strip()}\n")):
            fence = opening[1]
        elif fence and line.strip() == fence:
            fence = ""
            lines.append("")
        else:
            lines.append(f"> {line}" if fence else line)
    return reduce_markdown("\n".join(lines))
