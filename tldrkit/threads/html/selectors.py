"""Selectors: the few forms of CSS that the tables of templates use, `@name` for an attribute's value, `:nth`.

`div.post[id^=p]@data-author` means the attribute data-author of a div of class post whose id begins with p;
`strong:nth(2)` the second strong element of a post, where print views have no classes.
"""

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache

from tldrkit.threads.html.tags import Tag

_PART = re.compile(
    r"\.(?P<cls>[\w-]+)|#(?P<id>[\w-]+)|\[(?P<name>[\w-]+)(?:(?P<how>[\^*]?=)(?P<value>[^\]]*))?\]|@(?P<take>[\w-]+)"
    r"|:nth\((?P<nth>\d+)\)"
)


@dataclass(frozen=True)
class Selector:
    """What an element must be, and which attribute is meant (empty: its content)."""

    tag: str
    classes: frozenset[str]
    attributes: tuple[tuple[str, str, str], ...]
    take: str
    needed: tuple[str, ...]
    """The words of a page that holds such an element; see `list_words`."""
    nth: int = 0
    """Which of such elements in a post is meant (0: any)."""

    def may_occur(self, words: AbstractSet[str]) -> bool:
        """Tell, quickly, whether a page whose tags have these words can hold such an element at all."""
        return all(map(words.__contains__, self.needed))

    def matches(self, tag: Tag) -> bool:
        """Tell whether an element is meant."""
        return (
            (not self.tag or self.tag == tag.name)
            and self.classes <= tag.classes
            and (not self.take or self.take in tag.attributes)
            and all(_holds(tag.attributes.get(name), how, value) for name, how, value in self.attributes)
        )


def list_words(tags: Iterable[Tag]) -> frozenset[str]:
    """List what the tags of a page are called: ``a``, ``a.class``, ``a[attribute``, and without the name."""
    words = {""}
    for tag in tags:
        for name in () if tag.closes else ("", tag.name):
            words.add(name)
            words.update([f"{name}.{one}" for one in tag.classes])
            words.update([f"{name}[{key}" for key in tag.attributes])
    return frozenset(words)


def _holds(given: str | None, how: str, value: str) -> bool:
    if given is None:
        return False
    if how == "^=":
        return given.startswith(value)
    return value in given if how == "*=" else not how or given == value


@lru_cache(maxsize=1024)
def parse_selectors(written: str) -> tuple[Selector, ...]:
    """Parse selectors set apart by commas, the likeliest first."""
    return tuple(_parse(one.strip()) for one in written.split(",") if one.strip())


def _parse(written: str) -> Selector:
    tag = re.match(r"[a-z0-9]*", written)
    classes, attributes, take, nth = [], [], "", 0
    for part in _PART.finditer(written):
        if part["cls"]:
            classes.append(part["cls"])
        elif part["id"]:
            attributes.append(("id", "=", part["id"]))
        elif part["name"]:
            attributes.append((part["name"], part["how"] or "", part["value"] or ""))
        elif part["nth"]:
            nth = int(part["nth"])
        else:
            take = part["take"]
    name = tag[0] if tag else ""
    keys = [key for key, *_ in attributes] + ([take] if take else [])
    needed = (name, *[f"{name}.{one}" for one in classes], *[f"{name}[{key}" for key in keys])
    return Selector(name, frozenset(classes), tuple(attributes), take, needed, nth)
