"""Matrix: the events of a room, as Element exports them, `/messages` answers, or in a list."""

from collections.abc import Mapping

from tldrkit.threads.chat.channel import Message, cut_channel, find_messages, read_messages
from tldrkit.threads.draft import Draft
from tldrkit.threads.html.markup import render_html
from tldrkit.threads.json.fields import Fields, fields_in, is_fields, key_in, list_in, text_in, time_in
from tldrkit.threads.text.markdown import reduce_markdown
from tldrkit.threads.thread import Post

_SAID = ("m.text", "m.notice", "m.emote")
_MEDIA = ("m.image", "m.file", "m.audio", "m.video", "m.location")
_POLLS = ("m.poll.start", "org.matrix.msc3381.poll.start")


def read_matrix(value: object) -> list[Draft] | None:
    """Read a room's events; None where it is none."""
    items = find_messages(value, is_matrix_event, "messages", "chunk", "events")
    if items is None:
        return None
    about = value if is_fields(value) else {}
    events = [item for item in items if is_fields(item)]
    people = _find_people([*filter(is_fields, list_in(about, "state")), *events])
    edits = {_relation(item)[1]: item for item in _by_age(events) if _relation(item)[0] == "m.replace"}
    gone = {key_in(item, "redacts") or key_in(fields_in(item, "content"), "redacts") for item in events}

    def read(item: Fields) -> Message | None:
        if _relation(item)[0] == "m.replace" or item.get("type") == "m.room.redaction":
            return None
        return _read_event(item, edits.get(key_in(item, "event_id"), item), people, gone - {""})

    title = text_in(about, "room_name") or _find_name(events)
    return cut_channel(read_messages(items, read), key_in(about, "room_id"), title)


def is_matrix_event(item: Fields) -> bool:
    """Tell an event by its kind and sender."""
    return (
        "sender" in item
        and isinstance(item.get("content"), dict)
        and ("event_id" in item or "origin_server_ts" in item)
    )


def _by_age(events: list[Fields]) -> list[Fields]:
    return sorted(events, key=lambda item: time_in(item, "origin_server_ts"))


def _find_people(events: list[Fields]) -> dict[str, str]:
    """Map the room's members to the names they gave themselves."""
    return {
        text_in(item, "state_key") or text_in(item, "sender"): name
        for item in events
        if item.get("type") == "m.room.member"
        and (name := text_in(fields_in(item, "content"), "displayname"))
    }


def _find_name(events: list[Fields]) -> str:
    named = [text_in(fields_in(one, "content"), "name") for one in events if one.get("type") == "m.room.name"]
    return named[-1] if named else ""


def _relation(item: Fields) -> tuple[str, str]:
    """Find how an event relates to another, and to which."""
    given = fields_in(item, "content", "m.relates_to")
    return text_in(given, "rel_type"), key_in(given, "event_id")


def _read_event(item: Fields, latest: Fields, people: Mapping[str, str], gone: set[str]) -> Message:
    key, sender = key_in(item, "event_id"), text_in(item, "sender")
    kind, related = _relation(item)
    relates = fields_in(item, "content", "m.relates_to")
    parent = key_in(fields_in(relates, "m.in_reply_to"), "event_id")
    if kind == "m.thread" and (relates.get("is_falling_back") is True or not parent):
        parent = related
    return Message(
        Post(
            author=people.get(sender) or sender.removeprefix("@").partition(":")[0],
            text=_text(item, latest),
            time=time_in(item, "origin_server_ts"),
        ),
        key=key,
        parent=parent,
        topic=related if kind == "m.thread" else key,
        unused=_judge(item, key in gone),
    )


def _judge(item: Fields, is_gone: bool) -> str:
    kind, content = item.get("type"), fields_in(item, "content")
    if kind == "m.room.encrypted":
        return "unreadable"
    if kind not in ("m.room.message", "m.sticker", *_POLLS):
        return "event"
    redacted = fields_in(item, "unsigned").get("redacted_because") or not content
    return "deleted" if is_gone or redacted else ""


def _text(item: Fields, latest: Fields) -> str:
    """Find the text as it was last edited, without the copy of what it answers."""
    content = fields_in(latest, "content", "m.new_content") or fields_in(latest, "content")
    body, kind = text_in(content, "body"), text_in(content, "msgtype")
    if item.get("type") in _POLLS:
        return _read_poll(content)
    name = text_in(content, "filename")
    if kind in _MEDIA:
        return reduce_markdown(body) if name and name != body else ""
    if kind not in _SAID:
        return ""
    if html := text_in(content, "formatted_body"):
        answer = html.partition("</mx-reply>")[2] if html.startswith("<mx-reply>") else html
        return render_html(answer or html)
    answers = fields_in(item, "content", "m.relates_to", "m.in_reply_to")
    return reduce_markdown(_drop_fallback(body) if answers else body)


def _drop_fallback(body: str) -> str:
    """Drop the lines that repeat what is answered: `> <@nora:example.org> …`."""
    if not body.startswith("> <"):
        return body
    lines = body.split("\n")
    first = next((place for place, line in enumerate(lines) if not line.startswith(">")), len(lines))
    return "\n".join(lines[first:]).strip() or body


def _read_poll(content: Fields) -> str:
    poll = next((fields_in(content, key) for key in (*_POLLS, "m.poll") if fields_in(content, key)), content)
    asked = fields_in(poll, "question")
    parts = [asked, *filter(is_fields, list_in(poll, "answers"))]
    texts = [text_in(one, "body", "org.matrix.msc1767.text", "m.text") for one in parts]
    return "\n".join([texts[0], *(f"- {text}" for text in texts[1:])]).strip()
