"""Launchpad: a bug or question of its API and the collection of its messages; the first describes it."""

from tldrkit.threads.chat.channel import find_messages
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
from tldrkit.threads.thread import Post


def read_launchpad(value: object) -> list[Draft] | None:
    """Read messages, beside which their bug may stand, or a bug alone; None where it is none."""
    if isinstance(value, list):
        value = {"entries": value}
    if not is_fields(value):
        return None
    bug = fields_in(value, "bug") or fields_in(value, "question") or value
    inner = fields_in(value, "messages") or value
    messages = find_messages(inner, _is_message, "entries", "messages")
    if messages is None and not _is_bug(bug):
        return None
    draft = Draft(key_in(bug, "id"), text_in(bug, "title"))
    if messages is None:
        draft.add(_build(bug, "description"))
        draft.miss((count_in(bug, "message_count") or 1) - 1)
        return [draft]
    for one in messages:
        if is_fields(one):
            gone = "deleted" if one.get("visible") is False or one.get("date_deleted") else ""
            key, parent = text_in(one, "self_link"), text_in(one, "parent_link")
            if gone:
                draft.leave_out(gone, key=key, parent=parent)
            else:
                draft.add(_build(one, "content"), key=key, parent=parent)
        else:
            draft.leave_out("unreadable")
    draft.miss((count_in(inner, "total_size") or 0) - len(list_in(inner, "entries")))
    return [draft]


def _is_message(item: Fields) -> bool:
    return "content" in item and "owner_link" in item


def _is_bug(item: Fields) -> bool:
    return "owner_link" in item and "title" in item and "description" in item


def _build(item: Fields, text: str) -> Post:
    return Post(
        author=text_in(item, "owner_link").rpartition("/~")[2],
        text=text_in(item, text).strip(),
        time=time_in(item, "date_created"),
    )
