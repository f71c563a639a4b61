"""Our own shapes and Foru.ms': {id, title, posts}, {id, document}, and a bare list of posts.

The general one: posts may name their fields in many ways, and hold the posts that answer them.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import count
from typing import NamedTuple

from tldrkit.threads.draft import Draft
from tldrkit.threads.html.markup import reduce_html
from tldrkit.threads.json.fields import (
    Fields,
    author_in,
    count_in,
    is_fields,
    key_in,
    text_in,
    time_in,
)
from tldrkit.threads.thread import Post

_IDS = ("id", "_id", "post_id", "postId", "message_id", "comment_id")
_TITLES = ("title", "subject", "topic", "name")
_TEXTS = ("text", "content", "body", "message", "html")
_AUTHORS = (
    *("author", "user", "username", "author_name", "authorName", "user_name", "name"),
    *("poster", "sender", "from", "creator", "by", "speaker"),
)
_TIMES = (
    *("time", "created_at", "createdAt", "date", "timestamp", "created", "posted_at", "published"),
    *("datetime", "datePublished", "created_time"),
)
_VOTES = ("votes", "score", "like_count", "likes", "likeCount", "points", "upvotes")
_PARENTS = (
    *("reply_to", "parent_id", "parentId", "parent_post_id", "reply_to_id", "replyTo", "in_reply_to"),
    "parent",
)
_DELETED = ("deleted", "deleted_at", "deletedAt", "is_deleted")
_LISTS = ("posts", "messages", "comments", "replies", "answers", "children")
_TOPICS = ("thread_id", "threadId", "topic_id", "topicId")


class _Names(NamedTuple):
    """Under which of its keys a post may have what."""

    ids: tuple[str, ...]
    parents: tuple[str, ...]
    texts: tuple[str, ...]
    authors: tuple[str, ...]
    times: tuple[str, ...]
    votes: tuple[str, ...]
    deleted: tuple[str, ...]
    lists: tuple[str, ...]


@lru_cache(maxsize=64)
def _find_names(keys: tuple[str, ...]) -> _Names:
    """Find the names among the keys of a post; other posts of the forum have the same keys."""
    known = (_IDS, _PARENTS, _TEXTS, _AUTHORS, _TIMES, _VOTES, _DELETED, _LISTS)
    given = frozenset(keys)
    return _Names(*[tuple([name for name in names if name in given]) for names in known])


def read_general(value: object) -> list[Draft] | None:
    """Read a thread of posts or a document; None where it is neither."""
    if isinstance(value, list):
        return _read_list(value) if _is_posts(value) else None
    if not is_fields(value):
        return None
    draft = Draft(key_in(value, "id", *_TOPICS, "_id"), text_in(value, *_TITLES))
    posts = _find_posts(value)
    if posts is not None:
        return [_read_posts(draft, value, posts)]
    if isinstance(value.get("document"), str):
        draft.title = ""  # the document already opens with it
        draft.add(Post(author="", text=text_in(value, "document")))
        return [draft]
    if isinstance(value.get("title"), str) and text_in(value, *_TEXTS):
        return [_read_posts(draft, value, [])]
    return None


def _find_posts(thread: Fields) -> list[object] | None:
    """Find the list of posts, which may stand in an object that tells how many there are."""
    for key in _LISTS:
        given = _open_list(thread.get(key), key)
        if given is not None and (key == "posts" or _is_posts(given)):
            return given
    return None


def _open_list(given: object, key: str) -> list[object] | None:
    """Find a list: the value, or what an object holds that tells more of it."""
    if is_fields(given):
        names = ("data", "nodes", "items", key)
        given = next((inner for name in names if isinstance(inner := given.get(name), list)), None)
    return given if isinstance(given, list) else None


def _is_posts(items: list[object]) -> bool:
    first = next((item for item in items if is_fields(item)), None)
    return (
        first is not None
        and not ({"posts", "title", "document"} & first.keys())
        and any(key in first for key in _TEXTS)
        and any(key in first for key in _AUTHORS)
    )


def _read_list(posts: list[object]) -> list[Draft]:
    """Read posts, which may be of several threads."""
    threads: dict[str, list[object]] = {}
    for post in posts:
        threads.setdefault(key_in(post, *_TOPICS) if is_fields(post) else "", []).append(post)
    return [_read_posts(Draft(name), {}, members) for name, members in threads.items()]


def _read_posts(draft: Draft, thread: Fields, posts: Sequence[object]) -> Draft:
    opening = text_in(thread, *_TEXTS)
    if opening and not any(is_fields(post) and post.get("is_op") for post in posts):
        _add_opening(draft, thread, opening, posts)
    ids: set[str] | None = None  # of the posts, found when the first names another
    waiting = [(post, f"#{number}", "") for number, post in enumerate(posts)]
    waiting.reverse()
    numbers = count()  # of answers without ids; names made of paths would grow with the depth
    while waiting:
        post, place, above = waiting.pop()
        if isinstance(post, str):
            draft.add(Post(author="", text=post), key=place, parent=above)
        elif not is_fields(post):
            draft.leave_out("unreadable", parent=above)
        else:
            names = _find_names(tuple(post))
            key = key_in(post, *names.ids) or place
            given = key_in(post, *names.parents)
            if given and ids is None:
                ids = {key_in(one, *_find_names(tuple(one)).ids) for one in posts if is_fields(one)} - {""}
            parent = given if ids and given in ids else f"#{given}" if given and not above else above
            _read_post(draft, post, names, key=key, parent=parent)
            if below := next((found for name in names.lists if (found := _open_list(post[name], name))), []):
                waiting += [(inner, f"/{next(numbers)}", key) for inner in below][::-1]
    draft.expect(count_in(thread, "post_count", "postCount", "posts_count"))
    return draft


def _add_opening(draft: Draft, thread: Fields, opening: str, posts: Sequence[object]) -> None:
    """Add the text a thread itself has, where it is not also its first post."""
    text = reduce_html(opening)
    first = posts[0] if posts and is_fields(posts[0]) else {}
    if text.strip() == reduce_html(text_in(first, *_TEXTS)).strip():
        return
    post = Post(
        author=author_in(thread, *_AUTHORS),
        text=text,
        time=time_in(thread, *_TIMES),
        votes=count_in(thread, *_VOTES),
    )
    draft.add(post, key="#opening")


def _read_post(draft: Draft, post: Fields, names: _Names, *, key: str, parent: str) -> None:
    field = next((name for name in names.texts if text_in(post, name)), "")
    text = text_in(post, field) if field else ""
    if any(map(post.get, names.deleted)):
        draft.leave_out("deleted", key=key, parent=parent)
    elif not field and not any(isinstance(post[name], str | None) for name in names.texts):
        draft.leave_out("unreadable", key=key, parent=parent)
    else:
        own = post.get("author") if field == "text" else None  # our own shape is read as it was written
        draft.add(
            Post(
                author=own if isinstance(own, str) else author_in(post, *names.authors),
                text=text if field == "text" else reduce_html(text),
                time=time_in(post, *names.times),
                votes=count_in(post, *names.votes),
            ),
            key=key,
            parent=parent,
        )
