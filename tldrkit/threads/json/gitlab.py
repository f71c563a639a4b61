"""GitLab: an issue or merge request, its notes or discussions, side by side or alone."""

from tldrkit.threads.chat.channel import find_messages
from tldrkit.threads.draft import Draft
from tldrkit.threads.json.fields import (
    Fields,
    author_in,
    count_in,
    fields_in,
    is_fields,
    key_in,
    list_in,
    text_in,
    time_in,
)
from tldrkit.threads.mail.answers import reduce_mailed_markdown
from tldrkit.threads.text.markdown import reduce_markdown
from tldrkit.threads.thread import Post

_TOPICS = ("issue", "merge_request", "epic", "snippet")


def read_gitlab(value: object) -> list[Draft] | None:
    """Read an issue, notes or discussions; None where it is none. What the program notes is an event."""
    if isinstance(value, list) and len(value) > 1 and is_fields(value[0]) and isinstance(value[1], list):
        value = {**value[0], "notes": value[1]} if _is_issue(value[0]) else value
    if is_fields(value):
        issue = next((fields_in(value, key) for key in _TOPICS if fields_in(value, key)), value)
        beside = find_messages(value, _is_note_or_discussion, "notes", "discussions")
        inside = find_messages(issue, _is_note_or_discussion, "notes", "discussions")
        if _is_issue(issue):
            return [_read(issue, beside or inside or [])]
        return None if beside is None else [_read({}, beside)]
    if find_messages(value, _is_issue) is not None and isinstance(value, list):
        return [_read(one, list_in(one, "notes", "discussions")) for one in value if is_fields(one)]
    notes = find_messages(value, _is_note_or_discussion)
    return None if notes is None else [_read({}, notes)]


def _is_issue(item: Fields) -> bool:
    return "iid" in item and "title" in item and ("description" in item or "web_url" in item)


def _is_note(item: Fields) -> bool:
    return isinstance(item.get("system"), bool) and ("body" in item or "note" in item)


def _is_note_or_discussion(item: Fields) -> bool:
    return _is_note(item) or any(is_fields(note) and _is_note(note) for note in list_in(item, "notes")[:1])


def _read(issue: Fields, notes: list[object]) -> Draft:
    named = next(filter(is_fields, notes), {})
    draft = Draft(key_in(issue, "iid") or key_in(named, "noteable_iid"), text_in(issue, "title"))
    if issue:
        draft.add(_build(issue, "description"), key="#topic")
    if len(notes) > 1 and _descends(notes):
        notes = notes[::-1]
    for note in notes:
        if not is_fields(note):
            draft.leave_out("unreadable")
            continue
        parent = "#topic"
        for one in list_in(note, "notes") if "notes" in note else [note]:
            if not is_fields(one):
                draft.leave_out("unreadable", parent=parent)
                continue
            key = key_in(one, "id")
            if one.get("system") is True:
                draft.leave_out("event", key=key, parent=parent)
            else:
                draft.add(_build(one, "body", "note"), key=key, parent=parent)
            parent = key if parent == "#topic" else parent
    if issue:
        draft.miss((count_in(issue, "user_notes_count") or 0) - len(notes))
    return draft


def _descends(notes: list[object]) -> bool:
    """Tell whether the newest note stands first, as the API gives them unless asked otherwise."""
    times = [time_in(note, "created_at") for note in (notes[0], notes[-1]) if is_fields(note)]
    return len(times) > 1 and times[0] > times[1] > ""


def _build(item: Fields, *texts: str) -> Post:
    up, down = count_in(item, "upvotes"), count_in(item, "downvotes")
    return Post(
        author=author_in(item, "author", "author_name"),
        text=reduce_markdown(reduce_mailed_markdown(text_in(item, *texts))),
        time=time_in(item, "created_at"),
        votes=None if up is None else up - (down or 0),
    )
