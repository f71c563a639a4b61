"""A template applied to a page: one pass over its tags, each field going to the innermost post that is open.

Knows where values stand, not what they mean. The time is linear in the page for each template.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tldrkit.threads.html.selectors import Selector, parse_selectors
from tldrkit.threads.html.tags import TAG, VOID, Tag, find_tags, parse_tag
from tldrkit.threads.html.templates import Template

_NAME = 2000  # characters in which an author's name must begin
FIELDS = ("text", "author", "time", "votes", "depth", "more")
_CLOSE_THEMSELVES = frozenset(["p", "li", "tr", "td", "th", "dd", "dt", "option"])
_DELETED = re.compile(r"comment-?deleted|\bdeleted\b|messageDeleted|message--deleted", re.IGNORECASE)

Value = str | slice
"""What an attribute says, or where the content of an element stands."""
PlacedTag = tuple[Tag, int, int]
"""A tag, and where it begins and ends."""
_Hit = tuple[str, int, str]  # a field, which of its selectors means a tag, and the attribute it takes


class Values:
    """The values found for one post or page; of a field's selectors, the first that finds one holds."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, Value]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._found

    def __bool__(self) -> bool:
        return bool(self._found)

    def rank(self, name: str) -> int | None:
        """Tell which selector found the field's value."""
        return self._found[name][0] if name in self._found else None

    def set(self, name: str, rank: int, value: Value) -> None:
        """Note a value."""
        self._found[name] = (rank, value)

    def drop(self, name: str) -> None:
        """Forget the value, so that the next place may give it."""
        self._found.pop(name, None)

    def read(self, name: str) -> Value:
        """Give the value; empty where there is none."""
        return self._found[name][1] if name in self._found else ""


@dataclass
class Found:
    """A post of a page."""

    number: int
    parent: int
    deleted: bool
    values: Values = field(default_factory=Values)


class _Element(NamedTuple):
    """An open element: what its content is the value of, and whether a post ends with it."""

    name: str
    regions: Sequence[tuple[Values, str, int]]
    ends_post: bool


class _Hits(NamedTuple):
    """What a tag is to a template: whether it begins a post, and its first hit for each field."""

    opens: bool
    fields: Sequence[_Hit]
    title: Sequence[_Hit]


def read_tags(html: str) -> list[PlacedTag]:
    """List the tags of a page."""
    found = [(parse_tag(one[0][1:-1]), *one.span()) for one in find_tags(html) if one["name"]]
    return [(tag, start, end) for tag, start, end in found if tag]


class Extraction:
    """The posts and the title a template finds.

    Args:
        template: What to look for.
        html: The page.
        tags: Its tags.
    """

    def __init__(self, template: Template, html: str, tags: Sequence[PlacedTag]) -> None:
        def rules(written: str) -> list[tuple[int, Selector]]:
            return [pair for pair in enumerate(parse_selectors(written)) if pair[1].may_occur(html)]

        self.posts: list[Found] = []
        self.page = Values()
        self._html = html
        self._flat = template.flat
        self._post = rules(template.post)
        self._rules = {"text": rules(template.text)} if self._post else {}
        self._stack: list[_Element] = []
        self._depths: Counter[str] = Counter()
        self._open: list[Found] = []
        self._hits: dict[Tag, _Hits] = {}
        if not self._post or not self._rules["text"]:
            return
        self._rules |= {name: rules(getattr(template, name)) for name in FIELDS if name != "text"}
        self._title = {"title": rules(template.title)}
        for tag, start, end in tags:
            if tag.closes:
                self._leave(tag.name, start)
            else:
                self._enter(tag, start, end)
        while self._stack:
            self._pop(len(html))

    def _enter(self, tag: Tag, start: int, end: int) -> None:
        if tag.name in _CLOSE_THEMSELVES and self._stack and self._stack[-1].name == tag.name:
            self._pop(start)
        hits = self._find_hits(tag)
        if hits.opens:
            self._begin(tag)
        regions: list[tuple[Values, str, int]] = []
        if self._open:
            _look(hits.fields, self._open[-1].values, tag, end, regions, extends=self._flat)
        _look(hits.title, self.page, tag, end, regions, extends=False)
        if tag.name not in VOID:
            self._stack.append(_Element(tag.name, regions, hits.opens and not self._flat))
            self._depths[tag.name] += 1
        elif hits.opens and not self._flat:
            self._open.pop()

    def _find_hits(self, tag: Tag) -> _Hits:
        if tag not in self._hits:
            opens = any(one.matches(tag) for _, one in self._post)
            self._hits[tag] = _Hits(opens, _first_hits(self._rules, tag), _first_hits(self._title, tag))
        return self._hits[tag]

    def _begin(self, tag: Tag) -> None:
        if self._flat:
            self._open = []
        parent = self._open[-1].number if self._open else -1
        deleted = _DELETED.search(tag.attributes.get("class", "")) is not None
        self.posts.append(Found(len(self.posts), parent, deleted))
        self._open.append(self.posts[-1])

    def _leave(self, name: str, start: int) -> None:
        if self._depths[name]:
            while self._pop(start) != name:
                pass

    def _pop(self, end: int) -> str:
        element = self._stack.pop()
        self._depths[element.name] -= 1
        for values, name, rank in element.regions:
            known = values.read(name)
            if values.rank(name) != rank or isinstance(known, str):
                continue
            if name == "author" and not self._has_text(known.start, min(end, known.start + _NAME)):
                values.drop(name)  # such as a link round a picture
            else:
                values.set(name, rank, slice(known.start, end))
        if element.ends_post:
            self._open.pop()
        return element.name

    def _has_text(self, start: int, end: int) -> bool:
        return bool(TAG.sub("", self._html[start:end]).strip())


def _first_hits(rules: Mapping[str, Sequence[tuple[int, Selector]]], tag: Tag) -> list[_Hit]:
    """Find, for each field, the first selector that means the tag."""
    found: list[_Hit] = []
    for name, selectors in rules.items():
        for rank, one in selectors:
            if one.matches(tag):
                found.append((name, rank, one.take))
                break
    return found


def _look(
    hits: Sequence[_Hit],
    values: Values,
    tag: Tag,
    end: int,
    regions: list[tuple[Values, str, int]],
    *,
    extends: bool,
) -> None:
    """Note what the tag holds, unless an earlier selector of the field has found a value.

    Where posts are only marked by their beginnings, what one selector finds again extends the value.
    """
    for name, rank, take in hits:
        known = values.rank(name)
        if known is not None and (rank > known or (rank == known and not extends)):
            continue
        if take:
            values.set(name, rank, tag.attributes[take])
        elif tag.name not in VOID:
            if rank != known:
                values.set(name, rank, slice(end, end))
            regions.append((values, name, rank))
