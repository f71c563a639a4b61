"""Texts as they are shown: numbers with what they count, and nothing that a terminal or a page would obey."""

import html
import re
from collections.abc import Sequence

_BREAKS = "\t\n"  # control characters that are plain text
_CONTROL = {code: "\ufffd" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in _BREAKS}
_ESCAPED = {code: f"\\u{code:04x}" for code in range(0x7F, 0xA0)}
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\n]")
_CLAUSE = 300  # characters of what a library says


def show_text(text: str) -> str:
    """Put the replacement character for every control character but tabs and line ends.

    Those of terminals (ESC, CSI, backspace, bells) could move the cursor, rename the window or hide words.
    """
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_CONTROL)


def show_cell(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would compute: it then shows the text."""
    shown = show_text(text)
    return f"'{shown}" if _FORMULA.match(shown) else shown


def escape_json(text: str) -> str:
    """Escape in a JSON text the control characters that `json.dumps` leaves; it means the same."""
    return text.translate(_ESCAPED)


def count_noun(number: float, one: str, many: str = "") -> str:
    """Say a number with what it counts: `1 thread`, `2 threads`, `1,024 threads`.

    Args:
        number: How many.
        one: What one of them is called; a verb that agrees with it may follow.
        many: What others are called; with an s at its end where not given.
    """
    return f"{number:,}".removesuffix(".0") + f" {one if number == 1 else many or f'{one}s'}"


def show_bytes(number: float) -> str:
    """Say a number of bytes: `1.2 GB`, `160 MB`, `57 KB`."""
    if number >= 1e9:
        return f"{number / 1e9:,.1f} GB"
    return f"{number / 1e6:,.0f} MB" if number >= 1e6 else f"{number / 1e3:,.0f} KB"


def name_json(value: object) -> str:
    """Name what a decoded JSON value is, as people do: `null`, `true`, `a number`, `a text`, `a list`."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    kinds = {int: "a whole number", float: "a number", str: "a text", list: "a list"}
    return kinds.get(type(value), "an object")


def name_error(error: BaseException) -> str:
    """Name in words the kind of an error that nobody foresaw: `key error` for KeyError."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", type(error).__name__).lower()


def say_reason(error: BaseException) -> str:
    """Say in a clause why something failed: what the error says, in one line and without its full stop."""
    told = getattr(error, "strerror", None) or str(error)
    return " ".join(told.split())[:_CLAUSE].rstrip(". ") or name_error(error)


def escape_html(text: str) -> str:
    """Render a text for a page: nothing in it is taken for a mark, and its lines stay lines."""
    return html.escape(show_text(text)).replace("\n", "<br>")


def render_html_table(lines: Sequence[Sequence[str]], *, below: Sequence[str] = ()) -> str:
    """Render cells as a table of a page, the first line as its heads, and sentences below it."""
    heads, *rows = lines
    cells = "".join(f"<th>{escape_html(cell)}</th>" for cell in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape_html(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    told = "".join(f"<p>{escape_html(sentence)}</p>" for sentence in below)
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>{told}"
