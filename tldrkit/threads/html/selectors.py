"""Selectors: the few forms of CSS that the tables of templates use, and `@name` for an attribute's value.

`div.post[id^=p]@data-author` means the attribute data-author of a div of class post whose id begins with p.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from tldrkit.threads.html.tags import Tag

_PART = re.compile(
    r"\.(?P<cls>[\w-]+)|#(?P<id>[\w-]+)|\[(?P<name>[\w-]+)(?:(?P<how>[\^*]?=)(?P<value>[^\]]*))?\]|@(?P<take>[\w-]+)"
)


@dataclass(frozen=True)
class Selector:
    """What an element must be, and which attribute is meant (empty: its content)."""

    tag: str
    classes: frozenset[str]
    attributes: tuple[tuple[str, str, str], ...]
    take: str
    needed: tuple[str, ...]
    """What must stand in a page that holds such an element."""

    def may_occur(self, html: str) -> bool:
        """Tell, quickly, whether a page can hold such an element at all."""
        return all(map(html.__contains__, self.needed))

    def matches(self, tag: Tag) -> bool:
        """Tell whether an element is meant."""
        return (
            (not self.tag or self.tag == tag.name)
            and self.classes <= tag.classes
            and (not self.take or self.take in tag.attributes)
            and all(_holds(tag.attributes.get(name), how, value) for name, how, value in self.attributes)
        )


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
    classes, attributes, take = [], [], ""
    for part in _PART.finditer(written):
        if part["cls"]:
            classes.append(part["cls"])
        elif part["id"]:
            attributes.append(("id", "=", part["id"]))
        elif part["name"]:
            attributes.append((part["name"], part["how"] or "", part["value"] or ""))
        else:
            take = part["take"]
    name = tag[0] if tag else ""
    needed = (*classes, *[value or key for key, _, value in attributes], take, f"<{name}")
    return Selector(name, frozenset(classes), tuple(attributes), take, needed)
