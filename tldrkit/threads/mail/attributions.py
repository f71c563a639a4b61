"""Whose words follow: lines such as "On Sunday Ann wrote:", and copied heads (From, Sent, To, Subject).

Both are told by their form and by the words of `LANGUAGES`; prose that only looks like them is neither.
"""

import re
from collections.abc import Iterable, Sequence

from tldrkit.threads.mail.words import FORWARDED, LANGUAGES

_MOST_LINES = 4  # an attribution is wrapped over
_MOST_CHARACTERS = 600  # of an attribution
_MOST_WORDS = 12  # of a name, with a date
_MOST_FIELDS = 40  # lines of a head
_LONGEST_NAME, _INDENT = 60, 12  # characters of a field's name, and before a rule
_LONG = 2000  # characters of a line that is no head by itself
_ADDRESS = re.compile(r"[^\s<>]@[^\s<>]|\S at \S{1,100}\.\w|\*@\*|\S@\.\.\.")
_DATE = re.compile(
    r"\d{1,2}[:.h]\d\d|\b(?:19|20)\d\d\b|\d{1,4}[./-]\d{1,2}|\d ?[年月日년월일]"
    r"|\d{1,2}\.? (?:de )?[^\W\d_]{3}"
)
_TIME = re.compile(r"\d{1,2}[:.h]\d\d")
_ISO_DATE = re.compile(r"\b(?:19|20)\d\d-\d\d-\d\d\b")
_END = re.compile(r"[:：]\W{0,3}$")
_NEWS = re.compile(r"\bnews:\S{1,200}$")  # a message's id on Usenet, in "wrote in message news:…"
_SENTENCE_END = re.compile(r"[^\W\d_]{3}[.!?]\s+([^\W\d_])")
_ABBREVIATED = re.compile(r"\d[ .]{0,3}(?:[^\W\d_]{1,9}\.? ?){0,2}$")  # "4. jun.", "2024 г."
_WEEKDAY = re.compile(
    r"(?:mo|di|mi|do|fr|sa|so|mon|tue|wed|thu|fri|sat|sun|lun|mar|mer|jeu|ven|sam|dim|mié|mie|jue|vie|"
    r"sáb|sab|dom|"
    r"gio|ma|wo|vr|za|zo|man|tir|tirs|ons|tor|tors|fre|lør|søn|mån|tis|tors|lör|sön|ti|ke|to|pe|la|su|"
    r"pon|pn|wt|śr|czw|pt|sob|ndz|niedz|seg|ter|qua|qui|sex|po|út|st|čt|pá|пн|вт|ср|чт|пт|сб|вс|нд|сбт)"
    r"[a-zà-žа-я]{0,9}[.,]{0,2}\s+\d",
    re.IGNORECASE,
)
_PARTS = (
    "a af an at d da dal de del della den der des di do dos du el en folgendes följande følgende het il "
    "in kello "
    "kl klo kl. la le les o of om on så ter the to um v van volgende von y zu à às в г г. о"
)
_NAME_PARTS = frozenset(_PARTS.split())
_MARKS = " \t\xa0\u202f*_|"  # round the name of a field, such as those of bold words


def _words(alternatives: Iterable[str]) -> str:
    names = sorted({re.escape(name) for text in alternatives for name in text.split("|") if name}, key=len)
    return "|".join(reversed(names))


def _gather_pronouns() -> dict[str, frozenset[str]]:
    """Gather of each verb who may write beside it in prose."""
    found: dict[str, frozenset[str]] = {}
    for language in LANGUAGES.values():
        for verb in language.verbs.split("|"):
            found[verb] = found.get(verb, frozenset()) | frozenset(language.pronouns.split("|"))
    return found


_PRONOUNS = _gather_pronouns()
_SPACED = [verb for verb in _PRONOUNS if verb[0].islower()]  # not those of scripts without spaces
_VERB = re.compile(
    rf"(?<!\w)(?:{_words(_SPACED)})(?![\w(])|{_words(_PRONOUNS.keys() - set(_SPACED))}", re.IGNORECASE
)
_OPENER = re.compile(
    rf"(?:(?:{_words(language.openers for language in LANGUAGES.values())})(?![\w-])|[\d\"在于於]|\W?\d)",
    re.IGNORECASE,
)
_ORIGINALS = _words(language.original for language in LANGUAGES.values())
_ORIGINAL = re.compile(
    rf"[>\s*]{{0,8}}-{{2,100}} ?(?=[^-\s])(?:{_ORIGINALS})\b[^\n]{{0,80}}$",
    re.IGNORECASE,
)
_FORWARDED = re.compile(rf"[-\s*]{{0,60}}(?:{FORWARDED})\b", re.IGNORECASE)
_FIELDS = {
    name: field
    for language in LANGUAGES.values()
    for field in ("to", "sent", "subject", "sender")
    for name in getattr(language, field).split("|")
    if name
}
_INLINE = re.compile(rf"(?<!\w)({_words(_FIELDS)})[ \xa0]?[*_]{{0,2}}:", re.IGNORECASE)
_RULE = re.compile(r"\s*[-_=*]{3,}\s*$")
NAMED_RULE = re.compile(r"\s{0,9}-{3,}[^-\n][^\n]{0,150}[^-\n]-{3,}\s*$")
"""What Lotus Notes puts above a head: "-----Ann wrote: -----"."""


def is_attribution(text: str) -> bool:
    """Tell whether a line, unwrapped, says of what follows who wrote it."""
    text = text.strip()
    if len(text) > _MOST_CHARACTERS or not _ends(text):
        return False
    addressed, verb = bool(_ADDRESS.search(text)), False
    for found in _VERB.finditer(text):
        before, after = text[: found.start()].split(), text[found.end() :].rstrip(":： \xa0").split()
        pronouns = _PRONOUNS.get(found[0].lower(), frozenset())
        if any(word.strip(",.:;\"'").lower() in pronouns for word in before[-1:] + after[:1]):
            return False
        verb = verb or addressed or _is_name(after)
    if verb:
        return True
    return bool((addressed and _DATE.search(text)) or _ISO_DATE.search(text))


def _ends(line: str) -> bool:
    """Tell what an attribution's last line ends with: a colon, or an article's id."""
    line = line.rstrip()
    return bool(_END.search(line[-5:]) or ("news:" in line and _NEWS.search(line[-_MOST_CHARACTERS:])))


def _is_name(words: Sequence[str]) -> bool:
    words = words[: words.index("via")] if "via" in words else words
    return len(words) <= _MOST_WORDS and all(
        not word[0].islower() or word.strip(",;").lower() in _NAME_PARTS or _DATE.search(word)
        for word in words
    )


def is_whole_attribution(text: str) -> bool:
    """Tell whether a paragraph is, beyond doubt, a mail program's line about what follows, marked or not."""
    text = text.strip()
    if not _DATE.search(text) or not is_attribution(text):
        return False
    if any(found[1].isupper() for found in _SENTENCE_END.finditer(text)):
        return False
    if _ADDRESS.search(text):
        return True
    return _begins_dated(text) and bool(_TIME.search(text)) and _is_by_name(text)


def _begins_dated(text: str) -> bool:
    return bool(_OPENER.match(text) or _WEEKDAY.match(text))


def _is_by_name(text: str) -> bool:
    """Tell whether a name, and no other word, stands beside the verb."""
    for found in _VERB.finditer(text):
        after = text[found.end() :].rstrip(":： \xa0").split()
        near = after[:1] or text[: found.start()].split()[-1:]
        if near and not near[0][0].islower():
            return True
    return False


def count_attribution_lines(lines: Sequence[str], end: int) -> int:
    """Count the lines before a place that say who wrote what stands there; 0 where none do.

    Args:
        lines: Of a text.
        end: Where what is quoted begins.
    """
    if end < 1 or not _ends(lines[end - 1]):
        return 0
    found = 0
    for count in range(1, min(_MOST_LINES, end) + 1):
        start = end - count
        line = lines[start].strip()
        if not line or (count > 1 and _ends_sentence(line)):
            break
        if not is_attribution(_unwrap(lines[start:end])):
            continue
        whole = start == 0 or not lines[start - 1].strip()
        if not found or whole or (_DATE.search(line) and _begins_dated(line)):
            found = count
    return found


def _ends_sentence(line: str) -> bool:
    return line[-1] in ".!?:。！？：" and not _ABBREVIATED.search(line[-24:])


def _unwrap(lines: Sequence[str]) -> str:
    text = ""
    for line in lines:
        text += line.strip() if text.endswith("<") else f" {line.strip()}"
    return text.strip()


def find_copy(lines: Sequence[str]) -> int:
    """Find where the unmarked copy of an answered message begins, with its head; else the number of lines.

    A copy with nothing before it is the message, and so is one that is handed on.
    """
    marked = [number for number, line in enumerate(lines) if ":" in line or "：" in line or "--" in line]
    marked.reverse()  # a copy begins in one of these lines, or with an attribution that ends in one
    written = False
    place = 0
    while place < len(lines):
        while marked and marked[-1] < place:
            marked.pop()
        following = marked[-1] - _MOST_LINES if marked else len(lines)
        if place < following:
            written = written or any(map(_has_words, lines[place:following]))
            place = following
            continue
        end, is_head = read_head(lines, place)
        if is_head or _is_rule_of_copy(lines[place]) or _is_copied(lines, place):
            if written:
                return _step_up(lines, place)
        else:
            written = written or _has_words(lines[place])
        place = max(place + 1, end)
    return len(lines)


def _has_words(line: str) -> bool:
    return line.strip() != "" and not _RULE.match(line)


def _is_rule_of_copy(line: str) -> bool:
    return "--" in line[:_INDENT] and bool(_ORIGINAL.match(line))


def _step_up(lines: Sequence[str], place: int) -> int:
    """Step from a head up over the rule and the empty lines above it; one that is handed on is no copy."""
    while place:
        above = lines[place - 1]
        if _FORWARDED.match(above):
            return len(lines)
        if above.strip() and not _RULE.match(above) and not NAMED_RULE.match(above):
            break
        place -= 1
    return place


def _is_copied(lines: Sequence[str], place: int) -> bool:
    """Tell whether an attribution is a paragraph of its own, and what follows it bears no marks."""
    if not lines[place].strip() or (place and lines[place - 1].strip()):
        return False
    end = place
    while end < len(lines) and end - place < _MOST_LINES and lines[end].strip():
        end += 1
    if end < len(lines) and lines[end].strip():
        return False
    if not _ends(lines[end - 1]) or not is_whole_attribution(_unwrap(lines[place:end])):
        return False
    above = next((line.strip() for line in reversed(lines[max(0, place - 4) : place]) if line.strip()), "")
    below = next((line.strip() for line in lines[end : end + 4] if line.strip()), "")
    return not above.endswith(",") and not below.startswith(">")


def read_head(lines: Sequence[str], place: int) -> tuple[int, bool]:
    """Read the fields of a head from a place on: where they end, and whether they are one.

    Fields may be wrapped over lines, bold, all on one line, or have empty lines between them.
    """
    if not _read_field(lines[place]):
        return place, False
    seen: set[str] = set()
    addressed = False
    end, wrapped = place, 0
    for at in range(place, min(len(lines), place + _MOST_FIELDS)):
        line = lines[at]
        if field := _read_field(line):
            if end < at and field in seen:
                break  # another head, below an empty line
            seen.add(field)
            if len(line) < _LONG and line.count(":") > 1:
                seen |= {_FIELDS[name.lower()] for name in _INLINE.findall(line)}
            wrapped = 0
        elif end < at or wrapped == _MOST_LINES:
            break
        elif not line.strip():
            continue
        else:
            wrapped += 1
        addressed = addressed or "@" in line
        end = at + 1
    return end, "sender" in seen and len(seen) > 2 and ("subject" in seen or addressed)


def _read_field(line: str) -> str:
    """Tell which field of a head a line is; bold or not."""
    name, colon, _ = line[:_LONGEST_NAME].partition(":")
    if not colon and "：" in name:
        name, colon, _ = name.partition("：")
    return _FIELDS.get(name.strip(_MARKS).lower(), "") if colon else ""
