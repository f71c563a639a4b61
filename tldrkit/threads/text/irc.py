"""Logs of IRC: of irssi, WeeChat, HexChat, mIRC, ZNC and what writes like them.

Joins and other words of the program are events. A log's day is that of its lines, of the marks between them,
or of the file's name.
"""

import re
from collections.abc import Iterator

from tldrkit.threads.chat.channel import Message
from tldrkit.threads.text.chat_logs import drop_marks, find_first_lines, seal_messages
from tldrkit.threads.thread import BrokenThread, Place, Post, Thread

_LEAST = 0.5  # of its first lines are messages or events
_RANKS = " @+%&~!"
_TIME = (
    r"(?P<time>\[?(?:(?P<day>\d{4}-\d\d-\d\d)[ T]|(?P<month>[A-Z][a-z]{2}) {1,2}(?P<of_month>\d{1,2}) )?"
    r"(?P<clock>\d{1,2}:\d\d(?::\d\d)?)(?:[AP]M)?\]?)"
)
_SAID = re.compile(
    rf"(?:{_TIME}[ \t]{{1,4}})?(?:<[{_RANKS}]?(?P<nick>[^\s<>]{{1,40}})>[ \t]?"
    r"|\*[ \t]{1,4}(?P<actor>[^\s*]{1,40})[ \t]{1,4})(?P<text>[^\n]*)"
)
_COLUMNS = re.compile(  # WeeChat's, with tabs between
    r"(?P<day>\d{4}-\d\d-\d\d) (?P<clock>\d\d:\d\d:\d\d)\t(?P<nick>[^\t\n]{0,40})\t(?P<text>[^\n]*)"
)
_EVENT = re.compile(
    rf"(?:{_TIME}[ \t]{{1,4}})?(?:-!-|\*\*\*|-{{2,3}}>|<-{{1,2}}|==|--"
    r"|\*[ \t]{1,4}(?:Now talking |Topic (?:for|is|set) |Joins: |Parts: |Quits: |Disconnected|Attempting "
    r"|Rejoined |Set by |You (?:are|were|have) |[^\s]{1,40} (?:\([^()\n]{1,80}\) )?"
    r"(?:has |have |is now known|sets? mode|was kicked|changes topic|Joins|Quit|Left|Parts)))[^\n]*"
)
_SESSION = re.compile(r"Session Ident:|\[[\d:]{5,8}\] Session ")  # of mIRC
_MARKS = re.compile("\x03(?:\\d{1,2}(?:,\\d{1,2})?)?|[\x02\x0f\x11\x16\x1d\x1e\x1f]")  # of colours and forms
_EVENT_MESSAGE = Message(Post(author="", text=""), unused="event")
_ARROWS = ("-->", "<--", "--", "=!=", "")
_CHANGE = re.compile(
    r"(?:(?:-{3}|\*{4}) (?:Day changed|Log opened|Log closed|BEGIN LOGGING AT|ENDING LOGGING AT)?"
    r"|Session (?:Start|Time|Close):) ?"
    r"(?:[A-Z][a-z]{2},? )?"
    r"(?:(?P<day>\d{1,2}) (?P<month>[A-Z][a-z]{2})|(?P<month2>[A-Z][a-z]{2}) {1,2}(?P<day2>\d{1,2}))"
    r"(?: \d\d:\d\d:\d\d)? (?P<year>\d{4})"
)
_IN_NAME = re.compile(r"(?<!\d)(\d{4})-?(\d\d)-?(\d\d)(?!\d)")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def is_irc(text: str) -> bool:
    """Tell a log: people in angle brackets or columns, with times, and few lines that are no such thing."""
    lines = [_MARKS.sub("", line) for line in find_first_lines(text)]
    said = [match for line in lines if (match := _COLUMNS.match(line) or _SAID.match(line)) and match["nick"]]
    known = sum(
        any(form.match(line) for form in (_SAID, _COLUMNS, _EVENT, _CHANGE, _SESSION)) for line in lines
    )
    timed = any(match["clock"] for match in said)
    if not timed and any("</" in line or "/>" in line for line in lines):  # tags
        return False
    return len(said) > 1 and known >= (_LEAST if timed else 1) * len(lines)


def read_irc(text: str, place: Place) -> Iterator[Thread | BrokenThread]:
    """Read a log."""
    named = _IN_NAME.search(place.path.stem)
    day = "-".join(named.groups()) if named else ""
    messages: list[Message] = []
    for line in filter(str.strip, _MARKS.sub("", drop_marks(text)).splitlines()):
        change = _CHANGE.match(line)
        day = _find_date(change) or day if change else day
        match = _COLUMNS.match(line) or (None if _EVENT.match(line) else _SAID.match(line))
        messages.append(_read_line(match, day) if match else _EVENT_MESSAGE)
    yield from seal_messages(messages, place)


def _read_line(match: re.Match[str], day: str) -> Message:
    fields, text = match.groupdict(), match["text"].strip()
    author = (fields["nick"] or fields.get("actor") or "").strip(_RANKS)
    unused = "event" if match.re is _COLUMNS and author in _ARROWS else ""
    if author == "*":  # WeeChat's column of what people do
        author, _, text = text.partition(" ")
    if day and fields.get("month"):
        day = _write_day(day[:4], fields["month"], fields["of_month"]) or day
    day = fields["day"] or day
    time = f"{day}T{_fill(fields['clock'])}" if day and fields["clock"] else ""
    return Message(Post(author=author, text=text, time=time), unused=unused)


def _find_date(change: re.Match[str]) -> str:
    return _write_day(change["year"], change["month"] or change["month2"], change["day"] or change["day2"])


def _write_day(year: str, month: str, day: str) -> str:
    """Write a day in ISO form; empty for a month that is none."""
    return f"{year}-{_MONTHS.index(month) + 1:02}-{int(day):02}" if month in _MONTHS else ""


def _fill(clock: str) -> str:
    return ":".join([*(part.zfill(2) for part in clock.split(":")), "00"][:3])
