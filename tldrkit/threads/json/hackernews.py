"""Hacker News: nested items and search hits as Algolia gives them, and the flat items of Firebase."""

from tldrkit.threads.draft import Draft
from tldrkit.threads.html.markup import render_html
from tldrkit.threads.json.fields import (
    Fields,
    author_in,
    count_in,
    is_fields,
    key_in,
    list_in,
    text_in,
    time_in,
)
from tldrkit.threads.text.lines import read_entities
from tldrkit.threads.thread import Post

_GONE = ("[deleted]", "[dead]", "[flagged]")
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
    stories: dict[str, list[Fields]] = {}
    for number, head in enumerate(heads):
        key = key_in(head, "story_id") or ("" if _parent(head) else key_in(head, "id", "objectID"))
        stories.setdefault(key if key or _parent(head) else f"#{number}", []).append(head)
    return [_read_trees(members, children) for members in stories.values()]


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
    key = key_in(first, "id", "objectID") if len(heads) == 1 else key_in(first, "story_id")
    draft = Draft(key, read_entities(title))
    waiting: list[tuple[object, str]] = [(head, "") for head in reversed(heads)]
    seen: set[str] = set()
    read = missing = 0
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
        inner = _below(item)
        below = [child for child in inner if not isinstance(child, int)] + children.get(key, [])
        missing += max(0, len(inner) - len(below))
        read += 1
        waiting += [(child, key) for child in reversed(below)]
    total = count_in(first, "descendants", "num_comments") if len(heads) == 1 else None
    draft.miss(missing if total is None else max(missing, total - read + 1))
    return draft


def _below(item: Fields) -> list[object]:
    """List the answers of an item, or their ids."""
    return list_in(item, "children") or list_in(item, "comments") or list_in(item, "kids")


def _read_item(draft: Draft, item: Fields, key: str, parent: str) -> None:
    text = text_in(item, "text", "comment_text", "story_text")
    gone = parent and "text" in item and item["text"] is None and item.get("author") is None
    if gone or item.get("deleted") or item.get("dead") or text.strip() in _GONE:
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
