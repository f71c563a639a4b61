"""Messages gathered into threads by what they answer, else by subject.

A first pass keeps of each message its ids and its place in the file; a second reads thread by thread, so
that one thread's messages at a time are in memory.
"""

import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

from tldrkit.errors import DataError
from tldrkit.texts import count_noun
from tldrkit.threads.draft import Draft
from tldrkit.threads.json.fields import render_time
from tldrkit.threads.mail.boxes import Span, copy_box, copy_emlx, list_messages
from tldrkit.threads.mail.digests import find_held
from tldrkit.threads.mail.message import FAILURES, Mail
from tldrkit.threads.mail.words import SUBJECT_PREFIXES
from tldrkit.threads.thread import BrokenThread, Place, Post, Thread

_ID = re.compile(r"<([^<>\s]{1,500})>")
_PREFIX = re.compile(
    rf"^\s*(\[[^\]]{{1,60}}\]\s*|(?:{SUBJECT_PREFIXES})(?:[\[(]\d{{1,4}}[\])]|\d{{1,3}})?\s?[:：]\s*)+",
    re.IGNORECASE,
)
_FLAGS = re.compile(r"[:;!]2,.*$")
_LIST = re.compile(r"\[[^\]]{1,60}\]\s*")
_MOST = 8 << 20  # bytes of a message that are read: what follows its words are attachments
_MESSAGES, _SHORTEST = 10_000, 200  # that any mailbox may hold, and bytes for which it may hold one more
_IN_MEMORY = 1 << 24  # bytes of an unpacked mailbox before it goes to a temporary file
_MOST_DEPTH = 4  # of messages in messages


def read_mbox(first: bytes, rest: Iterable[bytes], place: Place) -> Iterator[Thread | BrokenThread]:
    """Read a mailbox, or one message, whose first line has been read."""
    yield from _read(lambda copy: copy_box(first, rest, copy), place)


def read_emlx(first: bytes, rest: Iterable[bytes], place: Place) -> Iterator[Thread | BrokenThread]:
    """Read a message of Apple's Mail, whose first line has been read."""
    yield from _read(lambda copy: copy_emlx(first, rest, copy), place)


def read_maildir(place: Place) -> Iterator[Thread | BrokenThread]:
    """Read a Maildir; a message that is moved meanwhile, as one that was read is, is not lost."""
    yield from _read(lambda copy: _copy_maildir(place.path, copy), place)


def _copy_maildir(folder: Path, copy: IO[bytes]) -> Iterator[Span]:
    moved: set[str] = set()
    for path in list_messages(folder):
        if (message := _read_message(path)) is None:
            moved.add(_tell_apart(path))
        else:
            yield _append(copy, message)
    for path in list_messages(folder) if moved else ():
        if _tell_apart(path) in moved and (message := _read_message(path)) is not None:
            yield _append(copy, message)


def _read_message(path: Path) -> bytes | None:
    """Read a message of a Maildir; None where it is gone."""
    try:
        with path.open("rb") as file:
            return file.read(_MOST)
    except FileNotFoundError:
        return None


def _tell_apart(path: Path) -> str:
    """Find what a message of a Maildir is called wherever it is, and whatever its flags are."""
    return _FLAGS.sub("", path.name)


def _append(copy: IO[bytes], message: bytes) -> Span:
    start = copy.seek(0, 2)
    copy.write(message)
    return Span(start, len(message))


Copying = Callable[[IO[bytes]], Iterator[Span]]


def _read(copy_messages: Copying, place: Place) -> Iterator[Thread | BrokenThread]:
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as copy:
        spans = list(copy_messages(copy))
        if len(spans) > _MESSAGES + copy.seek(0, 2) // _SHORTEST:
            count = count_noun(len(spans), "message")
            yield place.refuse(f"It holds {count}, which are shorter than any mail is.")
            return
        groups = _gather(spans, copy)
        if not groups:
            yield place.refuse("There is no message in it.")
        for number, members in enumerate(groups):
            name = f"{place.name}-{number + 1}" if len(groups) > 1 else place.name
            try:
                yield _read_group(members, copy).seal(name)
            except DataError as error:
                yield place.refuse(str(error), name)


@dataclass(frozen=True, slots=True)
class _Letter:
    """A message's place, its id, the id of what it answers, and doubts about the encoding of its digest."""

    at: Span
    own: str
    parent: str
    doubts: Iterable[str] = ()


class _Found(NamedTuple):
    """A message, the ids of the messages that it holds, and doubts about the encoding of what holds it."""

    at: Span
    held: list[str]
    doubts: Iterable[str]


def _find_all(
    spans: Iterable[Span], copy: IO[bytes], depth: int = 0, doubts: Iterable[str] = ()
) -> Iterator[_Found]:
    """Find all messages, those within messages before them; a digest is none itself."""
    for span in spans:
        copy.seek(span.start)
        held = find_held(copy.read(min(span.length, _MOST)))
        inner = [_append(copy, message) for message in held.messages] if depth < _MOST_DEPTH else []
        yield from _find_all(inner, copy, depth + 1, (*doubts, *held.doubts))
        if not held.is_digest or not inner:
            keys = [key for at in inner for key in _ids(Mail(_head(copy, at)), "message-id")]
            yield _Found(span, keys, doubts)


def _gather(spans: Iterable[Span], copy: IO[bytes]) -> list[list[_Letter]]:
    """Put messages together that answer one another, or whose subjects are the same but for "Re:"."""
    groups: list[list[_Letter]] = []
    by_id: dict[str, int] = {}
    by_subject: dict[str, int] = {}
    for at, held, doubts in _find_all(spans, copy):
        mail = Mail(_head(copy, at))
        own = _ids(mail, "message-id")[-1:]
        answered = _ids(mail, "in-reply-to")
        cited = held + _ids(mail, "references") + answered
        subject = mail.header("subject")
        plain = _PREFIX.sub("", subject).casefold()
        group = next((by_id[key] for key in [*reversed(cited), *own] if key in by_id), None)
        if group is None and plain and (cited or subject.casefold() != plain):
            group = by_subject.get(plain)
        if group is None:
            group = len(groups)
            groups.append([])
        parents = answered[:1] or cited[len(held) :][-1:]
        groups[group].append(_Letter(at, "".join(own), "".join(parents), doubts))
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


def _head(copy: IO[bytes], at: Span) -> bytes:
    copy.seek(at.start)
    head = copy.read(min(at.length, 1 << 16))
    return re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0] + b"\n\n"


def _read_group(letters: list[_Letter], copy: IO[bytes]) -> Draft:
    draft = Draft()
    for letter in letters:
        copy.seek(letter.at.start)
        mail = Mail(copy.read(min(letter.at.length, _MOST)))
        if not draft.id:
            draft.id, draft.title = letter.own, _LIST.sub("", _PREFIX.sub("", mail.header("subject")))
        draft.doubt(letter.doubts)
        try:
            text = mail.body()
        except FAILURES:
            draft.leave_out("unreadable", key=letter.own, parent=letter.parent)
            continue
        post = Post(author=mail.author(), text=text, time=render_time(mail.header("date")))
        draft.doubt(mail.doubts)
        draft.add(post, key=letter.own, parent=letter.parent)
    return draft


def _ids(mail: Mail, name: str) -> list[str]:
    return _ID.findall(mail.header(name))
