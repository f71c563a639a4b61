"""The blanks and empty lines of a text, and what in it nobody sees.

Knows no markup.
"""

import re
from collections.abc import Iterable
from html import unescape

CODE_BLANK, BREAK = "\x01", "\x02"
"""Marks in a text that is being reduced: a blank of code, and a line end whatever those of its source are."""
MOST_OF_MARKUP = 1_000_000
"""Characters of a post with its markup that are reduced; ten times what is then kept of it."""
_UNMARKED = "\x03"  # invisible as they are
_INVISIBLE = re.compile("[\x00\x02-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u2060\ufeff]")
_LONG_NUMBER = re.compile(r"&#[0-9]{8,}")
_EMPTY_LINES = re.compile(r"\n\n\n+")  # found five times as fast as with {3,}: it begins with characters
_PLAIN_BYTES = bytes(  # of UTF-8, but those that begin blanks and what is invisible
    {*b"\n\x01", *range(0x20, 0x7F), *range(0x80, 0x100)} - {0xC2, 0xE1, 0xE2, 0xE3, 0xEF}
)


def read_entities(text: str) -> str:
    """Read HTML's entities, also those whose numbers are longer than Python reads."""
    try:
        return unescape(text)
    except ValueError:
        return unescape(_LONG_NUMBER.sub("&#9999999", text))  # beyond all characters too


def free_marks(text: str) -> str:
    """Put another character that nobody sees for the marks, where a source holds them."""
    return text.replace(CODE_BLANK, _UNMARKED).replace(BREAK, _UNMARKED)


def tidy(text: str) -> str:
    """Join runs of blanks and of empty lines; blanks of code, given as `CODE_BLANK`, stay."""
    lines: Iterable[str] = map(str.strip, text.split("\n"))
    if "  " in text or not _is_plain(text):
        lines = [line if "  " not in line and line.isprintable() else _tidy_line(line) for line in lines]
    text = join_empty_lines("\n".join(lines))
    if CODE_BLANK in text:
        if f"{CODE_BLANK}\n" in text or text.endswith(CODE_BLANK):
            text = "\n".join([line.rstrip(f" {CODE_BLANK}") for line in text.split("\n")])
        text = text.replace(CODE_BLANK, " ")
    return text.strip("\n")


def _is_plain(text: str) -> bool:
    """Tell whether a text has, at first sight, no blanks but spaces and line ends, and nothing invisible."""
    return not text.encode(errors="surrogatepass").translate(None, _PLAIN_BYTES)


def _tidy_line(line: str) -> str:
    return " ".join(_INVISIBLE.sub("", line).split())


def drop_invisible(text: str) -> str:
    """Leave out control characters and those of no width."""
    return text if text.replace("\n", "").isprintable() else _INVISIBLE.sub("", free_marks(text))


def join_empty_lines(text: str) -> str:
    """Leave one of several empty lines."""
    return _EMPTY_LINES.sub("\n\n", text) if "\n\n\n" in text else text
