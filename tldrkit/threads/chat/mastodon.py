"""Mastodon, and what answers alike: a status, the context of one, and lists of statuses."""

from tldrkit.threads.chat.channel import find_messages
from tldrkit.threads.draft import Draft
from tldrkit.threads.html.markup import render_html
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


def read_mastodon(value: object) -> list[Draft] | None:
    """Read a status, its context, or both side by side; None where it is neither.

    In a list those that answer one another are a thread, as any other is by itself.
    """
    if is_fields(value):
        status = fields_in(value, "status") or (value if is_status(value) else {})
        context = fields_in(value, "context") or value
        around = [list_in(context, "ancestors"), list_in(context, "descendants")]
        if not any(around) and not is_status(status):
            return None
        if any(around) and not any(is_fields(one) and is_status(one) for one in [*around[0], *around[1]]):
            return None
        posts = [*around[0], *([status] if status else []), *around[1]]
        draft = _read_statuses(posts)
        draft.miss(0 if status else _count_unseen(posts))
        return [draft]
    items = find_messages(value, is_status)
    return None if items is None else [_read_statuses(members) for members in _gather(items)]


def is_status(item: Fields) -> bool:
    """Tell a status by its account and what it answers, or where it is."""
    return (
        "content" in item
        and isinstance(item.get("account"), dict)
        and ("in_reply_to_id" in item or "uri" in item)
    )


def _count_unseen(posts: list[object]) -> int:
    """Count the statuses that are answered and not among those that answer."""
    known = {key_in(one, "id") for one in posts if is_fields(one)} | {""}
    return len({key_in(one, "in_reply_to_id") for one in posts if is_fields(one)} - known)


def _gather(items: list[object]) -> list[list[object]]:
    """Put statuses behind what they answer, where it is in the list, whatever their order."""
    known = {key_in(one, "id"): one for one in items if is_fields(one)}
    roots: dict[str, str] = {}
    threads: dict[str, list[object]] = {}
    for item in sorted(filter(is_fields, items), key=lambda one: time_in(one, "created_at")):
        key, parent = key_in(item, "id"), key_in(item, "in_reply_to_id")
        roots[key] = roots.get(parent, key) if parent in known else key
        threads.setdefault(roots[key], []).append(item)
    return list(threads.values())


def _read_statuses(posts: list[object]) -> Draft:
    first = next(filter(is_fields, posts), {})
    draft = Draft(key_in(first, "id"))
    for post in posts:
        if is_fields(post):
            draft.add(_build(post), key=key_in(post, "id"), parent=key_in(post, "in_reply_to_id"))
        else:
            draft.leave_out("unreadable")
    return draft


def _build(status: Fields) -> Post:
    status = fields_in(status, "reblog") or status
    parts = [text_in(status, "spoiler_text"), render_html(text_in(status, "content"))]
    choices = [
        text_in(one, "title") for one in list_in(fields_in(status, "poll"), "options") if is_fields(one)
    ]
    parts += [f"- {choice}" for choice in choices]
    return Post(
        author=text_in(fields_in(status, "account"), "username", "acct", "display_name"),
        text="\n".join(filter(None, parts)) or text_in(fields_in(status, "card"), "title", "url"),
        time=time_in(status, "created_at"),
        votes=count_in(status, "favourites_count"),
    )
