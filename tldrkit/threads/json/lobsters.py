"""Lobsters: a story with a flat list of comments, which name their parents or their depth."""

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
from tldrkit.threads.text.markdown import reduce_markdown
from tldrkit.threads.thread import Post

_GONE = ("comment removed by author", "comment removed by moderator", "thread removed by moderator")


def read_lobsters(value: object) -> list[Draft] | None:
    """Read a story, or comments without theirs; None where it is neither."""
    if isinstance(value, list) and value and all(map(_is_comment, value)):
        value = {"comments": value}
    elif not is_fields(value) or "short_id" not in value or "title" not in value:
        return None
    key = key_in(value, "short_id")
    draft = Draft(key, text_in(value, "title"))
    text = _text(value, "description", "description_plain") or text_in(value, "url")
    if "short_id" in value:
        draft.add(_post(value, text, "submitter_user"), key=key)
    above = [key]  # the comments on the way to the last one
    comments = list_in(value, "comments")
    for comment in comments:
        if is_fields(comment):
            above = _read_comment(draft, comment, above)
        else:
            draft.leave_out("unreadable")
    draft.miss((count_in(value, "comment_count") or 0) - len(comments))
    return [draft]


def _is_comment(value: object) -> bool:
    return is_fields(value) and "short_id" in value and "commenting_user" in value


def _read_comment(draft: Draft, comment: Fields, above: list[str]) -> list[str]:
    depth = count_in(comment, "depth", "indent_level")
    given = key_in(comment, "parent_comment")
    place = max(1, min(len(above), depth + (1 if "depth" in comment else 0))) if depth is not None else 1
    key, parent = key_in(comment, "short_id"), given or above[place - 1]
    text = _text(comment, "comment", "comment_plain")
    gone = comment.get("is_deleted") or comment.get("is_moderated")
    if gone or text.strip().lower().startswith(_GONE):
        draft.leave_out("deleted", key=key, parent=parent)
    else:
        draft.add(_post(comment, text, "commenting_user"), key=key, parent=parent)
    return [*above[:place], key]


def _text(item: Fields, html: str, markdown: str) -> str:
    given = text_in(item, html)
    return render_html(given) if given else reduce_markdown(text_in(item, markdown))


def _post(item: Fields, text: str, author: str) -> Post:
    return Post(
        author=author_in(item, author, "user"),
        text=text,
        time=time_in(item, "created_at"),
        votes=count_in(item, "score"),
    )
