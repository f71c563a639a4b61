"""Lemmy: a post with its comments, which carry their place in the tree as a path of ids."""

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
from tldrkit.threads.text.markdown import reduce_markdown
from tldrkit.threads.thread import Post


def read_lemmy(value: object) -> list[Draft] | None:
    """Read a post view, with comments where they are given, or comments alone; None where it is neither."""
    if isinstance(value, list):
        if not value or not all(_is_view(item, "comment") for item in value):
            return None
        value = {"comments": value}
    if not is_fields(value):
        return None
    posts = list_in(value, "posts")
    if posts and all(_is_view(item, "post") for item in posts):
        return [draft for item in posts for draft in read_lemmy(item) or []]
    view = fields_in(value, "post_view") or (value if _is_view(value, "post") else {})
    comments = list_in(value, "comments")
    if not view and not any(_is_view(item, "comment") for item in comments):
        if isinstance(value.get("comment_view"), dict):
            comments = [value["comment_view"]]
        else:
            return None
    known = [item for item in comments if is_fields(item) and _is_view(item, "comment")]
    about = fields_in(view or (known[0] if known else {}), "post")
    draft = Draft(key_in(about, "id"), text_in(about, "name"))
    if view:
        _read_post(draft, view)
    for item in _in_reading_order(known):
        _read_comment(draft, item)
    for _ in range(len(comments) - len(known)):
        draft.leave_out("unreadable")
    draft.miss(
        (count_in(fields_in(view, "counts"), "comments") or count_in(about, "comments") or 0) - len(comments)
    )
    return [draft]


def _is_view(value: object, key: str) -> bool:
    """Tell whether a value holds a post or comment under the key, as a view does."""
    if not is_fields(value):
        return False
    inner = fields_in(value, key)
    return bool(inner) and ("creator" in value or "counts" in value or "path" in inner or "ap_id" in inner)


def _path(item: Fields) -> list[str]:
    comment = fields_in(item, "comment")
    return (text_in(comment, "path") or f"0.{key_in(comment, 'id')}").split(".")


def _in_reading_order(comments: list[Fields]) -> list[Fields]:
    """Put answers behind what they answer, and keep the order given otherwise."""
    place = {_path(item)[-1]: number for number, item in enumerate(comments)}
    last = len(comments)
    return sorted(comments, key=lambda item: [place.get(name, last) for name in _path(item)[1:]])


def _read_post(draft: Draft, view: Fields) -> None:
    post = fields_in(view, "post")
    key = "0"
    if post.get("deleted") or post.get("removed"):
        draft.leave_out("deleted", key=key)
        return
    draft.add(_build(view, post, text_in(post, "body") or text_in(post, "url")), key=key)


def _read_comment(draft: Draft, item: Fields) -> None:
    comment, path = fields_in(item, "comment"), _path(item)
    key, parent = path[-1], path[-2] if len(path) > 1 else ""
    if comment.get("deleted") or comment.get("removed"):
        draft.leave_out("deleted", key=key, parent=parent)
    else:
        draft.add(_build(item, comment, text_in(comment, "content")), key=key, parent=parent)


def _build(view: Fields, item: Fields, text: str) -> Post:
    creator = fields_in(view, "creator")
    counts = fields_in(view, "counts") or item
    return Post(
        author=author_in({"name": text_in(creator, "name", "display_name")}, "name"),
        text=reduce_markdown(text),
        time=time_in(item, "published", "published_at"),
        votes=count_in(counts, "score"),
    )
