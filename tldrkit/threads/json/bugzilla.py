"""Bugzilla: a bug and its comments, as its REST API gives them; comment 0 describes the bug."""

import re

from tldrkit.threads.chat.channel import find_messages
from tldrkit.threads.draft import Draft
from tldrkit.threads.json.fields import Fields, fields_in, is_fields, key_in, list_in, text_in, time_in
from tldrkit.threads.thread import Post

_ANSWERED = re.compile(
    r"\(In reply to [^()\n]{0,200}?(?:\([^()\n]{0,100}\) ?)?from comment #([0-9]{1,6})\)\n?"
)
_NOTICE = re.compile(r"\s*\*\*\* .{1,200} \*\*\*\s*")  # This bug has been marked as a duplicate of bug 3
_ATTACHED = re.compile(r"(?:Created attachment|Comment on attachment) [0-9]{1,9}\n?")


def read_bugzilla(value: object) -> list[Draft] | None:
    """Read bugs with their comments, comments by their bugs, or a list of comments; None where it is none."""
    if isinstance(value, list):
        comments = find_messages(value, _is_comment)
        return None if comments is None else [_read({}, comments)]
    if not is_fields(value):
        return None
    bug = fields_in(value, "bug") or value
    by_bug = {key: inner for key, inner in fields_in(value, "bugs").items() if is_fields(inner)}
    given = find_messages(value, _is_comment, "comments") or find_messages(bug, _is_comment, "comments")
    if by_bug:
        lists = {key: find_messages(inner, _is_comment, "comments") for key, inner in by_bug.items()}
        return [_read({"id": key}, found) for key, found in lists.items() if found] or None
    if given is not None:
        bugs = [one for one in list_in(value, "bugs") if is_fields(one)]
        return [_read(bug if "summary" in bug else next(iter(bugs), {}), given)]
    whole = [one for one in list_in(value, "bugs") if is_fields(one)]
    if not any(find_messages(one, _is_comment, "comments") for one in whole):
        return None
    return [_read(one, list_in(one, "comments")) for one in whole]


def _is_comment(item: Fields) -> bool:
    return "bug_id" in item and "creator" in item and ("text" in item or "raw_text" in item)


def _read(bug: Fields, comments: list[object]) -> Draft:
    first = next(filter(is_fields, comments), {})
    draft = Draft(key_in(bug, "id") or key_in(first, "bug_id"), text_in(bug, "summary"))
    for number, one in enumerate(comments):
        if not is_fields(one):
            draft.leave_out("unreadable")
            continue
        key = key_in(one, "count") or f"{number}"
        text = text_in(one, "text", "raw_text")
        answered = _ANSWERED.search(text)
        parent = answered[1] if answered else "0" if key != "0" else ""
        if _NOTICE.fullmatch(text):
            draft.leave_out("event", key=key, parent=parent)
            continue
        text = _ATTACHED.sub("", _ANSWERED.sub("", text), count=1)
        author = _find_author(one)
        draft.add(
            Post(author=author, text=text.strip(), time=time_in(one, "creation_time", "time")),
            key=key,
            parent=parent,
        )
    return draft


def _find_author(comment: Fields) -> str:
    """Find a person's name, else what stands before the @ of their address, as the site shows it."""
    person = fields_in(comment, "creator_detail")
    return text_in(person, "nick", "real_name") or text_in(comment, "creator", "author").partition("@")[0]
