"""Pages of HTML: the template that finds the most posts in a page reads it, else its schema.org data.

Knows how a template is applied; the templates are in templates.py.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tldrkit.data.threads.draft import Draft
from tldrkit.data.threads.fields import render_time
from tldrkit.data.threads.markup import render_html
from tldrkit.data.threads.schema_org import read_linked_data
from tldrkit.data.threads.selectors import Selector, parse_selectors
from tldrkit.data.threads.tags import VOID, find_tags, read_attributes
from tldrkit.data.threads.templates import TEMPLATES, Template
from tldrkit.data.threads.thread import BrokenThread, Place, Post, Thread
from tldrkit.errors import DataError

_FIELDS = ("text", "author", "time", "votes", "depth")
_CHARSET = re.compile(rb"<meta[^<>]{0,200}charset=[\"']?([\w-]{1,40})", re.IGNORECASE)
_TITLE = re.compile(r"<title[^<>]*>([^<]*)", re.IGNORECASE)
_SITE = re.compile(r"\s+([|•·»–—-]|::)\s+[^|•·»–—]{1,60}$")
_CLOSE_THEMSELVES = frozenset(["p", "li", "tr", "td", "th", "dd", "dt", "option"])
_DELETED = re.compile(r"comment-?deleted|\bdeleted\b|messageDeleted|message--deleted", re.IGNORECASE)


@dataclass(frozen=True)
class _Tag:
    """A start tag (with classes and attributes) or an end tag, and where it stands."""

    name: str
    closes: bool
    start: int
    end: int
    attributes: Mapping[str, str] = field(default_factory=dict)
    classes: frozenset[str] = frozenset()


@dataclass
class _Found:
    """A post being found: for each field how good its selector was, and its value or where it stands."""

    parent: int
    number: int
    deleted: bool
    fields: dict[str, tuple[int, str | slice]] = field(default_factory=dict)


def read_page(data: bytes, place: Place) -> Iterator[Thread | BrokenThread]:
    """Read a page; one without posts says so."""
    html = _decode(data)
    tags = [_build_tag(tag) for tag in find_tags(html) if tag["name"]]
    best: list[tuple[Template, dict[str, str], list[_Found]]] = []
    most = 0
    for template in TEMPLATES:
        page, found = _Reading(template, tags).run()
        count = sum("text" in one.fields for one in found)
        if count > most:
            best, most = [(template, page, found)], count
    if best:
        draft = _build(html, *best[0])
    else:
        linked = read_linked_data(html)
        if linked is None:
            yield place.refuse(
                "The file is a page of HTML without the posts of any forum software that is known."
            )
            return
        draft = linked
    draft.title = draft.title or _page_title(html)
    try:
        yield draft.seal(place.name)
    except DataError as error:
        yield place.refuse(str(error))


def _decode(data: bytes) -> str:
    given = _CHARSET.search(data[:4096])
    for charset in (given[1].decode("ascii") if given else "utf-8", "utf-8"):
        try:
            return data.decode(charset).lstrip("\ufeff")
        except (LookupError, ValueError):
            continue
    return data.decode("cp1252", "replace")


def _build_tag(tag: re.Match[str]) -> _Tag:
    name = tag["name"].lower()
    if tag["close"]:
        return _Tag(name, True, tag.start(), tag.end())
    attributes = read_attributes(tag["attributes"]) if tag["attributes"] else {}
    classes = frozenset(attributes.get("class", "").split())
    return _Tag(name, False, tag.start(), tag.end(), attributes, classes)


class _Reading:
    """One pass over a page's tags by one template; each field goes to the innermost post that is open."""

    def __init__(self, template: Template, tags: list[_Tag]) -> None:
        self._tags = tags
        self._flat = template.flat
        self._post = parse_selectors(template.post)
        self._title = parse_selectors(template.title)
        self._rules = {name: parse_selectors(getattr(template, name)) for name in _FIELDS}
        self._stack: list[
            tuple[str, int, list[tuple[dict[str, tuple[int, str | slice]], str, int]], bool]
        ] = []
        self._depths: Counter[str] = Counter()
        self._open: list[_Found] = []
        self._found: list[_Found] = []
        self._page: dict[str, tuple[int, str | slice]] = {}

    def run(self) -> tuple[dict[str, tuple[int, str | slice]], list[_Found]]:
        """Find the page's own fields and its posts."""
        for tag in self._tags:
            if tag.closes:
                self._leave(tag)
            else:
                self._enter(tag)
        while self._stack:
            self._pop(self._tags[-1].end)
        return self._page, self._found

    def _enter(self, tag: _Tag) -> None:
        if tag.name in _CLOSE_THEMSELVES and self._stack and self._stack[-1][0] == tag.name:
            self._pop(tag.start)
        opens = any(one.matches(tag.name, tag.classes, tag.attributes) for one in self._post)
        if opens:
            self._begin(tag)
        regions: list[tuple[dict[str, tuple[int, str | slice]], str, int]] = []
        if self._open:
            self._look(self._rules, self._open[-1].fields, tag, regions)
        self._look({"title": self._title}, self._page, tag, regions)
        if tag.name not in VOID:
            self._stack.append((tag.name, tag.end, regions, opens and not self._flat))
            self._depths[tag.name] += 1
        elif opens and not self._flat:
            self._open.pop()

    def _begin(self, tag: _Tag) -> None:
        if self._flat:
            self._open = []
        parent = self._open[-1].number if self._open else -1
        deleted = bool(_DELETED.search(tag.attributes.get("class", "")))
        found = _Found(parent, len(self._found), deleted)
        self._found.append(found)
        self._open.append(found)

    def _look(
        self,
        rules: Mapping[str, tuple[Selector, ...]],
        fields: dict[str, tuple[int, str | slice]],
        tag: _Tag,
        regions: list[tuple[dict[str, tuple[int, str | slice]], str, int]],
    ) -> None:
        """Note what the tag holds, unless an earlier selector of the field has been found already."""
        for name, selectors in rules.items():
            known = fields[name][0] if name in fields else len(selectors)
            for rank, one in enumerate(selectors[:known]):
                if one.matches(tag.name, tag.classes, tag.attributes):
                    if one.take:
                        fields[name] = (rank, tag.attributes[one.take])
                    elif tag.name not in VOID:
                        fields[name] = (rank, slice(tag.end, tag.end))
                        regions.append((fields, name, rank))
                    break

    def _leave(self, tag: _Tag) -> None:
        if not self._depths[tag.name]:
            return
        while self._pop(tag.start) != tag.name:
            pass

    def _pop(self, end: int) -> str:
        name, start, regions, closes = self._stack.pop()
        self._depths[name] -= 1
        for fields, what, rank in regions:
            if fields[what][0] == rank:
                fields[what] = (rank, slice(start, end))
        if closes:
            self._open.pop()
        return name


def _build(
    html: str, template: Template, page: Mapping[str, tuple[int, str | slice]], found: list[_Found]
) -> Draft:
    draft = Draft(title=_first_line(_value(html, page, "title")))
    above: list[tuple[int, str]] = []
    for one in found:
        if template.flat and "text" not in one.fields:
            continue  # such a mark stands elsewhere on the page too
        key, parent = f"#{one.number}", f"#{one.parent}"
        if template.depth:
            depth = int(number) if (number := _value(html, one.fields, "depth")).isdigit() else 0
            while above and above[-1][0] >= depth:
                above.pop()
            parent = above[-1][1] if above else ""
            above.append((depth, key))
        _add(draft, html, one, key, parent)
    return draft


def _add(draft: Draft, html: str, one: _Found, key: str, parent: str) -> None:
    text = _value(html, one.fields, "text")
    if (one.deleted and not text) or text in ("[deleted]", "[removed]", "[flagged]"):
        draft.leave_out("deleted", key=key, parent=parent)
        return
    votes = re.search(r"[-−]?\d[\d,]{0,12}", _value(html, one.fields, "votes"))
    time = render_time(_first_line(_value(html, one.fields, "time")))
    draft.add(
        Post(
            author=_first_line(_value(html, one.fields, "author")),
            text=text,
            time=re.sub(r"^(\d{4}-\S+) \d{9,12}$", r"\1Z", time),
            votes=int(votes[0].replace(",", "").replace("−", "-")) if votes else None,
        ),
        key=key,
        parent=parent,
    )


def _value(html: str, fields: Mapping[str, tuple[int, str | slice]], name: str) -> str:
    if name not in fields:
        return ""
    value = fields[name][1]
    return value if isinstance(value, str) else render_html(html[value])


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.split("\n") if line.strip()), "")[:500]


def _page_title(html: str) -> str:
    found = _TITLE.search(html)
    title = " ".join(render_html(found[1]).split()) if found else ""
    return _SITE.sub("", title)
