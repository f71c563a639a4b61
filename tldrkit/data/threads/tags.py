"""HTML cut into tags and text, in one pass whose time is linear whatever the page holds.

Knows how tags are written; knows nothing of what they mean. The standard library's parser takes several
times as long, and on some input the square of its length.
"""

import re
from collections.abc import Iterator
from html import unescape

# No part of a tag reaches over a "<", and a comment or script that is not closed goes to the end: so no
# place in the text is looked at from more than one start.
TAG = re.compile(
    r"<!--(?:.*?-->|.*)"
    r"|<(?P<raw>script|style|template)\b[^<>]*>(?:.*?</(?P=raw)\s*>|.*)"
    r"|<(?P<close>/?)(?P<name>[a-z][a-z0-9:-]*)"
    r"(?P<attributes>(?:[\s/][^<>\"']*(?:(?:\"[^\"<]*\"|'[^'<]*')[^<>\"']*)*)?)>"
    r"|<[!?](?:doctype|xml|\[)[^<>]*>",
    re.IGNORECASE | re.DOTALL,
)
_ATTRIBUTE = re.compile(
    r"([a-z_:@][\w:.@-]*)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?", re.IGNORECASE
)

_VOID_NAMES = "area base br col embed hr img input link meta param source track wbr"
VOID = frozenset(_VOID_NAMES.split())


def find_tags(html: str) -> Iterator[re.Match[str]]:
    """Find tags, comments and scripts; the groups `name` and `close` are None in the latter two."""
    return TAG.finditer(html)


def read_attributes(written: str) -> dict[str, str]:
    """Read a tag's attributes, names in lower case; the first of one name holds."""
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(written):
        found.setdefault(name.lower(), unescape(double or single or bare))
    return found
