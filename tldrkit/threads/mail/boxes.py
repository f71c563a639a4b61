"""Files that hold messages: told by their first lines, and cut into messages by their places."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO

_KNOWN = frozenset(
    b"return-path received message-id delivered-to mime-version from to cc bcc date subject reply-to "
    b"sender status "
    b"references in-reply-to dkim-signature authentication-results arc-seal path newsgroups xref "
    b"organization lines "
    b"nntp-posting-host followup-to approved distribution user-agent errors-to precedence importance "
    b"thread-topic thread-index envelope-to resent-from apparently-to article "
    b"snapshot-content-location relay-version posting-version date-received nntp-posting-date injection-info "
    b"supersedes expires keywords summary archive-name nf-id nf-from original-sender cancel-lock".split()
)
_KNOWN_KINDS = (b"content-", b"list-", b"x-", b"arc-", b"resent-")
_TELLING = frozenset(
    b"from to subject date message-id received return-path delivered-to newsgroups mime-version "
    b"content-type".split()
)
_NAME = re.compile(rb"([!-9;-~]{1,80})[ \t]*:")
_FROM = re.compile(rb"From \S.*\d{4}[ \t]*(?:\S{1,20})?\r?\n?$|From \S+( at \S+)?\s.*\d\d:\d\d")
_FROM_DATED = re.compile(  # by its form alone: an address, and a date as C writes it
    rb"From (?:\S{1,300}|\S{1,200} at \S{1,200}) +(?:mon|tue|wed|thu|fri|sat|sun),? +"
    rb"(?:[a-z]{3} +\d{1,2}|\d{1,2} +[a-z]{3}) +(?:\d{4} +)?\d\d?:\d\d(?::\d\d)?\b[^\n]{0,60}$",
    re.IGNORECASE,
)
_HEADER = re.compile(rb"[!-9;-~]+[ \t]*:|>From ")
_LENGTH = re.compile(rb"content-length[ \t]*:[ \t]*(\d{1,15})[ \t]*\r?\n", re.IGNORECASE)
_BYTES = re.compile(rb"[ \t]*(\d{1,12})[ \t]*\r?\n")
_MOST_BLANK = 4  # bytes of the empty lines between messages
_LINES = 256  # written together


@dataclass(frozen=True, slots=True)
class Span:
    """Where a message stands in a file, in bytes."""

    start: int
    length: int


def is_mailbox(head: bytes) -> bool:
    """Tell a mailbox, a mail message or a Usenet article by its first lines."""
    first, _, rest = head.lstrip().partition(b"\n")
    opened = first.startswith(b"From ")
    names = _header_names(rest if opened else head.lstrip())
    known = [name in _KNOWN or name.startswith(_KNOWN_KINDS) for name in names]
    return opened + sum(known) > 1 and any(known[:2]) and not _TELLING.isdisjoint(names)


def is_emlx(head: bytes) -> bool:
    """Tell a message of Apple's Mail: its length in bytes, the message, and a property list."""
    length = _BYTES.match(head)
    return length is not None and is_mailbox(head[length.end() :])


def is_maildir(folder: Path) -> bool:
    """Tell whether a folder is a Maildir, whose messages are files in two of its folders."""
    return all((folder / name).is_dir() for name in ("cur", "new", "tmp"))


def list_messages(maildir: Path) -> list[Path]:
    """List the files of a Maildir's messages in the order of their names, which begin with the time.

    What is still being delivered, in tmp, is passed over.
    """
    files = [path for name in ("cur", "new") for path in (maildir / name).iterdir() if path.is_file()]
    return sorted((path for path in files if path.name[0] != "."), key=lambda path: path.name)


def _header_names(head: bytes) -> list[bytes]:
    """Find the names of the headers, in lower case."""
    names: list[bytes] = []
    for line in head.split(b"\n", 60)[:60]:
        found = _NAME.match(line)
        if found:
            names.append(found[1].lower())
        elif not line.strip() or not (names and line[:1] in b" \t"):
            break
    return names


def copy_box(first: bytes, rest: Iterable[bytes], copy: IO[bytes]) -> Iterator[Span]:
    """Copy a file line by line, and find the messages in it.

    Each begins after a line "From " that headers follow: one that looks like it behind an empty line, or one
    with an address and a date. Where a Content-Length leads to the next such line, those before it are text.
    """
    held: list[bytes] = []  # lines to be written together, which takes a fifth of the time
    box = _Box()
    before, position = b"-", 0
    for line in chain([first], rest):
        if box.looks or line.startswith(b"From "):
            yield from box.take(line, before, position)
        before = line
        position += len(line)
        held.append(line)
        if len(held) == _LINES:
            copy.writelines(held)
            held.clear()
    copy.writelines(held)
    yield from box.finish(position)


class _Box:
    """A mailbox that is read line by line, but for lines that say nothing."""

    def __init__(self) -> None:
        self.looks = True  # whether the next line says something though it does not begin with "From "
        self._start = 0
        self._in_head = True  # whether headers are read
        self._opened = -1  # where the line "From " begins that a header must follow
        self._length = -1  # of the message, as it says
        self._promised = -1  # where it ends by that
        self._doubted: list[tuple[int, int]] = []  # before that: a line "From ", and what follows it

    def take(self, line: bytes, before: bytes, position: int) -> Sequence[Span]:
        """Read a line at its place, given the one before; gives the messages that are known to have ended."""
        ended: Sequence[Span] = ()
        if position == 0 and line.startswith(b"From "):
            self._start = len(line)
        elif self._opened >= 0 and _HEADER.match(line):
            ended = self._begin(self._opened, position)
        is_mark = line.startswith(b"From ") and (
            _FROM_DATED.match(line) or (not before.strip() and _FROM.match(line))
        )
        self._opened = position if is_mark and position else -1
        if self._in_head:
            self._read_head(line, position + len(line))
        self.looks = self._in_head or self._opened >= 0
        return ended

    def finish(self, position: int) -> Sequence[Span]:
        """End the file."""
        ended = [] if self._is_promised(position) else self._settle()
        return [*ended, Span(self._start, position - self._start)]

    def _read_head(self, line: bytes, end: int) -> None:
        if length := _LENGTH.match(line):
            self._length = int(length[1])
        elif not line.strip():
            self._in_head = False
            self._promised = end + self._length if self._length >= 0 else -1

    def _is_promised(self, place: int) -> bool:
        """Tell whether the message ends here by what it says, but for the empty line between messages."""
        return 0 <= self._promised <= place <= self._promised + _MOST_BLANK

    def _begin(self, opened: int, start: int) -> Sequence[Span]:
        if opened < self._promised:
            self._doubted.append((opened, start))
            return ()
        ended = [] if self._is_promised(opened) else self._settle()
        self._doubted.clear()
        ended.append(Span(self._start, opened - self._start))
        self._start, self._in_head, self._length, self._promised = start, True, -1, -1
        return ended

    def _settle(self) -> list[Span]:
        """Believe the lines "From " rather than the Content-Length, which led to none."""
        ended = []
        for opened, start in self._doubted:
            ended.append(Span(self._start, opened - self._start))
            self._start = start
        self._doubted.clear()
        return ended


def copy_emlx(first: bytes, rest: Iterable[bytes], copy: IO[bytes]) -> Iterator[Span]:
    """Copy a message of Apple's Mail, without what follows it."""
    length = left = int(first)
    for line in rest:
        copy.write(line[:left])
        left -= len(line[:left])
        if not left:
            break
    yield Span(0, length - left)
