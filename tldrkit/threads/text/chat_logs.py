"""Chats kept as text, line by line: what their readers share, and those whose times have no day, as Zoom's.

A line that opens a message gives its time and who wrote it; lines without are the message's own.
"""

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

from tldrkit.errors import DataError
from tldrkit.threads.chat.channel import Message, cut_channel
from tldrkit.threads.thread import BrokenThread, Place, Post, Thread

_LOOK = 60  # lines that tell a log
_SEEN = 1 << 15  # characters they are among
_MARKS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_FROM = "From|Von|De|Da|Van|Od|Från|Fra|От|Dari|Kimden"  # of Zoom, in its languages
_TO = "to|an|à|a|para|aan|do|till|til|кому|kepada|için"
_ZOOM = re.compile(
    rf"(?P<clock>\d\d:\d\d:\d\d)(?:[ \t]+(?:{_FROM})[ \t]+(?P<name>[^\n:]{{1,80}}?)"
    rf"(?:[ \t]+(?:{_TO})[ \t]+[^\n:]{{1,60}}?)?[ \t]*:[ \t]*"
    r"|\t(?P<teller>[^\t\n:]{1,80}):\t)(?P<text>[^\n]*)",
    re.IGNORECASE,
)
_REACTED = re.compile(r"(?:Reacted to|Removed a \S{1,20} reaction from) ")
_ANSWERING = re.compile(r"Replying to \"[^\n]{0,300}\"\s{0,9}\n\s{0,9}")
_FORMS = [
    re.compile(form + r"(?P<text>[^\n]*)")
    for form in (
        r"[(\[](?P<clock>\d\d?:\d\d(?::\d\d)?)(?: ?[AaPp][Mm])?[)\]][ \t]+"  # of Pidgin and its kin
        r"(?P<name>[^\n:<>*/\\]{1,40}):[ \t]+",
        r"(?P<clock>\d\d?:\d\d)\t(?P<name>[^\t\n]{1,40})\t",  # of LINE
        r"\[(?P<name>[^\[\]\n]{1,40})\] "  # of KakaoTalk
        r"\[(?P<clock>(?:(?:오전|오후) )?\d\d?:\d\d(?: [AP]M)?)\] ",
    )
]
_DAY = re.compile(  # on a line of its own, between messages of these
    r"^(?:\d{4}[./-]\d\d?[./-]\d\d?\b[^\n\t]{0,12}|-{5,30} [^\n]{4,40} -{5,30}"
    r"|[A-Z][a-z]{2,8}, [\d/.]{6,10})$",
    re.MULTILINE,
)
_LEAST = 0.5  # of the lines, which open a message


class Opened(NamedTuple):
    """The line that opens a message, what was found in it, and the message's whole text."""

    match: re.Match[str]
    line: str
    text: str


def open_messages(text: str, opens: Callable[[str], re.Match[str] | None]) -> Iterator[Opened]:
    """Find the messages of a log: a line that opens one, and those behind it that open none."""
    current: tuple[re.Match[str], str] | None = None
    lines: list[str] = []
    for line in text.split("\n"):
        if match := opens(line):
            if current:
                yield Opened(*current, "\n".join(lines).strip())
            current, lines = (match, line), [match["text"]]
        else:
            lines.append(line)
    if current:
        yield Opened(*current, "\n".join(lines).strip())


def drop_marks(text: str) -> str:
    """Take away marks of direction, which programs put before words of their own."""
    return text if text.isascii() else _MARKS.sub("", text)


def find_first_lines(text: str) -> list[str]:
    """Find the lines that tell what a log is of: the first ones that are not empty; at least one, empty."""
    lines = (drop_marks(line).strip(" \t") for line in text[:_SEEN].splitlines())
    return list(islice((line for line in lines if line), _LOOK)) or [""]


def seal_messages(messages: list[Message], place: Place, title: str = "") -> Iterator[Thread | BrokenThread]:
    """Cut the messages of a log into threads."""
    drafts = cut_channel(messages, title=title)
    if not drafts:
        yield place.refuse("This is the log of a chat in which nobody wrote anything.")
    for number, draft in enumerate(drafts):
        name = f"{place.name}-{number + 1}" if number else place.name
        try:
            yield draft.seal(name)
        except DataError as error:
            yield place.refuse(str(error), name)


def is_clocked(text: str) -> bool:
    """Tell the saved chat of a Zoom meeting by its first line, others by most of their lines."""
    return _find_form(text) is not None


def _find_form(text: str) -> "re.Pattern[str] | None":
    lines = find_first_lines(text)
    if _ZOOM.match(lines[0]):
        return _ZOOM
    opened = [(sum(form.match(line) is not None for line in lines), form) for form in _FORMS]
    count, best = max(opened, key=lambda one: one[0])
    is_dated = any(map(_DAY.match, lines))
    if count < 2 or (best is not _FORMS[0] and not is_dated):  # such as a table
        return None
    return best if count >= _LEAST * len(lines) / (1 + is_dated) else None


def read_clocked(text: str, place: Place) -> Iterator[Thread | BrokenThread]:
    """Read a chat whose times have no day; what stands above its first message is none."""
    form = _find_form(text) or _ZOOM
    if form is not _ZOOM:
        text = _DAY.sub("", text)
    yield from seal_messages([_read_clocked(one) for one in open_messages(text, form.match)], place)


def _read_clocked(one: Opened) -> Message:
    fields = one.match.groupdict()
    post = Post(
        author=(fields["name"] or fields["teller"] or "").strip(),
        text=_ANSWERING.sub("", one.text, count=1),
        time=fields["clock"],
    )
    return Message(post, unused="event" if _REACTED.match(one.text) else "")
