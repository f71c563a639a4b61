"""StackExchange API: questions, each followed by its comments, then answers by worth with theirs."""

from collections.abc import Iterable

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
from tldrkit.threads.text.markdown import reduce_markdown
from tldrkit.threads.thread import Post

_IDS = ("question_id", "answer_id", "comment_id")


def read_stackexchange(value: object) -> list[Draft] | None:
    """Read questions, or answers and comments without theirs; None where it is neither."""
    if is_fields(value) and isinstance(value.get("items"), list):
        value = value["items"]
    items = value if isinstance(value, list) else [value]
    known = [item for item in items if is_fields(item) and _is_item(item)]
    if not known or len(known) < len(items) / 2:
        return None
    drafts: list[Draft] = []
    by_question: dict[str, Draft] = {}
    awaited: dict[str, int] = {}  # answers each question says it has
    for item in known:
        if "answer_id" not in item and "comment_id" not in item:
            drafts.append(Draft(key_in(item, "question_id"), read_entities(text_in(item, "title"))))
            by_question[drafts[-1].id] = drafts[-1]
            awaited[drafts[-1].id] = _count_missing(item)
            _read_question(drafts[-1], item)
    parts = [item for item in known if "answer_id" in item or "comment_id" in item]
    for item in _by_worth(parts):
        question = key_in(item, "question_id", "post_id")
        if question not in by_question:
            drafts.append(Draft(question, read_entities(text_in(item, "title"))))
            by_question[question] = drafts[-1]
        awaited[question] = awaited.get(question, 0) - ("answer_id" in item)
        _read_answer(by_question[question], item, f"q{question}")
    for question, draft in by_question.items():
        draft.miss(awaited[question])
    for _ in range(len(items) - len(known)):
        drafts[0].leave_out("unreadable")
    return drafts


def _is_item(item: Fields) -> bool:
    return any(isinstance(item.get(key), int | str) for key in _IDS) and (
        "owner" in item or "creation_date" in item or "body" in item or "body_markdown" in item
    )


def _count_missing(question: Fields) -> int:
    return (count_in(question, "answer_count") or 0) - len(list_in(question, "answers"))


def _by_worth(answers: Iterable[Fields]) -> list[Fields]:
    """Order answers as the site does: the accepted one, then by votes, then by age."""
    return sorted(
        answers,
        key=lambda item: (
            item.get("is_accepted") is not True,
            -(count_in(item, "score") or 0),
            time_in(item, "creation_date"),
        ),
    )


def _read_question(draft: Draft, item: Fields) -> None:
    key = f"q{key_in(item, 'question_id')}"
    draft.add(_post(item), key=key)
    _read_comments(draft, item, key)
    answers = list_in(item, "answers")
    known = [answer for answer in answers if is_fields(answer)]
    for answer in _by_worth(known):
        _read_answer(draft, answer, key)
    for _ in range(len(answers) - len(known)):
        draft.leave_out("unreadable", parent=key)


def _read_answer(draft: Draft, item: Fields, question: str) -> None:
    key = f"a{key_in(item, 'answer_id')}" if "answer_id" in item else ""
    draft.add(_post(item), key=key, parent=question)
    _read_comments(draft, item, key)


def _read_comments(draft: Draft, item: Fields, parent: str) -> None:
    comments = list_in(item, "comments")
    for comment in comments:
        if is_fields(comment):
            draft.add(_post(comment), key=f"c{key_in(comment, 'comment_id')}", parent=parent)
        else:
            draft.leave_out("unreadable", parent=parent)
    if "comments" in item:
        draft.miss((count_in(item, "comment_count") or 0) - len(comments))


def _post(item: Fields) -> Post:
    body = text_in(item, "body")
    text = render_html(body) if body else reduce_markdown(text_in(item, "body_markdown"), escaped=True)
    return Post(
        author=read_entities(author_in(item, "owner")),
        text=text,
        time=time_in(item, "creation_date"),
        votes=count_in(item, "score"),
    )
