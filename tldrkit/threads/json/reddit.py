"""Reddit: a submission with its tree of comments, as the API and .json pages give it, in pre-order."""

from tldrkit.threads.draft import Draft
from tldrkit.threads.html.markup import render_html
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
from tldrkit.threads.text.lines import read_entities
from tldrkit.threads.text.markdown import reduce_markdown
from tldrkit.threads.thread import Post

_GONE = frozenset(["[deleted]", "[removed]", "[deleted by user]", "[ Removed by Reddit ]"])


def read_reddit(value: object) -> list[Draft] | None:
    """Read listings, things, or the flat records of Reddit's archives; None where it is none of them."""
    listings = [item for item in value if item is not None] if isinstance(value, list) else [value]
    if listings and all(map(_is_thing, listings)):
        return _read_things(_open_listings(listings))
    if listings and all(map(_is_record, listings)):
        return _read_things([{"kind": _kind(item), "data": item} for item in listings])
    return None


def _is_thing(value: object) -> bool:
    return (
        is_fields(value)
        and value.get("kind") in ("Listing", "t1", "t3", "more")
        and isinstance(value.get("data"), dict)
    )


def _is_record(value: object) -> bool:
    return is_fields(value) and (
        ("subreddit" in value and ("selftext" in value or "body" in value)) or "selftext" in value
    )


def _kind(value: object) -> str:
    return "t3" if is_fields(value) and ("selftext" in value or "body" not in value) else "t1"


def _open_listings(things: list[object]) -> list[object]:
    opened: list[object] = []
    waiting = list(reversed(things))
    while waiting:
        thing = waiting.pop()
        if is_fields(thing) and thing.get("kind") == "Listing":
            waiting += reversed(list_in(fields_in(thing, "data"), "children"))
        else:
            opened.append(thing)
    return opened


def _read_things(things: list[object]) -> list[Draft]:
    """Begin a thread with each submission; comments before any are a thread without title."""
    drafts: list[Draft] = []
    waiting = list(reversed(things))
    while waiting:
        thing = waiting.pop()
        data = fields_in(thing, "data") if is_fields(thing) else {}
        kind = thing.get("kind") if is_fields(thing) else None
        if kind == "t3" or not drafts:
            drafts.append(Draft(key_in(data, "id") if kind == "t3" else "", text_in(data, "title")))
        draft = drafts[-1]
        if kind == "t3":
            _read_submission(draft, data)
            waiting += reversed(_replies(data))
        elif kind == "more":
            draft.miss(count_in(data, "count") or len(list_in(data, "children")))
        elif data:
            _read_comment(draft, data)
            waiting += reversed(_replies(data))
        else:
            draft.leave_out("unreadable")
    return drafts


def _replies(data: Fields) -> list[object]:
    """List the comments below a thing: a listing, or a list as archives nest them."""
    for key in ("replies", "comments"):
        if isinstance(replies := data.get(key), list):
            return [item if _is_thing(item) else {"kind": "t1", "data": item} for item in replies]
    return list_in(fields_in(data, "replies", "data"), "children")


def _name(data: Fields, kind: str) -> str:
    return text_in(data, "name") or f"{kind}_{key_in(data, 'id')}"


def _read_submission(draft: Draft, data: Fields) -> None:
    draft.title = reduce_markdown(draft.title, escaped=True) if "&" in draft.title else draft.title
    key, text = _name(data, "t3"), text_in(data, "selftext")
    if text.strip() in _GONE:
        draft.leave_out("deleted", key=key)
        return
    draft.add(_post(data, _find_text(data) or _link(data)), key=key)


def _read_comment(draft: Draft, data: Fields) -> None:
    key, parent, text = _name(data, "t1"), text_in(data, "parent_id"), text_in(data, "body")
    if text.strip() in _GONE:
        draft.leave_out("deleted", key=key, parent=parent)
    elif _is_notice(data):
        draft.leave_out("moderation", key=key, parent=parent)
    else:
        draft.add(_post(data, text or _render(data, "body_html")), key=key, parent=parent)


def _is_notice(data: Fields) -> bool:
    """Tell what moderators, or their program, put above or below a discussion."""
    pinned = data.get("stickied") is True and data.get("distinguished") == "moderator"
    return pinned or data.get("author") == "AutoModerator"


def _find_text(data: Fields) -> str:
    """Find what a submission says: its text, a poll's choices, captions; and those of the post it shares."""
    parts = []
    for one in (data, *filter(is_fields, list_in(data, "crosspost_parent_list")[:1])):
        text = text_in(one, "selftext")
        parts.append("" if text.strip() in _GONE else text or _render(one, "selftext_html"))
        choices = [
            text_in(choice, "text")
            for choice in list_in(fields_in(one, "poll_data"), "options")
            if is_fields(choice)
        ]
        parts.append("\n".join(f"- {choice}" for choice in choices if choice))
        pictures = [
            picture for picture in list_in(fields_in(one, "gallery_data"), "items") if is_fields(picture)
        ]
        captions = [text_in(picture, "caption") for picture in pictures]
        parts.append("\n".join(f"[image: {caption}]" if caption else "[image]" for caption in captions))
    return "\n\n".join(filter(None, parts))


def _render(data: Fields, key: str) -> str:
    """Render a body given as HTML alone, which the API escapes once more."""
    html = text_in(data, key)
    return render_html(read_entities(html) if "&lt;" in html else html)


def _link(data: Fields) -> str:
    """Find what a post shares that has no text, or the post it shares has none."""
    data = next(filter(is_fields, list_in(data, "crosspost_parent_list")), data)
    return "" if data.get("is_self") is True else text_in(data, "url", "url_overridden_by_dest")


def _post(data: Fields, text: str) -> Post:
    return Post(
        author=author_in(data, "author"),
        text=reduce_markdown(text, escaped=True),
        time=time_in(data, "created_utc", "created"),
        votes=count_in(data, "score", "ups"),
    )
