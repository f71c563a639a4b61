"""Chats that WhatsApp exported as text, on Android and iOS, in any language.

Days and months stand in the order of the phone's country: it is told from the dates themselves. Words of the
program, such as who joined, are events; what stands for pictures that were not exported is empty.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from itertools import pairwise

from tldrkit.threads.chat.channel import Message
from tldrkit.threads.text.chat_logs import Opened, drop_marks, find_first_lines, open_messages, seal_messages
from tldrkit.threads.thread import BrokenThread, Place, Post, Thread

_BLANK = "[ \u00a0\u202f]"
_HALVES = "上午|下午|오전|오후|午前|午後|पूर्वाह्न|अपराह्न|ص|م|ق\\.ظ\\.?|ب\\.ظ\\.?"
_BETWEEN = rf"(?:[./-]|\.{_BLANK}|[년年월月]{_BLANK}?)"
_DATE = (
    rf"(?P<a>\d{{1,4}}){_BETWEEN}(?P<b>\d{{1,2}}){_BETWEEN}(?P<c>\d{{1,4}})"
    rf"(?:{_BLANK}?(?:일|日|г\.?|р\.?))?\.?"
)
_CLOCK = (
    rf"(?:(?P<early>{_HALVES}){_BLANK}?)?(?P<hour>\d{{1,2}})[:.](?P<minute>\d\d)(?:[:.](?P<second>\d\d))?"
    rf"(?:{_BLANK}?(?P<half>[AaPp]\.?{_BLANK}?[Mm]\.?|{_HALVES}))?(?:{_BLANK}ч\.?)?"
)
_AT = rf"[,،]?{_BLANK}{{1,3}}(?:(?:à|a las|às|as|kl\.?|klo|um|at|om|la|alle|ob|u|в|о){_BLANK})?"
_SAID = (
    rf"(?:{_BLANK}?\]{_BLANK}?|{_BLANK}{{1,3}}[-–]{_BLANK}{{1,3}}|,{_BLANK})"
    rf"(?:(?P<name>[^:\n]{{1,80}}):(?:{_BLANK}|$))?(?P<text>[^\n]*)"
)
_LINE = re.compile(rf"(?:\[{_BLANK}?)?{_DATE}{_AT}{_CLOCK}{_SAID}")
_CLOCK_FIRST = re.compile(rf"(?:\[{_BLANK}?)?{_CLOCK},?{_BLANK}{_DATE}{_SAID}")  # in Vietnamese
_AFTERNOON = ("p", "下", "오후", "午後", "अ", "م", "ب")
_LEVEL = re.compile(
    r"(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|CRIT(?:ICAL)?|FATAL|ALERT)\b|[^\W_]+[.:/\\=(\[{](?=\S)",
    re.IGNORECASE,
)
"""What stands before the colon in a server's log, where nobody's name does."""
_PLACEHOLDER = re.compile(r"<[^<>\n]{3,60}>|\S[^\n/]{0,120}\.\w{2,4} \([^()\n]{3,40}\)")
"""Of a file that was left out, "<Media omitted>" in any language, or was not, "a.jpg (file attached)"."""
_NOTHING = "null"  # what is written for pictures that may be seen once
_LAST = (">", ")")  # what such a text ends with
_EDITED = re.compile(r"[ \u200e]*<[^<>\n]{3,60}>$")
_OWN_WORDS = 3  # at most, of what iOS writes for a picture, such as "image omitted"
_DELETED = re.compile(
    r"(?:You deleted this message|This message was deleted"
    r"|Diese Nachricht wurde gelöscht|Du hast diese Nachricht gelöscht"
    r"|Ce message a été supprimé|Vous avez supprimé ce message"
    r"|Se eliminó este mensaje|Eliminaste este mensaje"
    r"|Questo messaggio è stato eliminato|Hai eliminato questo messaggio"
    r"|Mensagem apagada|Você apagou esta mensagem|Esta mensagem foi apagada"
    r"|Dit bericht is verwijderd|Je hebt dit bericht verwijderd|U hebt dit bericht verwijderd"
    r"|Данное сообщение удалено|Вы удалили данное сообщение"
    r"|Ta wiadomość została usunięta|Usunąłeś tę wiadomość"
    r"|Meddelandet raderades|Du raderade det här meddelandet"
    r"|Beskeden blev slettet|Du slettede denne besked)\.?",
    re.IGNORECASE,
)
_TITLE = re.compile(
    r"(?:WhatsApp[- ]?chat|Chat (?:de |do |di )?WhatsApp|Discussion WhatsApp|Convers\w+ d[eo] WhatsApp"
    r"|Czat WhatsApp|Чат WhatsApp)"
    r"(?: (?:with|mit|avec|con|com|met|med|z|с)| -)? (?P<title>\S.*)",
    re.IGNORECASE,
)
_AMERICAN = re.compile(  # no other country writes so: 6/4/24, with AM, or an hour of two digits
    rf"\[?(?:\d/\d\d?|\d\d/\d|[1-9]\d/[1-9]\d)/\d\d, "
    rf"(?:\d\d:\d\d(?!\S| ?[AaPp]\.?{_BLANK}?[Mm])|\d\d?:\d\d(?::\d\d)?{_BLANK}?[AP]M)"
)
_FIRST = 100  # messages that tell
_YEAR_DIGITS, _LAST_MONTH, _CENTURY = 4, 12, 2000
_BUDDHIST, _AHEAD = 2400, 543  # years from then on are Thai, and so many ahead
_LAST_HOUR, _LAST_MINUTE = 23, 59


def is_whatsapp(text: str) -> bool:
    """Tell what WhatsApp exports by its first line, and by people who speak further on."""
    lines = find_first_lines(text)
    if not _open(lines[0]):
        return False
    names = [match["name"] for line in lines if (match := _open(line)) and match["name"]]
    return sum(_LEVEL.match(name) is None for name in names) * 2 > len(names)


def read_whatsapp(text: str, place: Place) -> Iterator[Thread | BrokenThread]:
    """Read a chat; the one it was with is in the file's name."""
    opened = list(open_messages(text, lambda line: _open(drop_marks(line))))
    days_first = _put_days_first([one.match for one in opened])
    title = _TITLE.match(place.path.stem)
    messages = [_read_message(one, days_first) for one in opened]
    yield from seal_messages(messages, place, title["title"] if title else "")


def _open(line: str) -> re.Match[str] | None:
    return _LINE.match(line) or _CLOCK_FIRST.match(line)


def _read_message(one: Opened, days_first: bool) -> Message:
    name, text, unused = (one.match["name"] or "").strip(), one.text, ""
    first, below, caption = text.partition("\n")
    if below and _stands_for_file(first):  # a picture with words
        text = caption.strip()
    # iOS marks words of its own by a mark of direction, and gives them the name of the group.
    own = "\u200e" in one.line and (": \u200e" in one.line or ":\u00a0\u200e" in one.line)
    stands_for_file = _stands_for_file(text)
    if _DELETED.fullmatch(text):
        unused = "deleted"
    elif not name or (own and not stands_for_file and len(text.split()) > _OWN_WORDS):
        unused = "event"
    elif own or stands_for_file or text == _NOTHING:
        text = ""
    elif text.endswith(">") and (edited := _EDITED.sub("", text).strip()):
        text = edited
    author = name.removeprefix("~").strip(" \u00a0\u202f")
    return Message(Post(author=author, text=text, time=_find_time(one.match, days_first)), unused=unused)


def _stands_for_file(text: str) -> bool:
    return text[-1:] in _LAST and _PLACEHOLDER.fullmatch(text) is not None


def _put_days_first(matches: Sequence[re.Match[str]]) -> bool:
    """Tell whether days come before months: by numbers above 12, by their order, or by their form."""
    dates = [(int(match["a"]), int(match["b"])) for match in matches if len(match["a"]) < _YEAR_DIGITS]
    for place in (0, 1):
        if any(date[place] > _LAST_MONTH for date in dates):
            return place == 0
    falls = [sum(before[place] > after[place] for before, after in pairwise(dates)) for place in (0, 1)]
    if falls[0] != falls[1]:
        return falls[1] < falls[0]  # the number that falls less often is the month
    return not any(map(_AMERICAN.match, (match[0] for match in matches[:_FIRST])))


def _find_time(match: re.Match[str], days_first: bool) -> str:
    half, early, *clock = match.group("half", "early", "hour", "minute", "second")
    hour, minute, second = (int(part or 0) for part in clock)  # of any script's digits
    day = _find_day(*match.group("a", "b", "c"), days_first)
    if half := (half or early or "").lower():
        hour = hour % 12 + 12 * half.startswith(_AFTERNOON)
    if not day or hour > _LAST_HOUR or max(minute, second) > _LAST_MINUTE:
        return ""
    return f"{day}T{hour:02}:{minute:02}:{second:02}"


@lru_cache(maxsize=64)
def _find_day(a: str, b: str, c: str, days_first: bool) -> str:
    """Write a day in ISO form; many messages are of the same."""
    first, month, last = int(a), int(b), int(c)
    if len(a) == _YEAR_DIGITS:
        year, day = first, last
    else:
        year, day, month = (last, first, month) if days_first else (last, month, first)
    year -= _AHEAD * (year > _BUDDHIST)
    try:
        return date(year + (_CENTURY if year < _CENTURY // 20 else 0), month, day).isoformat()
    except ValueError:
        return ""
