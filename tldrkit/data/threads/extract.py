"""A template applied to a page: one pass over its tags, each field going to the innermost post that is open.

Knows where values stand, not what they mean. The time is linear in the page for each template.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tldrkit.data.threads.selectors import Selector, parse_selectors
from tldrkit.data.threads.tags import TAG, VOID, find_tags, read_attributes
from tldrkit.data.threads.templates import Template

_NAME = 2000  # characters in which an author's name must begin
FIELDS = ("text", "author", "time", "votes", "depth", "more")
_CLOSE_THEMSELVES = frozenset(["p", "li", "tr", "td", "th", "dd", "dt", "option"])
_DELETED = re.compile(r"comment-?deleted|\bdeleted\b|messageDeleted|message--deleted", re.IGNORECASE)

Value = str | slice
"""What an attribute says, or where the content of an element stands."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A start tag (with classes and attributes) or an end tag, and where it stands."""

    name: str
    closes: bool
    start: int
    end: int
    attributes: Mapping[str, str] = field(default_factory=dict)
    classes: frozenset[str] = frozenset()


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


@dataclass(frozen=True, slots=True)
class _Element:
    """An open element: what its content is the value of, and whether a post ends with it."""

    name: str
    start: int
    regions: Sequence[tuple[Values, str, int]]
    ends_post: bool


def read_tags(html: str) -> list[Tag]:
    """List the tags of a page."""
    return [_build_tag(tag) for tag in find_tags(html) if tag["name"]]


def _build_tag(tag: re.Match[str]) -> Tag:
    name = tag["name"].lower()
    if tag["close"]:
        return Tag(name, True, tag.start(), tag.end())
    attributes = read_attributes(tag["attributes"]) if tag["attributes"] else {}
    classes = frozenset(attributes.get("class", "").split())
    return Tag(name, False, tag.start(), tag.end(), attributes, classes)


class Extraction:
    """The posts and the title a template finds.

    Args:
        template: What to look for.
        html: The page.
        tags: Its tags.
    """

    def __init__(self, template: Template, html: str, tags: Sequence[Tag]) -> None:
        def rules(written: str) -> list[tuple[int, Selector]]:
            return [pair for pair in enumerate(parse_selectors(written)) if pair[1].may_occur(html)]

        self.posts: list[Found] = []
        self.page = Values()
        self._html = html
        self._flat = template.flat
        self._post = rules(template.post)
        self._rules = {name: rules(getattr(template, name)) for name in FIELDS}
        self._title = {"title": rules(template.title)}
        self._stack: list[_Element] = []
        self._depths: Counter[str] = Counter()
        self._open: list[Found] = []
        if not self._post or not self._rules["text"]:
            return
        for tag in tags:
            if tag.closes:
                self._leave(tag)
            else:
                self._enter(tag)
        while self._stack:
            self._pop(len(html))

    def _enter(self, tag: Tag) -> None:
        if tag.name in _CLOSE_THEMSELVES and self._stack and self._stack[-1].name == tag.name:
            self._pop(tag.start)
        opens = any(one.matches(tag.name, tag.classes, tag.attributes) for _, one in self._post)
        if opens:
            self._begin(tag)
        regions: list[tuple[Values, str, int]] = []
        if self._open:
            _look(self._rules, self._open[-1].values, tag, regions, extends=self._flat)
        _look(self._title, self.page, tag, regions, extends=False)
        if tag.name not in VOID:
            self._stack.append(_Element(tag.name, tag.end, regions, opens and not self._flat))
            self._depths[tag.name] += 1
        elif opens and not self._flat:
            self._open.pop()

    def _begin(self, tag: Tag) -> None:
        if self._flat:
            self._open = []
        parent = self._open[-1].number if self._open else -1
        deleted = _DELETED.search(tag.attributes.get("class", "")) is not None
        self.posts.append(Found(len(self.posts), parent, deleted))
        self._open.append(self.posts[-1])

    def _leave(self, tag: Tag) -> None:
        if self._depths[tag.name]:
            while self._pop(tag.start) != tag.name:
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


def _look(
    rules: Mapping[str, Sequence[tuple[int, Selector]]],
    values: Values,
    tag: Tag,
    regions: list[tuple[Values, str, int]],
    *,
    extends: bool,
) -> None:
    """Note what the tag holds, unless an earlier selector of the field has found a value.

    Where posts are only marked by their beginnings, what one selector finds again extends the value.
    """
    for name, selectors in rules.items():
        known = values.rank(name)
        for rank, one in selectors:
            if known is not None and (rank > known or (rank == known and not extends)):
                break
            if one.matches(tag.name, tag.classes, tag.attributes):
                if one.take:
                    values.set(name, rank, tag.attributes[one.take])
                elif tag.name not in VOID:
                    if rank != known:
                        values.set(name, rank, slice(tag.end, tag.end))
                    regions.append((values, name, rank))
                break
