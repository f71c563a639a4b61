"""HTML cut into tags and text, in one pass whose time is linear whatever the page holds.

Knows how tags are written; knows nothing of what they mean. The standard library's parser takes several
times as long, and on some input the square of its length.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain

from tldrkit.threads.text.lines import read_entities

# No part of a tag reaches over a "<", and a comment or script that is not closed goes to the end: so no
# place in the text is looked at from more than one start.
_RAW = r"(?P<raw>script|style|template)\b[^<>]*>"
_DECLARATION = r"[!?](?:doctype|xml|\[)[^<>]*>"
_NAMED = (
    r"(?P<close>/?)(?P<name>[a-z][a-z0-9:-]*)"
    r"(?P<attributes>[\s/][^<>\"']*(?:(?:\"[^\"<]*\"|'[^'<]*')[^<>\"']*)*)?"
)
TAG = re.compile(
    r"<(?:(?=[!?st])"  # most tags are tried in one way alone
    rf"(?:!--(?:.*?-->|.*)|{_RAW}(?:.*?</(?P=raw)\s*>|.*)|{_DECLARATION})|{_NAMED}>)",
    re.IGNORECASE | re.DOTALL,
)
_BEGUN = re.compile(rf"(?=[!?st])(?:(?P<comment>!--)|{_RAW}|{_DECLARATION})|{_NAMED}>", re.IGNORECASE)
_WRITTEN = re.compile(rf"(?!(?:script|style|template)\b){_NAMED}", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    r"([a-z_:@][\w:.@-]*)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?", re.IGNORECASE
)
_SHORT = 200  # characters of a tag that is kept for the next of the same: forums repeat themselves

_VOID_NAMES = "area base br col embed hr img input link meta param source track wbr"
VOID = frozenset(_VOID_NAMES.split())


@dataclass(frozen=True, slots=True, eq=False)
class Tag:
    """A start tag, with attributes and classes, or an end tag; its name is in lower case.

    Each is equal to itself alone, so that what is known of it can be kept in a dictionary.
    """

    name: str
    closes: bool
    attributes: Mapping[str, str] = field(default_factory=dict)
    classes: frozenset[str] = frozenset()


def find_tags(html: str) -> Iterator[re.Match[str]]:
    """Find tags, comments and scripts; the groups `name` and `close` are None in the latter two."""
    return TAG.finditer(html)


def read_tag(cut: tuple[str, str, str], following: Iterator[str]) -> tuple[Tag | None, str]:
    """Read the tag that begins a piece of HTML cut at each "<", and the text behind it.

    Args:
        cut: What follows a "<", up to the next, cut at its first ">".
        following: The pieces behind it, of which comments and scripts take those they reach over.

    Returns:
        None for comments, scripts and what is no tag; and the text, which is all of the piece where it begins
        with no tag.
    """
    written, end, text = cut
    if end and (tag := _parse_again(written) if len(written) < _SHORT else _parse(written)):
        return tag, text
    piece = "".join(cut)
    begun = _BEGUN.match(piece)
    if begun is None:
        return None, f"<{piece}"
    text = piece[begun.end() :]
    if begun["comment"]:
        return None, _skip_comment(text, following)
    if begun["raw"]:
        return None, _skip_raw(begun["raw"].lower(), following)
    return (parse_tag(piece[: begun.end() - 1]) if begun["name"] else None), text


def _skip_comment(text: str, following: Iterator[str]) -> str:
    """Find the text behind the end of a comment."""
    for piece in chain([text], following):
        _, end, rest = piece.partition("-->")
        if end:
            return rest
    return ""


def _skip_raw(name: str, following: Iterator[str]) -> str:
    """Find the text behind the end of a script."""
    for piece in following:
        if piece[: len(name) + 1].lower() == f"/{name}":
            blank, end, rest = piece[len(name) + 1 :].partition(">")
            if end and not blank.strip():
                return rest
    return ""


def parse_tag(written: str) -> Tag | None:
    """Read what stands between "<" and ">"; None where it is no whole tag, or begins a script."""
    return _parse_again(written) if len(written) < _SHORT else _parse(written)


def _parse(written: str) -> Tag | None:
    found = _WRITTEN.fullmatch(written)
    if found is None:
        return None
    close, name, attributes = found.group("close", "name", "attributes")
    if close or not attributes:
        return Tag(name.lower(), close != "")
    read = read_attributes(attributes)
    return Tag(name.lower(), False, read, frozenset(read.get("class", "").split()))


_parse_again = lru_cache(maxsize=4096)(_parse)


def read_attributes(written: str) -> dict[str, str]:
    """Read a tag's attributes, names in lower case; the first of one name holds."""
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(written):
        found.setdefault(name.lower(), read_entities(double or single or bare))
    return found
