"""Files of threads: opened, and read by what they begin with.

Two tables say what is known: kinds told by bytes, and kinds of text told once that is decoded. What they hold
is known by their readers.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from io import BufferedReader
from itertools import chain
from pathlib import Path

from tldrkit.encodings import decode_page, decode_text
from tldrkit.errors import DataError
from tldrkit.files import decode_json, open_bytes, open_members
from tldrkit.packings import Member
from tldrkit.texts import say_reason
from tldrkit.threads.chat.chats import is_chat_line
from tldrkit.threads.finding import is_page_part
from tldrkit.threads.html.pages import read_page
from tldrkit.threads.json.shapes import build_threads
from tldrkit.threads.mail.boxes import is_emlx, is_mailbox, is_maildir
from tldrkit.threads.mail.mbox import read_emlx, read_maildir, read_mbox
from tldrkit.threads.mail.web_archive import is_web_archive, read_web_archive
from tldrkit.threads.text.chat_logs import is_zoom, read_zoom
from tldrkit.threads.text.foreign import Foreign, recognize_bytes
from tldrkit.threads.text.irc import is_irc, read_irc
from tldrkit.threads.text.plain import read_text
from tldrkit.threads.text.prose import find_foreign
from tldrkit.threads.text.transcripts import is_transcript, read_transcript
from tldrkit.threads.text.whatsapp import is_whatsapp, read_whatsapp
from tldrkit.threads.thread import BrokenThread, Place, Thread

Found = Iterator[Thread | BrokenThread]

_JSON = re.compile(rb'\s*(\{\s*("|\}|$)|\[)', re.MULTILINE)
_MOST = 32 << 20  # bytes of a line, or of a file that is held whole
_MOST_PAGE = 8 << 20  # of a page, whose tags are held too
_MOST_VALUES = 192 << 20  # bytes that decoded JSON takes; the threads made of it take as many again
_MOST_OF_LOG, _MOST_LINES = 16 << 20, 180_000  # of a log or a transcript: a line is a post of 1,000 bytes
_PAGE = re.compile(
    rb"\s*(<\?xml[^<>]{0,200}>\s*)?(<!--(?:(?!-->).){0,2000}-->\s*){0,4}<(!doctype\s+html|html|head|body|title|meta|link|script)\b",
    re.I | re.S,
)


class _IsText(Exception):  # noqa: N818  (no failure: another reader's)
    """What begins like JSON is text."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.data = data


def read_threads(path: Path, *, as_text: bool = False) -> Found:
    """Read the threads in a file; whatever cannot be read becomes a `BrokenThread`, never an exception.

    The shapes of docs/threads.md, told apart by content, packed or not. JSON lines are read one by one,
    and a mailbox a thread at a time.

    Args:
        path: A file.
        as_text: Whether a text is a thread of one post though it does not read as prose.
    """
    yield from (found for _, found in read_members(path, as_text=as_text))


def read_members(path: Path, *, as_text: bool = False) -> Iterator[tuple[Path, Thread | BrokenThread]]:
    """Read the threads in a file, each with its place: the file, or ``archive/member`` in an archive."""
    try:
        if is_maildir(path):
            yield from ((path, found) for found in read_maildir(Place(path)))
            return
        for member in open_members(path):
            place = Place(path / member.name if member.name else path)
            if member.name and is_page_part(place.path):
                yield place.path, _pass_over(place)
                continue
            yield from ((place.path, found) for found in _read_member(member, place, as_text))
    except (OSError, EOFError) as error:
        yield path, Place(path).refuse(_describe(error))


def _pass_over(place: Place) -> BrokenThread:
    return replace(place.refuse("The file is what a page brings along."), of_pages=True)


def _read_member(member: Member, place: Place, as_text: bool) -> Found:
    try:
        with member.open() as file:
            yield from _read_bounded(file, place, as_text)
    except (OSError, EOFError) as error:
        yield place.refuse(_describe(error))


def _describe(error: OSError | EOFError) -> str:
    if isinstance(error, EOFError):
        return "The file is cut short."
    return f"The file cannot be read: {say_reason(error)}."


def parse_threads(data: bytes, name: str) -> Found:
    """Read the threads in bytes as in a file of that name; they are never unpacked, and any text is one."""
    yield from _read_bounded(open_bytes(data), Place(Path(name)), as_text=True)


def _read_bounded(file: BufferedReader, place: Place, as_text: bool) -> Found:
    try:
        yield from _read_open(file, place, as_text)
    except DataError as error:  # too large
        yield place.refuse(str(error))


def _lines(file: BufferedReader) -> Iterator[bytes]:
    """Read lines.

    Raises:
        DataError: One is too long.
    """
    while line := file.readline(_MOST + 1):
        if len(line) > _MOST:
            raise DataError(f"A line of the file is longer than {_MOST >> 20} MiB.")
        yield line


def _read_rest(file: BufferedReader, *before: bytes, most: int = _MOST) -> bytes:
    """Read what is held whole, the lines before included.

    Raises:
        DataError: It is too much.
    """
    data = b"".join([*before, file.read(most + 1)])
    if len(data) > most:
        raise DataError(f"The file is larger than {most >> 20} MiB, and of a shape that is read whole.")
    return data


def _decode(data: bytes) -> object:
    """Decode JSON, if its values take no more memory than may be.

    Raises:
        ValueError: It is no JSON, or too much; the message is a clause.
    """
    if _weigh(data) > _MOST_VALUES:
        raise ValueError("it holds too many values to be read at once")
    return decode_json(data)


def _weigh(data: bytes) -> int:
    """Estimate the bytes that JSON takes once decoded."""
    weights = {b"{": 200, b"[": 64, b",": 64}  # bytes that Python takes for what each stands for
    return 2 * len(data) + sum(data.count(mark) * weight for mark, weight in weights.items())


def _read_open(file: BufferedReader, place: Place, as_text: bool) -> Found:
    while (head := file.peek()) and not head.strip():
        file.read(len(head))
    if not head:
        yield place.refuse("The file is empty.")
        return
    read = next((read for recognizes, read in _KINDS if recognizes(head)), _read_text)
    try:
        yield from read(file, place)
    except _IsText as found:
        yield from _tell_text(found.data, place, as_text)


def _read_mail(file: BufferedReader, place: Place) -> Found:
    lines = _lines(file)
    yield from read_mbox(_read_line(lines), lines, place)


def _read_emlx(file: BufferedReader, place: Place) -> Found:
    lines = _lines(file)
    yield from read_emlx(_read_line(lines), lines, place)


def _read_line(lines: Iterator[bytes]) -> bytes:
    return next(line for line in lines if line.strip())


def _read_web_archive(file: BufferedReader, place: Place) -> Found:
    yield from read_web_archive(_read_rest(file), place)


def _read_page(file: BufferedReader, place: Place) -> Found:
    page = decode_page(_read_rest(file, most=_MOST_PAGE))
    yield from _say_doubt(read_page(page.text, place), page.doubt)


def _read_text(file: BufferedReader, place: Place) -> Found:
    foreign = recognize_bytes(file.peek())
    if foreign is None:
        raise _IsText(_read_rest(file))
    yield _refuse(foreign, place)


def _tell_text(data: bytes, place: Place, as_text: bool) -> Found:
    """Read a text by the first that knows its form, else as one post if it reads as prose."""
    text = decode_text(data)
    lines = text.text.replace("\r\n", "\n")
    read = next((read for recognizes, read in _TEXTS if recognizes(lines)), None)
    if read and (len(data) > _MOST_OF_LOG or lines.count("\n") > _MOST_LINES):
        most = f"{_MOST_OF_LOG >> 20} MiB or {_MOST_LINES:,} lines"
        raise DataError(f"This is a log of more than {most}; split it into several files.")
    foreign = None if read or as_text else find_foreign(lines)
    if foreign is not None:
        yield _refuse(foreign, place, "--as-text takes it as one post")
    else:
        yield from _say_doubt((read or read_text)(lines, place), text.doubt)


def _refuse(foreign: Foreign, place: Place, way: str = "") -> BrokenThread:
    what = f"The file seems to be {foreign.name}"
    what += f"; {way}" if way and ";" not in foreign.name else ""
    return replace(place.refuse(f"{what}."), of_pages=foreign.of_pages)


def _say_doubt(found: Found, doubt: str) -> Found:
    """Put a word on the encoding into threads, where there is one."""
    yield from (replace(one, encoding=doubt) if doubt and isinstance(one, Thread) else one for one in found)


def _read_json(file: BufferedReader, place: Place) -> Found:
    lines = enumerate(_lines(file), start=1)
    start, first = next((number, line) for number, line in lines if line.strip())
    if not _is_container(first):
        yield from _read_whole(start, first, _read_rest(file), place)
        return
    rest = ((number, line) for number, line in lines if line.strip())
    second = next(rest, None)
    if second is None:
        yield from _read_value(first, place)
    elif first.lstrip().startswith(b"[") and not _is_container(second[1]):  # such as a footnote's mark
        raise _IsText(_read_rest(file, first, second[1]))
    else:
        yield from _read_lines(chain([(start, first), second], rest), place)


def _read_lines(lines: Iterable[tuple[int, bytes]], place: Place) -> Found:
    """Read values a line each; the messages of a chat are read together.

    Raises:
        DataError: These are too many.
    """
    messages: list[object] = []
    weight = 0
    for number, line in lines:
        if not line.strip():
            continue
        try:
            value = _decode(line)
        except ValueError as error:
            yield Place(place.path, number).refuse(f"This cannot be read: {say_reason(error)}.")
            continue
        if is_chat_line(value):
            messages.append(value)
            weight += _weigh(line)
            if weight > _MOST_VALUES:
                raise DataError("These are too many messages to be read together; split the file.")
        else:
            yield from build_threads(value, Place(place.path, number))
    if messages:
        yield from build_threads(messages, place)


def _read_whole(start: int, first: bytes, rest: bytes, place: Place) -> Found:
    """Read what begins like JSON, but not with a whole value on one line."""
    try:
        value = _decode(first + rest)
    except ValueError as error:
        lines = [first, *rest.splitlines(keepends=True)]
        if any(_is_container(line) for line in lines[1:]):
            yield from _read_lines(enumerate(lines, start=start), place)
        elif first.lstrip().startswith(b"[") and not re.match(rb'\s*\[\s*(\{|\[|"|$)', first):
            raise _IsText(first + rest) from None  # a link or a list of Markdown
        else:
            yield place.refuse(f"This cannot be read: {say_reason(error)}.")
    else:
        yield from build_threads(value, place)


def _read_value(data: bytes, place: Place) -> Found:
    try:
        value = _decode(data)
    except ValueError as error:
        yield place.refuse(f"This cannot be read: {say_reason(error)}.")
    else:
        yield from build_threads(value, place)


def _is_container(data: bytes) -> bool:
    """Tell whether a line is a whole JSON object, or a list with one."""
    if not data.lstrip().startswith((b"{", b"[")):
        return False
    try:
        value = _decode(data)
    except ValueError:
        return False
    return isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(x, dict | list) for x in value)
    )


_KINDS: tuple[tuple[Callable[[bytes], object], Callable[[BufferedReader, Place], Found]], ...] = (
    (_JSON.match, _read_json),
    (is_web_archive, _read_web_archive),
    (is_mailbox, _read_mail),
    (is_emlx, _read_emlx),
    (_PAGE.match, _read_page),
)
"""What recognizes a file by its first bytes, and what reads it; all else is text."""

_TEXTS: tuple[tuple[Callable[[str], object], Callable[[str, Place], Found]], ...] = (
    (is_transcript, read_transcript),
    (is_whatsapp, read_whatsapp),
    (is_irc, read_irc),
    (is_zoom, read_zoom),
)
"""What recognizes a decoded text, and what reads it; all else is one post, if it reads as prose."""
