"""A template applied to a page: one pass over its tags, each field going to the innermost post that is open.

Knows where values stand, not what they mean. The time is linear in the page for each template.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from tldrkit.errors import DataError
from tldrkit.threads.html.selectors import Selector, list_words, parse_selectors
from tldrkit.threads.html.tags import TAG, VOID, Tag, find_tags, parse_tag
from tldrkit.threads.html.templates import Template

_TAGS, _TAG = 50_000, 20  # tags that any page may have, and characters for which it may have one more
_NAME = 2000  # characters in which an author's name must begin
FIELDS = ("text", "author", "time", "votes", "depth", "more")
_CLOSE_THEMSELVES = frozenset(["p", "li", "tr", "td", "th", "dd", "dt", "option"])
_SIGNATURE = re.compile(
    r"(?<![a-z])(?<!has-)(?<!with-)(?<!show-)(?:post|member|user)?_?sig(?:nature)?[_-]?\d*(?![\w-])",
    re.IGNORECASE,
)
_DELETED = re.compile(r"comment-?deleted|\bdeleted\b|messageDeleted|message--deleted", re.IGNORECASE)

Value = str | slice
"""What an attribute says, or where the content of an element stands."""
PlacedTag = tuple[Tag, int, int]
"""A tag, and where it begins and ends."""
_Hit = tuple[
    str, int, str, int
]  # a field, which of its selectors means a tag, the attribute it takes, its nth


class Values:
    """The values found for one post or page; of a field's selectors, the first that finds one holds."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, Value]] = {}
        self._seen: Counter[tuple[str, int]] = Counter()

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

    def count(self, name: str, rank: int) -> int:
        """Count an element that a selector of the field means."""
        self._seen[name, rank] += 1
        return self._seen[name, rank]

    def drop(self, name: str) -> None:
        """Forget the value, so that the next place may give it."""
        self._found.pop(name, None)

    def read(self, name: str) -> Value:
        """Give the value; empty where there is none."""
        return self._found[name][1] if name in self._found else ""


@dataclass
class FoundPost:
    """What may be a post of a page, with its element's id and classes."""

    number: int
    parent: int
    id: str
    classes: str
    values: Values = field(default_factory=Values)

    @property
    def deleted(self) -> bool:
        """Whether its classes say so."""
        return _DELETED.search(self.classes) is not None


class _Element(NamedTuple):
    """An open element: what its content is the value of, and whether a post or a signature ends with it."""

    name: str
    regions: Sequence[tuple[Values, str, int]]
    ends_post: bool
    ends_signature: bool


class _Hits(NamedTuple):
    """What a tag is to a template: whether it begins a post or a signature, and what it is to each field."""

    opens: bool
    signs: bool
    fields: Sequence[_Hit]
    title: Sequence[_Hit]


def read_tags(html: str) -> list[PlacedTag]:
    """List the tags of a page.

    Raises:
        DataError: They are too many for its length.
    """
    most = _TAGS + len(html) // _TAG
    named = (one for one in find_tags(html) if one["name"])
    found = [(parse_tag(one[0][1:-1]), *one.span()) for one in islice(named, most + 1)]
    if len(found) > most:
        raise DataError(f"The page has more than {_TAGS:,} tags, and hardly anything between them.")
    return [(tag, start, end) for tag, start, end in found if tag]


class Page:
    """A page with its tags, and the words that these have.

    Args:
        html: The page.
    """

    def __init__(self, html: str) -> None:
        self.html = html
        self.tags = read_tags(html)
        self.words = list_words({tag for tag, *_ in self.tags})


class Extraction:
    """The posts and the title a template finds.

    Args:
        template: What to look for.
        page: Where.
    """

    def __init__(self, template: Template, page: Page) -> None:
        def rules(written: str) -> list[tuple[int, Selector]]:
            return [pair for pair in enumerate(parse_selectors(written)) if pair[1].may_occur(page.words)]

        self.posts: list[FoundPost] = []
        post = rules(template.post)
        text = rules(template.text) if post else []
        if not post or not (text or template.head) or template.sign not in page.html:
            return
        self.page = Values()
        self._html = page.html
        self._flat = template.flat
        self._headed = template.head != ""
        self._signatures = 0  # that are open
        self._post = post
        self._stack: list[_Element] = []
        self._depths: Counter[str] = Counter()
        self._open: list[FoundPost] = []
        self._hits: dict[Tag, _Hits] = {}
        self._rules = {"text": text}
        self._rules |= {name: rules(getattr(template, name)) for name in FIELDS if name != "text"}
        self._title = {"title": rules(template.title)}
        for tag, start, end in page.tags:
            if tag.closes:
                self._leave(tag.name, start)
            else:
                self._enter(tag, start, end)
        while self._stack:
            self._pop(len(page.html))

    def _enter(self, tag: Tag, start: int, end: int) -> None:
        if tag.name in _CLOSE_THEMSELVES and self._stack and self._stack[-1].name == tag.name:
            self._pop(start)
        hits = self._find_hits(tag)
        if hits.opens:
            self._begin(tag, start, end)
        signs = hits.signs and self._open != []
        regions: list[tuple[Values, str, int]] = []
        if self._open and not self._signatures:
            _look(hits.fields, self._open[-1].values, tag, end, regions, extends=self._flat)
        _look(hits.title, self.page, tag, end, regions, extends=False)
        if tag.name not in VOID:
            self._stack.append(_Element(tag.name, regions, hits.opens and not self._flat, signs))
            self._depths[tag.name] += 1
            self._signatures += signs
        elif hits.opens and not self._flat:
            self._open.pop()

    def _find_hits(self, tag: Tag) -> _Hits:
        if tag not in self._hits:
            opens = any(one.matches(tag) for _, one in self._post)
            signs = not opens and _signs(tag)
            self._hits[tag] = _Hits(
                opens, signs, _first_hits(self._rules, tag), _first_hits(self._title, tag)
            )
        return self._hits[tag]

    def _begin(self, tag: Tag, start: int, end: int) -> None:
        if self._flat:
            if self._headed and self._open:
                self._set_rest(self._open[0], start)
            self._open = []
            self._signatures = 0
        parent = self._open[-1].number if self._open else -1
        named = (tag.attributes.get("id", ""), tag.attributes.get("class", ""))
        self.posts.append(FoundPost(len(self.posts), parent, *named))
        self._open.append(self.posts[-1])
        if self._headed:
            self.posts[-1].values.set("text", 0, slice(end, len(self._html)))

    @staticmethod
    def _set_rest(post: FoundPost, end: int) -> None:
        """End a post's text, which is all that follows its mark, where the next begins."""
        known = post.values.read("text")
        if isinstance(known, slice):
            post.values.set("text", 0, slice(known.start, end))

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
        if element.ends_signature:
            self._signatures = max(0, self._signatures - 1)
        return element.name

    def _has_text(self, start: int, end: int) -> bool:
        while start < end:
            tag = TAG.match(self._html, start, end)
            if tag is None and not self._html[start].isspace():
                return True
            start = tag.end() if tag else start + 1
        return False


def _signs(tag: Tag) -> bool:
    """Tell whether what a tag holds is a signature, where nothing of a post is looked for."""
    named = tag.attributes.get("class", ""), tag.attributes.get("id", ""), tag.attributes.get("data-role", "")
    return any(name and _SIGNATURE.search(name) for name in named)


def _first_hits(rules: Mapping[str, Sequence[tuple[int, Selector]]], tag: Tag) -> list[_Hit]:
    """Find, for each field, the first selector that means the tag, and those before that count."""
    found: list[_Hit] = []
    for name, selectors in rules.items():
        for rank, one in selectors:
            if one.matches(tag):
                found.append((name, rank, one.take, one.nth))
                if not one.nth:
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
    for name, rank, take, nth in hits:
        if nth and values.count(name, rank) != nth:
            continue
        known = values.rank(name)
        if known is not None and (rank > known or (rank == known and not extends)):
            continue
        if take:
            values.set(name, rank, tag.attributes[take])
        elif tag.name not in VOID:
            if rank != known:
                values.set(name, rank, slice(end, end))
            regions.append((values, name, rank))
