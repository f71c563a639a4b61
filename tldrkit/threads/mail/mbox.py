"""Mailboxes: messages gathered into threads by what they answer, else by subject.

A first pass keeps of each message its ids and its place in the file; a second reads thread by thread, so
that one thread's messages at a time are in memory.
"""

import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.utils import parseaddr
from functools import lru_cache
from typing import IO

from tldrkit.errors import DataError
from tldrkit.threads.draft import Draft
from tldrkit.threads.json.fields import render_time
from tldrkit.threads.mail.message import FAILURES, Mail
from tldrkit.threads.thread import BrokenThread, Place, Post, Thread

_FROM = re.compile(rb"From \S.*\d{4}[ \t]*(?:\S{1,20})?\r?\n?$|From \S+( at \S+)?\s.*\d\d:\d\d")
_HEADER = re.compile(rb"[!-9;-~]+[ \t]*:|>From ")
_ID = re.compile(r"<([^<>\s]{1,500})>")
_PREFIX = re.compile(r"^\s*(\[[^\]]{1,60}\]\s*|(re|fwd?|aw|sv|antw|tr|wg)(\[\d+\])?\s*:\s*)+", re.IGNORECASE)
_LIST = re.compile(r"\[[^\]]{1,60}\]\s*")
_LINES = 256  # written together
_IN_MEMORY = 1 << 24  # bytes of an unpacked mailbox before it goes to a temporary file


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a message stands in the file, in bytes."""

    start: int
    length: int


def read_mbox(first: bytes, rest: Iterable[bytes], place: Place) -> Iterator[Thread | BrokenThread]:
    """Read a mailbox, or one message, whose first line has been read."""
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as copy:
        groups = _gather(_copy_messages(first, rest, copy), copy)
        for number, members in enumerate(groups):
            name = f"{place.name}-{number + 1}" if len(groups) > 1 else place.name
            try:
                yield _read_group(members, copy).seal(name)
            except DataError as error:
                yield place.refuse(str(error), name)


def _copy_messages(first: bytes, rest: Iterable[bytes], copy: IO[bytes]) -> Iterator[_Place]:
    """Copy the file, and find the messages in it: each after a line "From " that headers follow."""
    start, position, blank = 0, len(first), False
    held = [first]  # lines to be written together, which takes a fifth of the time
    if first.startswith(b"From "):
        start = position
    opened = -1  # where the line "From " begins that a header must follow
    for line in rest:
        if opened >= 0 and _HEADER.match(line):
            yield _Place(start, opened - start)
            start = position
        opened = position if blank and line.startswith(b"From ") and _FROM.match(line) else -1
        blank = not line.strip()
        position += len(line)
        held.append(line)
        if len(held) == _LINES:
            copy.writelines(held)
            held.clear()
    copy.writelines(held)
    yield _Place(start, position - start)


@dataclass(frozen=True, slots=True)
class _Letter:
    """A message's place, its id, and the id of what it answers."""

    at: _Place
    own: str
    parent: str


def _gather(places: Iterator[_Place], copy: IO[bytes]) -> list[list[_Letter]]:
    """Put messages together that answer one another, or whose subjects are the same but for "Re:"."""
    groups: list[list[_Letter]] = []
    by_id: dict[str, int] = {}
    by_subject: dict[str, int] = {}
    lines = list(places)
    for at in lines:
        mail = Mail(_head(copy, at))
        own = _ids(mail, "message-id")[-1:]
        answered = _ids(mail, "in-reply-to")
        cited = _ids(mail, "references") + answered
        subject = mail.header("subject")
        plain = _PREFIX.sub("", subject).casefold()
        group = next((by_id[key] for key in [*reversed(cited), *own] if key in by_id), None)
        if group is None and plain and (cited or subject.casefold() != plain):
            group = by_subject.get(plain)
        if group is None:
            group = len(groups)
            groups.append([])
        parents = answered[:1] or cited[-1:]
        groups[group].append(_Letter(at, "".join(own), "".join(parents)))
        for key in own + cited:
            by_id.setdefault(key, group)
        if plain:
            by_subject.setdefault(plain, group)
    return [_put_answers_behind(members) for members in groups]


def _put_answers_behind(letters: list[_Letter]) -> list[_Letter]:
    """Keep the order of the file, but move what stands before the message it answers behind that."""
    known = {letter.own for letter in letters if letter.own}
    waiting: dict[str, list[_Letter]] = {}
    placed: dict[str, None] = {}
    order: list[_Letter] = []
    for letter in letters:
        if letter.parent in known and letter.parent not in placed and letter.parent != letter.own:
            waiting.setdefault(letter.parent, []).append(letter)
            continue
        ready = [letter]
        while ready:
            one = ready.pop()
            order.append(one)
            placed[one.own] = None
            ready += reversed(waiting.pop(one.own, []))
    return order + [letter for held in waiting.values() for letter in held]  # they answer each other


def _head(copy: IO[bytes], at: _Place) -> bytes:
    copy.seek(at.start)
    head = copy.read(min(at.length, 1 << 16))
    return re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0] + b"\n\n"


def _read_group(letters: list[_Letter], copy: IO[bytes]) -> Draft:
    draft = Draft()
    for letter in letters:
        copy.seek(letter.at.start)
        mail = Mail(copy.read(letter.at.length))
        if not draft.id:
            draft.id, draft.title = letter.own, _LIST.sub("", _PREFIX.sub("", mail.header("subject")))
        try:
            text = mail.body()
        except FAILURES:
            draft.leave_out("unreadable", key=letter.own, parent=letter.parent)
            continue
        post = Post(
            author=_name_author(mail.header("from")), text=text, time=render_time(mail.header("date"))
        )
        draft.add(post, key=letter.own, parent=letter.parent)
    return draft


def _ids(mail: Mail, name: str) -> list[str]:
    return _ID.findall(mail.header(name))


@lru_cache(maxsize=256)
def _name_author(given: str) -> str:
    """Tell who wrote, by name where there is one; archives write "ann at example.com (Ann)"."""
    comment = re.search(r"\(([^()]{1,100})\)\s*$", given)
    try:
        name, address = parseaddr(given)
    except FAILURES:
        name, address = "", ""
    return (
        (comment[1] if comment else name or address.split("@")[0] or given.split("@")[0]).strip().strip('"')
    )
