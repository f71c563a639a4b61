"""Selectors: the few forms of CSS that the tables of templates use, and `@name` for an attribute's value.

`div.post[id^=p]@data-author` means the attribute data-author of a div of class post whose id begins with p.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

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

    def may_occur(self, html: str) -> bool:
        """Tell, quickly, whether a page can hold such an element at all."""
        names = [*self.classes, *(value or name for name, _, value in self.attributes), self.take]
        return all(name in html for name in names) and (not self.tag or f"<{self.tag}" in html)

    def matches(self, tag: str, classes: frozenset[str], attributes: Mapping[str, str]) -> bool:
        """Tell whether an element is meant."""
        return (
            (not self.tag or self.tag == tag)
            and self.classes <= classes
            and (not self.take or self.take in attributes)
            and all(_holds(attributes.get(name), how, value) for name, how, value in self.attributes)
        )


def _holds(given: str | None, how: str, value: str) -> bool:
    if given is None:
        return False
    if how == "^=":
        return given.startswith(value)
    return value in given if how == "*=" else not how or given == value


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
    return Selector(tag[0] if tag else "", frozenset(classes), tuple(attributes), take)
