"""Files of threads: opened, and read by what they begin with.

Two tables say what is known: kinds told by bytes, and kinds of text told once that is decoded. What they hold
is known by their readers.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BufferedReader
from pathlib import Path

from tldrkit.encodings import decode_page, decode_text
from tldrkit.errors import DataError
from tldrkit.files import open_bytes, open_members
from tldrkit.packings import Member
from tldrkit.texts import say_reason
from tldrkit.threads.chat.beside import COMPANIONS, open_beside
from tldrkit.threads.finding import is_page_part
from tldrkit.threads.html.pages import read_page
from tldrkit.threads.json.documents import is_json, read_documents
from tldrkit.threads.mail.boxes import is_emlx, is_mailbox, is_maildir
from tldrkit.threads.mail.mbox import read_emlx, read_maildir, read_mbox
from tldrkit.threads.mail.web_archive import is_web_archive, read_web_archive
from tldrkit.threads.source import IsText, Source, Tally
from tldrkit.threads.text.chat_logs import is_clocked, read_clocked
from tldrkit.threads.text.foreign import Foreign, recognize_bytes
from tldrkit.threads.text.irc import is_irc, read_irc
from tldrkit.threads.text.plain import read_text
from tldrkit.threads.text.prose import find_foreign
from tldrkit.threads.text.transcripts import is_transcript, read_transcript
from tldrkit.threads.text.whatsapp import is_whatsapp, read_whatsapp
from tldrkit.threads.thread import BrokenThread, Place, Thread, say_doubt

FoundThreads = Iterator[Thread | BrokenThread]

_MOST_PAGE = 8 << 20  # bytes of a page, whose tags are held too
_MOST_OF_LOG, _MOST_LINES = 16 << 20, 120_000  # of a log or a transcript: a line is a post of 1,000 bytes
_PAGE = re.compile(
    rb"\s*(<\?xml[^<>]{0,200}>\s*)?(<!--(?:(?!-->).){0,2000}-->\s*){0,4}<(!doctype\s+html|html|head|body|title|meta|link|script)\b",
    re.I | re.S,
)


def read_threads(path: Path, *, as_text: bool = False) -> FoundThreads:
    """Read the threads in a file; whatever cannot be read becomes a `BrokenThread`, never an exception.

    The shapes of docs/reference/threads.md, told apart by content, packed or not. JSON lines are read one by
    one, and a mailbox a thread at a time.

    Args:
        path: A file.
        as_text: Whether a text is a thread of one post though it does not read as prose.
    """
    yield from (found for _, found in read_members(path, as_text=as_text))


def read_members(path: Path, *, as_text: bool = False) -> Iterator[tuple[Path, Thread | BrokenThread]]:
    """Read the threads in a file, each with its place: the file, or ``archive/member`` in an archive."""
    tally = Tally()
    try:
        if is_maildir(path):
            yield from ((path, found) for found in read_maildir(Place(path)))
            return
        beside, holds = None, False
        for member in open_members(path, COMPANIONS):
            beside = beside or open_beside(path, member.read_beside)
            holds = True
            place = Place(path / member.name, read_beside=beside) if member.name else Place(path)
            if member.name and is_page_part(place.path):
                yield place.path, _pass_over(place)
                continue
            yield from ((place.path, found) for found in _read_member(member, place, tally, as_text))
        if not holds:
            yield path, Place(path).refuse("There is no file in the archive.")
    except (OSError, EOFError) as error:
        yield path, Place(path).refuse(_describe(error))


def _pass_over(place: Place) -> BrokenThread:
    return replace(place.refuse("The file is what a page brings along."), of_pages=True)


def _read_member(member: Member, place: Place, tally: Tally, as_text: bool) -> FoundThreads:
    try:
        with member.open() as file:
            yield from _read_bounded(file, place, tally, as_text=as_text)
    except (OSError, EOFError) as error:
        yield place.refuse(_describe(error))


def _describe(error: OSError | EOFError) -> str:
    if isinstance(error, EOFError):
        return "The file is cut short."
    return f"The file cannot be read: {say_reason(error)}."


def parse_threads(data: bytes, name: str) -> FoundThreads:
    """Read the threads in bytes as in a file of that name; they are never unpacked, and any text is one."""
    yield from _read_bounded(open_bytes(data), Place(Path(name)), Tally(), as_text=True)


def _read_bounded(file: BufferedReader, place: Place, tally: Tally, *, as_text: bool) -> FoundThreads:
    try:
        yield from tally.find(_read_open(Source(file, tally), place, as_text))
    except DataError as error:  # too large, or of too small parts
        yield place.refuse(str(error))


def _read_open(source: Source, place: Place, as_text: bool) -> FoundThreads:
    head = source.head()
    if not head:
        yield place.refuse("The file is empty.")
        return
    if b"\r" in head and b"\n" not in head:
        source.mend_line_ends()
        head = source.head()
    read = next((read for recognizes, read in _KINDS if recognizes(head)), _read_text)
    try:
        yield from read(source, place)
    except IsText as found:
        yield from _tell_text(found.data, place, as_text)


def _read_mail(source: Source, place: Place) -> FoundThreads:
    lines = source.lines()
    yield from read_mbox(_read_line(lines), lines, place)


def _read_emlx(source: Source, place: Place) -> FoundThreads:
    lines = source.lines()
    yield from read_emlx(_read_line(lines), lines, place)


def _read_line(lines: Iterator[bytes]) -> bytes:
    return next(line for line in lines if line.strip())


def _read_web_archive(source: Source, place: Place) -> FoundThreads:
    yield from read_web_archive(source.rest(), place)


def _read_page(source: Source, place: Place) -> FoundThreads:
    page = decode_page(source.rest(most=_MOST_PAGE))
    yield from say_doubt(read_page(page.text, place), page.doubt)


def _read_text(source: Source, place: Place) -> FoundThreads:
    foreign = recognize_bytes(source.head())
    if foreign is None:
        raise IsText(source.rest())
    yield _refuse(foreign, place)


def _tell_text(data: bytes, place: Place, as_text: bool) -> FoundThreads:
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
        yield from say_doubt((read or read_text)(lines, place), text.doubt)


def _refuse(foreign: Foreign, place: Place, way: str = "") -> BrokenThread:
    what = f"The file seems to be {foreign.name}"
    what += f"; {way}" if way and ";" not in foreign.name else ""
    return replace(place.refuse(f"{what}."), of_pages=foreign.of_pages)


_KINDS: tuple[tuple[Callable[[bytes], object], Callable[[Source, Place], FoundThreads]], ...] = (
    (is_json, read_documents),
    (is_web_archive, _read_web_archive),
    (is_mailbox, _read_mail),
    (is_emlx, _read_emlx),
    (_PAGE.match, _read_page),
)
"""What recognizes a file by its first bytes, and what reads it; all else is text."""

_TEXTS: tuple[tuple[Callable[[str], object], Callable[[str, Place], FoundThreads]], ...] = (
    (is_transcript, read_transcript),
    (is_whatsapp, read_whatsapp),
    (is_irc, read_irc),
    (is_clocked, read_clocked),
)
"""What recognizes a decoded text, and what reads it; all else is one post, if it reads as prose."""
