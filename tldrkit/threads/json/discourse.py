"""Discourse: a topic (/t/ID.json), posts of a topic (/t/ID/posts.json), and lists of posts."""

import re

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
from tldrkit.threads.text.markdown import reduce_markdown
from tldrkit.threads.thread import Post

_TITLE = re.compile(r"<h[34][^<>]{0,300}>\s{0,50}(?:<a[^<>]{0,3000}>)?([^<>]{1,500})<")
_SOURCE = re.compile(r"(?:data-onebox-src|href)=\"([^\"<>]{1,3000})\"")
_VIDEO = re.compile(r"<div [^<>]{0,1000}data-video-title=\"([^\"<>]{1,500})\"[^<>]{0,1000}>")
_VOTERS = re.compile(r"<span class=\"info-(?:number|label)\">[^<>]{0,50}</span>")
_NOTE = re.compile(r"<li id=\"footnote-(?:[0-9]{1,12}-)?([0-9]{1,4})\"[^<>]{0,200}>\s{0,50}<p>")
_BACK = re.compile(r"<a href=\"#footnote-ref[^<>]{0,300}>[^<>]{0,20}</a>")
_MODERATION = 3  # post_type of small actions: "closed this topic"


def read_discourse(value: object) -> list[Draft] | None:
    """Read a topic; None where it is none. Likes are the votes."""
    if isinstance(value, list):
        return _read_list({}, value) if value and all(map(_is_post, value)) else None
    if not is_fields(value):
        return None
    if isinstance(value.get("post_stream"), dict):
        stream = fields_in(value, "post_stream")
        return [_read_topic(value, list_in(stream, "posts"), len(list_in(stream, "stream")))]
    posts = list_in(value, "latest_posts", "posts")
    if posts and all(map(_is_post, posts)):
        return _read_list(value, posts)
    return [_read_topic({}, [value], 0)] if _is_post(value) else None


def _is_post(value: object) -> bool:
    return is_fields(value) and "post_number" in value and ("cooked" in value or "raw" in value)


def _read_list(topic: Fields, posts: list[object]) -> list[Draft]:
    """Read posts, which may be of several topics."""
    topics: dict[str, list[object]] = {}
    for post in posts:
        topics.setdefault(key_in(post, "topic_id") if is_fields(post) else "", []).append(post)
    return [_read_topic(topic, members, 0) for members in topics.values()]


def _read_topic(topic: Fields, posts: list[object], expected: int) -> Draft:
    first = next(filter(is_fields, posts), {})
    title = text_in(topic, "title", "fancy_title") or text_in(first, "topic_title")
    draft = Draft(key_in(topic, "id") or key_in(first, "topic_id"), title)
    for number, post in enumerate(posts, start=1):
        if is_fields(post):
            _read_post(draft, post, key_in(post, "post_number") or str(number))
        else:
            draft.leave_out("unreadable")
    draft.expect(max(expected, count_in(topic, "posts_count") or 0, count_in(first, "posts_count") or 0))
    return draft


def _read_post(draft: Draft, post: Fields, number: str) -> None:
    parent = key_in(post, "reply_to_post_number")
    if post.get("deleted_at") or post.get("user_deleted") is True or post.get("hidden") is True:
        draft.leave_out("deleted", key=number, parent=parent)
        return
    if count_in(post, "post_type") == _MODERATION:
        draft.leave_out("moderation", key=number, parent=parent)
        return
    cooked = text_in(post, "cooked")
    text = render_html(_plain(cooked)) if cooked else reduce_markdown(text_in(post, "raw"))
    draft.add(
        Post(
            author=text_in(post, "username", "display_username", "name"),
            text=text,
            time=time_in(post, "created_at"),
            votes=_likes(post),
        ),
        key=number,
        parent=parent,
    )


def _plain(cooked: str) -> str:
    """Put the title of a linked page, or its address, for the box Discourse makes of it; number footnotes."""
    if "onebox" in cooked:
        head, *boxes = cooked.split('<aside class="onebox')
        for box in boxes:
            inside, _, rest = box.partition("</aside>")
            head += f"<p>{_name_link(inside)}</p>{rest}"
        cooked = head
    if "data-video-title" in cooked:
        cooked = _VIDEO.sub(r"<p>\1</p>", cooked)
    if "poll-info" in cooked:
        cooked = _VOTERS.sub("", cooked)
    if "footnote" in cooked:
        cooked = _NOTE.sub(r"<p>[\1] ", _BACK.sub("", cooked))
    return cooked


def _name_link(box: str) -> str:
    title = _TITLE.search(box)
    source = _SOURCE.search(box)
    return (title[1].strip() if title else "") or (source[1] if source else "")


def _likes(post: Fields) -> int | None:
    """Find the likes, the second of Discourse's kinds of action; the score is of another measure."""
    actions = [action for action in list_in(post, "actions_summary") if is_fields(action)]
    given = next((count_in(action, "count") for action in actions if action.get("id") == 2), None)
    return given if given is not None else count_in(post, "like_count", "reaction_users_count")
