"""YouTube's comments: the API's commentThreads and comments, and the info.json of yt-dlp."""

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


def read_youtube(value: object) -> list[Draft] | None:
    """Read comments, a thread for each video; None where it is none."""
    if is_fields(value) and find_messages(value, _is_saved, "comments") is not None:
        return [_read_saved(value)]
    items = find_messages(value, _is_item, "items")
    if items is None and is_fields(value) and _is_item(value):
        items = [value]
    if items is None:
        return None
    videos: dict[str, Draft] = {}
    for item in items:
        snippet = fields_in(item, "snippet") if is_fields(item) else {}
        video = key_in(snippet, "videoId") or next(iter(videos), "")
        draft = videos.setdefault(video, Draft(video))
        if is_fields(item) and snippet:
            _read_item(draft, item, snippet)
        else:
            draft.leave_out("unreadable")
    return list(videos.values())


def _is_item(item: Fields) -> bool:
    snippet = fields_in(item, "snippet")
    return "topLevelComment" in snippet or "textDisplay" in snippet or "textOriginal" in snippet


def _is_saved(item: Fields) -> bool:
    return "text" in item and ("author_thumbnail" in item or item.get("parent") == "root")


def _read_item(draft: Draft, item: Fields, snippet: Fields) -> None:
    top = fields_in(snippet, "topLevelComment")
    if not top:
        draft.add(_build(snippet), key=key_in(item, "id"), parent=key_in(snippet, "parentId"))
        return
    key = key_in(top, "id") or key_in(item, "id")
    draft.add(_build(fields_in(top, "snippet")), key=key)
    replies = list_in(fields_in(item, "replies"), "comments")
    for reply in sorted(
        filter(is_fields, replies), key=lambda one: time_in(fields_in(one, "snippet"), "publishedAt")
    ):
        draft.add(_build(fields_in(reply, "snippet")), key=key_in(reply, "id"), parent=key)
    draft.miss((count_in(snippet, "totalReplyCount") or 0) - len(replies))


def _build(snippet: Fields) -> Post:
    shown = text_in(snippet, "textDisplay")
    return Post(
        author=text_in(snippet, "authorDisplayName"),
        text=render_html(shown) if shown else text_in(snippet, "textOriginal"),
        time=time_in(snippet, "publishedAt"),
        votes=count_in(snippet, "likeCount"),
    )


def _read_saved(video: Fields) -> Draft:
    """Read what yt-dlp saved; answers go behind their comment, however the list is sorted."""
    draft = Draft(key_in(video, "id"), text_in(video, "title", "fulltitle"))
    comments = list_in(video, "comments")
    below: dict[str, list[Fields]] = {}
    known = {key_in(one, "id") for one in comments if is_fields(one)}
    for one in comments:
        if is_fields(one):
            parent = key_in(one, "parent")
            below.setdefault(parent if parent in known else "", []).append(one)
        else:
            draft.leave_out("unreadable")
    waiting = below.pop("", [])[::-1]
    while waiting:
        one = waiting.pop()
        key = key_in(one, "id")
        post = Post(
            author=text_in(one, "author"),
            text=text_in(one, "text"),
            time=time_in(one, "timestamp"),
            votes=count_in(one, "like_count"),
        )
        draft.add(post, key=key, parent=key_in(one, "parent"))
        waiting += below.pop(key, [])[::-1]
    draft.expect(count_in(video, "comment_count"))
    return draft
