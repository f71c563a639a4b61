"""Phabricator: a task of maniphest.search and the comments among its transactions.

Names of people are no part of what it answers with; `users` of user.search may stand beside.
"""

import re
from collections.abc import Mapping

from tldrkit.threads.draft import Draft
from tldrkit.threads.json.fields import Fields, fields_in, is_fields, key_in, list_in, text_in, time_in
from tldrkit.threads.text.markdown import reduce_markdown
from tldrkit.threads.thread import Post

_LINK = re.compile(r"\[\[ ?([^\[\]|\n]{1,500}?) ?(?:\| ?([^\[\]\n]{1,300}?) ?)?\]\]")
_HEADING = re.compile(r"^(={1,5}) (.{1,300}?) ?=*$", re.MULTILINE)


def read_phabricator(value: object) -> list[Draft] | None:
    """Read tasks, transactions, or both side by side; None where it is none. Other changes are events."""
    if not is_fields(value) and not isinstance(value, list):
        return None
    tasks = [one for one in _open(value, "task", "tasks") if is_fields(one) and _is_task(one)]
    by_number = fields_in(value, "result").values() if is_fields(value) else ()
    changes = [one for inner in by_number if isinstance(inner, list) for one in inner if not tasks]
    changes = changes if any(map(_is_change, changes)) else _open(value, "transactions", "result")
    known = [one for one in changes if is_fields(one) and _is_change(one)]
    if not tasks and not known:
        return None
    people = _name_people(_open(value, "users")) if is_fields(value) else {}
    if not tasks:
        return [_read({}, changes, people)]
    by_task: dict[str, list[object]] = {}
    for one in known:
        by_task.setdefault(text_in(one, "objectPHID"), []).append(one)
    return [_read(task, by_task.get(text_in(task, "phid"), []), people) for task in tasks]


def _open(value: object, *keys: str) -> list[object]:
    """List what is under one of the keys, or is the value, within the wrappers of an answer."""
    if is_fields(value):
        value = next((value[key] for key in keys if isinstance(value.get(key), dict | list)), value)
    for key in ("result", "data"):
        if is_fields(value) and isinstance(value.get(key), dict | list):
            value = value[key]
    return value if isinstance(value, list) else [value]


def _is_task(item: Fields) -> bool:
    return "name" in fields_in(item, "fields") and text_in(item, "phid").startswith("PHID-")


def _is_change(item: object) -> bool:
    return (
        is_fields(item)
        and "authorPHID" in item
        and ("objectPHID" in item or "transactionType" in item)
        and "comments" in item
    )


def _name_people(users: list[object]) -> dict[str, str]:
    return {
        text_in(one, "phid"): text_in(fields_in(one, "fields") or one, "username", "userName", "realName")
        for one in users
        if is_fields(one)
    }


def _read(task: Fields, changes: list[object], people: Mapping[str, str]) -> Draft:
    fields = fields_in(task, "fields")
    draft = Draft(key_in(task, "id") and f"T{key_in(task, 'id')}", text_in(fields, "name"))
    if task:
        text = text_in(fields_in(fields, "description"), "raw") or text_in(fields, "description")
        author = people.get(text_in(fields, "authorPHID"), "")
        draft.add(Post(author=author, text=_reduce(text), time=time_in(fields, "dateCreated")), key="#task")
    known = [one for one in changes if is_fields(one)]
    for one in sorted(known, key=lambda one: time_in(one, "dateCreated")):
        key = text_in(one, "phid", "transactionPHID")
        said = [comment for comment in list_in(one, "comments") if is_fields(comment)]
        text = text_in(fields_in(said[0], "content"), "raw") if said else text_in(one, "comments")
        if said and said[0].get("removed") is True:
            draft.leave_out("deleted", key=key, parent="#task")
        elif not text:
            draft.leave_out("event", key=key, parent="#task")
        else:
            author = people.get(text_in(one, "authorPHID"), "")
            post = Post(author=author, text=_reduce(text), time=time_in(one, "dateCreated"))
            draft.add(post, key=key, parent="#task")
    for _ in range(len(changes) - len(known)):
        draft.leave_out("unreadable")
    return draft


def _reduce(text: str) -> str:
    """Reduce Remarkup, which is Markdown but for links and headings."""
    return reduce_markdown(_HEADING.sub(r"\2", _LINK.sub(lambda found: found[2] or found[1], text)))
