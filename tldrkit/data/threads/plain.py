"""Our own shapes and Foru.ms': {id, title, posts}, {id, document}, and a bare list of posts."""

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
from tldrkit.data.threads.markup import reduce_html
from tldrkit.data.threads.thread import Post

_TEXTS = ("text", "content", "body", "message")
_LISTS = ("posts", "messages", "comments", "replies")


def read_plain(value: object) -> list[Draft] | None:
    """Read a thread of posts or a document; None where it is neither."""
    if isinstance(value, list):
        posts = _is_posts(value)
        return [_read_posts(Draft(), {}, value)] if posts else None
    if not is_fields(value):
        return None
    name = key_in(value, "id", "thread_id", "_id")
    key = next((key for key in _LISTS if isinstance(value.get(key), list)), None)
    if key == "posts" or (key and _is_posts(list_in(value, key))):
        draft = Draft(name, text_in(value, "title", "subject", "topic", "name"))
        return [_read_posts(draft, value, list_in(value, key))]
    if isinstance(value.get("document"), str):
        draft = Draft(name)  # the document already opens with its title
        draft.add(Post(author="", text=text_in(value, "document")))
        return [draft]
    return None


def _is_posts(items: list[object]) -> bool:
    first = next((item for item in items if is_fields(item)), None)
    return (
        first is not None
        and not ({"posts", "title", "document"} & first.keys())
        and any(key in first for key in _TEXTS)
        and any(key in first for key in ("author", "user", "username"))
    )


def _read_posts(draft: Draft, thread: Fields, posts: list[object]) -> Draft:
    opening = text_in(thread, "body", "content", "text")
    if opening and not any(is_fields(post) and post.get("is_op") for post in posts):
        _add_opening(draft, thread, opening, posts)
    ids = {key_in(post, "id") for post in posts if is_fields(post)}
    for number, post in enumerate(posts):
        if not is_fields(post):
            draft.leave_out("unreadable")
        else:
            _read_post(draft, post, key=key_in(post, "id") or f"#{number}", ids=ids)
    draft.expect(count_in(thread, "post_count"))
    return draft


def _add_opening(draft: Draft, thread: Fields, opening: str, posts: list[object]) -> None:
    """Add the text a thread itself has, where it is not also its first post."""
    text = reduce_html(opening)
    first = posts[0] if posts and is_fields(posts[0]) else {}
    if text.strip() == reduce_html(text_in(first, *_TEXTS)).strip():
        return
    author, time = author_in(thread, "author", "user"), time_in(thread, "time", "created_at", "createdAt")
    draft.add(Post(author=author, text=text, time=time), key="#opening")


def _read_post(draft: Draft, post: Fields, *, key: str, ids: set[str]) -> None:
    given = key_in(post, "reply_to", "parent_id", "parentId", "parent_post_id", "reply_to_id")
    parent = given if given in ids else f"#{given}" if given else ""
    field = next((name for name in _TEXTS if name in post), "")
    text = post.get(field)
    if post.get("deleted") or post.get("deleted_at") or post.get("is_deleted"):
        draft.leave_out("deleted", key=key, parent=parent)
    elif (text is not None and not isinstance(text, str)) or not field:
        draft.leave_out("unreadable", key=key, parent=parent)
    else:
        own = post.get("author") if field == "text" else None  # our own shape is read as it was written
        author = own if isinstance(own, str) else author_in(post, "author", "user", "username")
        votes = count_in(post, "votes", "score", "like_count", "likes")
        draft.add(
            Post(
                author=author,
                text=(text or "") if field == "text" else reduce_html(text or ""),
                time=time_in(post, "time", "created_at", "createdAt", "date", "timestamp"),
                votes=votes,
            ),
            key=key,
            parent=parent,
        )
