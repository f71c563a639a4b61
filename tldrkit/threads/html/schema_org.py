"""schema.org data in pages, as JSON-LD: DiscussionForumPosting, QAPage, and their comments and answers."""

import json
import re
from typing import cast

from tldrkit.threads.draft import Draft
from tldrkit.threads.html.markup import reduce_html
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
from tldrkit.threads.thread import Post

_SCRIPT = re.compile(
    r"<script(?P<attributes>[^<>]*)>(?P<content>(?:(?!</script).)*)", re.IGNORECASE | re.DOTALL
)
_TOPICS = frozenset(["DiscussionForumPosting", "SocialMediaPosting", "Question"])
_INSIDE = ("@graph", "mainEntity", "itemListElement", "item")
_ANSWERS = ("acceptedAnswer", "suggestedAnswer", "comment", "comments")


def read_linked_data(html: str) -> Draft | None:
    """Read the first discussion in a page's JSON-LD; None where there is none."""
    for script in _SCRIPT.finditer(html):
        if "application/ld+json" not in script["attributes"].lower():
            continue
        try:
            value = json.loads(script["content"])
        except (ValueError, RecursionError):
            continue
        topic = _find_topic(value)
        if topic is not None:
            return _read_topic(topic)
    return None


def _find_topic(value: object) -> Fields | None:
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += reversed(value)
        elif is_fields(value):
            if _TOPICS & _types(value):
                return value
            waiting += [value[key] for key in reversed(_INSIDE) if key in value]
    return None


def _types(value: Fields) -> set[str]:
    given = value.get("@type")
    names = given if isinstance(given, list) else [given]
    return {name.rpartition("/")[2] for name in names if isinstance(name, str)}


def _read_topic(topic: Fields) -> Draft:
    draft = Draft(key_in(topic, "identifier"), text_in(topic, "headline", "name"))
    waiting: list[tuple[object, str]] = [(topic, "")]
    number = 0
    while waiting:
        item, parent = waiting.pop()
        if not is_fields(item):
            draft.leave_out("unreadable", parent=parent)
            continue
        number += 1
        key = f"#{number}"
        draft.add(_post(item), key=key, parent=parent)
        below = [answer for name in _ANSWERS for answer in _listed(item, name)]
        waiting += [(answer, key) for answer in reversed(below)]
    total = count_in(topic, "answerCount", "commentCount")
    draft.miss((total or 0) - number + 1)
    return draft


def _listed(item: Fields, name: str) -> list[object]:
    given = item.get(name)
    return [given] if is_fields(given) else list_in(item, name)


def _post(item: Fields) -> Post:
    authors = item.get("author")
    author = authors[0] if isinstance(authors, list) and authors else authors
    votes = count_in(item, "upvoteCount")
    return Post(
        author=author_in({"author": cast(object, author)}, "author"),
        text=reduce_html(text_in(item, "text", "articleBody", "description")),
        time=time_in(item, "datePublished", "dateCreated"),
        votes=votes
        if votes is not None
        else count_in(fields_in(item, "interactionStatistic"), "userInteractionCount"),
    )
