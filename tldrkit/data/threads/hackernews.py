"""Hacker News: nested items and search hits as Algolia gives them, and the flat items of Firebase."""

from html import unescape

from tldrkit.data.threads.draft import Draft
from tldrkit.data.threads.fields import (
    Fields,
    author_in,
    count_in,
    is_fields,
    key_in,
    list_in,
    text_in,
    time_in,
)
from tldrkit.data.threads.markup import render_html
from tldrkit.data.threads.thread import Post

_TYPES = ("story", "comment", "job", "poll", "pollopt", "ask", "show")


def read_hackernews(value: object) -> list[Draft] | None:
    """Read an item with its tree, search hits, or flat items that name their parents; None else."""
    if is_fields(value) and isinstance(value.get("hits"), list):
        value = value["hits"]
    items = value if isinstance(value, list) else [value]
    if not items or not all(map(_is_item, items)):
        return None
    known = [item for item in items if is_fields(item)]
    ids = {key_in(item, "id", "objectID") for item in known} - {""}
    heads = [item for item in known if _parent(item) not in ids] or known
    children: dict[str, list[Fields]] = {}
    for item in known:
        if _parent(item) in ids:
            children.setdefault(_parent(item), []).append(item)
    if len(heads) > 1 and all(map(_parent, heads)):  # comments whose story is not there
        return [_read_trees(heads, children)]
    return [_read_trees([head], children) for head in heads]


def _is_item(value: object) -> bool:
    if not is_fields(value):
        return False
    if "objectID" in value and ("_tags" in value or "created_at_i" in value):
        return True
    return value.get("type") in _TYPES and bool(
        {"by", "kids", "created_at_i", "children", "deleted"} & value.keys()
    )


def _parent(item: Fields) -> str:
    return key_in(item, "parent", "parent_id")


def _read_trees(heads: list[Fields], children: dict[str, list[Fields]]) -> Draft:
    first = heads[0]
    title = text_in(first, "title", "story_title")
    draft = Draft(key_in(first, "id", "objectID") if len(heads) == 1 else "", unescape(title))
    waiting: list[tuple[object, str]] = [(head, "") for head in reversed(heads)]
    seen: set[str] = set()
    while waiting:
        item, parent = waiting.pop()
        if not is_fields(item):
            draft.leave_out("unreadable", parent=parent)
            continue
        key = key_in(item, "id", "objectID")
        if key and key in seen:
            continue
        seen.add(key)
        _read_item(draft, item, key, parent)
        inner = list_in(item, "children", "kids")
        below = [child for child in inner if not isinstance(child, int)] + children.get(key, [])
        draft.miss(
            sum(isinstance(child, int) and not isinstance(child, bool) for child in inner)
            - len(children.get(key, []))
        )
        waiting += [(child, key) for child in reversed(below)]
    return draft


def _read_item(draft: Draft, item: Fields, key: str, parent: str) -> None:
    text = text_in(item, "text", "comment_text", "story_text")
    if item.get("deleted") or item.get("dead") or text.strip() in ("[deleted]", "[dead]", "[flagged]"):
        draft.leave_out("deleted", key=key, parent=parent)
        return
    url = text_in(item, "url") if not parent else ""
    draft.add(
        Post(
            author=author_in(item, "author", "by"),
            text=render_html(text) if text else url,
            time=time_in(item, "created_at", "created_at_i", "time"),
            votes=count_in(item, "points", "score"),
        ),
        key=key,
        parent=parent,
    )
