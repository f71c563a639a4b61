"""Files of threads: opened, and read by what their bytes begin with.

Knows JSON, JSON lines, mail, pages and text apart; what they hold is known by the shapes.
"""

import re
import zlib
from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from tldrkit.files import decode_json, open_file
from tldrkit.threads.html.pages import read_page
from tldrkit.threads.json.shapes import build_threads
from tldrkit.threads.mail.mbox import read_mbox
from tldrkit.threads.text.plain import read_text
from tldrkit.threads.thread import BrokenThread, Place, Thread

_BOM = b"\xef\xbb\xbf"
_JSON = re.compile(rb'\s*(\{\s*("|\}|$)|\[)')
_MAIL = re.compile(
    rb"(return-path|received|message-id|delivered-to|mime-version|from|to|cc|date|subject|reply-to|sender|status|"
    rb"references|in-reply-to|dkim-signature|authentication-results|content-[\w-]+|list-[\w-]+|x-[\w-]+):",
    re.IGNORECASE,
)
_PAGE = re.compile(
    rb"\s*(<\?xml[^<>]{0,200}>\s*)?(<!--(?:(?!-->).){0,2000}-->\s*)?<(!doctype\s+html|html|head|body|title|meta|link|script)\b",
    re.I | re.S,
)


def read_threads(path: Path) -> Iterator[Thread | BrokenThread]:
    """Read the threads in a file; whatever cannot be read becomes a `BrokenThread`, never an exception.

    The shapes of docs/threads.md, told apart by content, gzipped or not. JSON lines are read one by one,
    and a mailbox a thread at a time.
    """
    try:
        with open_file(path) as file:
            yield from _read_open(file, path)
    except EOFError:
        yield Place(path).refuse("The file is cut short.")
    except (OSError, zlib.error) as error:
        yield Place(path).refuse(f"The file cannot be read: {getattr(error, 'strerror', None) or error}.")


def parse_threads(data: bytes, name: str) -> Iterator[Thread | BrokenThread]:
    """Read the threads in bytes as in a file of that name; they are never unpacked."""
    yield from _read_open(BytesIO(data), Path(name))


def _read_open(file: BinaryIO, path: Path) -> Iterator[Thread | BrokenThread]:
    first, skipped = b"", 0
    for first in file:
        first = first.removeprefix(_BOM)
        if first.strip():
            break
        skipped += 1
    if not first.strip():
        yield Place(path).refuse("The file is empty.")
    elif _JSON.match(first):
        yield from _read_json(first, file, path, skipped + 1)
    else:
        second = file.readline()
        if _is_mail(first, second):
            yield from read_mbox(first, chain([second], file), Place(path))
            return
        data = first + second + file.read()
        yield from read_page(data, Place(path)) if _PAGE.match(data) else read_text(data, Place(path))


def _is_mail(first: bytes, second: bytes) -> bool:
    """Tell a mailbox, or one message, by its first two lines."""
    return _MAIL.match(second) is not None and (first.startswith(b"From ") or _MAIL.match(first) is not None)


def _read_json(first: bytes, file: BinaryIO, path: Path, start: int) -> Iterator[Thread | BrokenThread]:
    if not _is_container(first):
        yield from _read_whole(first, file.read(), path, start)
        return
    rest = ((number, line) for number, line in enumerate(file, start=start + 1) if line.strip())
    second = next(rest, None)
    if second is None:
        yield from _read_value(first, Place(path))
    elif first.lstrip().startswith(b"[") and not _is_container(second[1]):
        yield from read_text(first + second[1] + file.read(), Place(path))  # such as a footnote's mark
    else:
        yield from _read_lines([(start, first), second], path)
        yield from _read_lines(rest, path)


def _read_lines(lines: Iterable[tuple[int, bytes]], path: Path) -> Iterator[Thread | BrokenThread]:
    for number, line in lines:
        if line.strip():
            yield from _read_value(line, Place(path, number))


def _read_whole(first: bytes, rest: bytes, path: Path, start: int) -> Iterator[Thread | BrokenThread]:
    """Read what begins like JSON, but not with a whole value on one line."""
    try:
        value = decode_json(first + rest)
    except ValueError as error:
        lines = [first, *rest.splitlines(keepends=True)]
        if any(_is_container(line) for line in lines[1:]):
            yield from _read_lines(enumerate(lines, start=start), path)
        elif first.lstrip().startswith(b"[") and not re.match(rb'\s*\[\s*(\{|\[|"|$)', first):
            yield from read_text(first + rest, Place(path))  # a link or a list of Markdown
        else:
            yield Place(path).refuse(f"This cannot be read: {error}.")
    else:
        yield from build_threads(value, Place(path))


def _read_value(data: bytes, place: Place) -> Iterator[Thread | BrokenThread]:
    try:
        value = decode_json(data)
    except ValueError as error:
        yield place.refuse(f"This cannot be read: {error}.")
    else:
        yield from build_threads(value, place)


def _is_container(data: bytes) -> bool:
    """Tell whether a line is a whole JSON object, or a list with one."""
    if not data.lstrip().startswith((b"{", b"[")):
        return False
    try:
        value = decode_json(data)
    except ValueError:
        return False
    return isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(x, dict | list) for x in value)
    )
