"""Redmine: an issue with its journals, as its REST API gives them; changes without notes are events."""

from tldrkit.threads.draft import Draft
from tldrkit.threads.html.markup import reduce_html
from tldrkit.threads.json.fields import Fields, fields_in, is_fields, key_in, list_in, text_in, time_in
from tldrkit.threads.thread import Post


def read_redmine(value: object) -> list[Draft] | None:
    """Read one issue, or a list of them; None where it is neither."""
    if not is_fields(value):
        return None
    given = fields_in(value, "issue")
    issues = [one for one in ([given] if given else list_in(value, "issues")) if is_fields(one)]
    if not issues or not all(map(_is_issue, issues)):
        return None
    return [_read(issue) for issue in issues]


def _is_issue(item: Fields) -> bool:
    return "subject" in item and "description" in item and ("tracker" in item or "journals" in item)


def _read(issue: Fields) -> Draft:
    draft = Draft(key_in(issue, "id"), text_in(issue, "subject"))
    draft.add(_build(issue, "author", "description"), key="#issue")
    for journal in list_in(issue, "journals"):
        if not is_fields(journal):
            draft.leave_out("unreadable")
        elif text_in(journal, "notes"):
            draft.add(_build(journal, "user", "notes"), key=key_in(journal, "id"), parent="#issue")
        else:
            draft.leave_out("event", key=key_in(journal, "id"), parent="#issue")
    return draft


def _build(item: Fields, author: str, text: str) -> Post:
    return Post(
        author=text_in(fields_in(item, author), "name"),
        text=reduce_html(text_in(item, text)),
        time=time_in(item, "created_on"),
    )
