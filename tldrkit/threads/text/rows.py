"""Texts that are no prose, told by what most of their lines look like: tables, logs, settings."""

import csv
import re
from collections.abc import Callable, Sequence

from tldrkit.threads.text.foreign import Foreign

Lines = Sequence[str]

_MOST = 0.8  # of the lines, which make a text what they are
_CODED = re.compile(r"[\w+/=-]+$", re.ASCII)
_MIXED = re.compile(r"(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])(?=[^0-9]*[0-9])")
_HEX = re.compile(
    r"\s*(?:[0-9a-fA-F]{4,}[:\s|]+)?(?:(?:0x)?[0-9a-fA-F]{2,8}[\s,:]+){4,}|[0-9a-fA-F]{32,128}(?:\s|$)"
    r"|[0-9a-fA-F]{16,}$|[0-9a-f]{7,8}$|:[0-9A-F]{10,}$|S\d[0-9A-F]{8,}$"
)
_NUMBERS = re.compile(r"(?:[a-z]{1,3}\s)?[\s\d.,;:eE+/%$€£-]+$")
_ADDRESS = re.compile(r"\s*(?:https?|ftp)://\S+\s*$")
_CHECKSUM = re.compile(r"\S+\s+(?:h1:|sha\d+[-:=])|\w+ \([^)]+\) = [0-9a-f]{16,}")
_TIMED = re.compile(
    r"\[?\s*(?:\d{4}[-/.]\d\d[-/.]\d\d[T _]+\d\d:\d\d:\d\d"
    r"|\d\d[-/]\d\d(?:[-/]\d{2,4})? \d\d:\d\d:\d\d[.,]\d"
    r"|[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d "
    r"|\d\d:\d\d:\d\d[.,]\d{3}|\d{1,6}\.\d{3,9}\]|[IWEF]\d{4} \d\d:\d\d|\d{10}[.,]?\d* )"
    r"|\S+ \S+ \S+ \[\d\d/[A-Z][a-z]{2}/\d{4}[: ]\d\d:\d\d"
)
_LEVELLED = re.compile(
    r"[^a-z\n]{0,60}(?:\b|\[)(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL|SEVERE)\b"
    r"|.{0,40}\[(?:trace|debug|info|notice|warn|warning|error|crit|alert|emerg)\]"
    r"|\s+at [\w.$<>/]+\(|\s+File \"[^\"]+\", line \d|Caused by: |level=\w"
)
_TRANSLATION = re.compile(r"\s*(?:msgid|msgstr|msgctxt|#[:.,~])|\s*\"")
_TAG = re.compile(r"</?[a-zA-Z][\w:.-]{0,40}(?:\s[^<>]{0,2000})?/?>")
_RULE = re.compile(
    r"[^{};\n]{0,300}\{|\s*\}|\s*(?:--)?[-\w]+\s*:\s*[^;{}\n]{1,500};?\s*\}?\s*$|\s*(?:/\*|\*)|\s*@\w"
    r"|[^{};\n]{1,200},\s*$"
)
_DECLARATION = re.compile(r"[{;\s]-{0,2}[a-z][a-z-]{1,40}\s*:\s*[^;{}:\n]{1,200}[;}]")
_STATEMENT = re.compile(
    r"\s*(?:SELECT|INSERT INTO|UPDATE \w+ SET|DELETE FROM|DROP (?:TABLE|VIEW|INDEX)|ALTER TABLE"
    r"|WITH \w+ AS \(|GRANT |USE |CREATE (?:OR REPLACE |TEMP(?:ORARY)? |UNIQUE )?"
    r"(?:TABLE|VIEW|INDEX|FUNCTION|PROCEDURE|DATABASE|TRIGGER))"
)
_CLAUSE = re.compile(r"\s*(?:FROM|WHERE|VALUES)\b", re.IGNORECASE)
_ROFF = re.compile(r"[.'](?:[A-Za-z]{1,3}|\\\")(?:\s|$)")
_TEX = re.compile(r"\s*\\[a-zA-Z@]+|\s*%|\s*[{}]")
_GAP = re.compile(r"[^\s.!?:;,](?: {2,}|\t+)\S")
_SETTING = re.compile(
    r"\s*(?:- )?(?:"
    r"[\w.-]+\s*=\s*\S?|\[{1,2}[\w .\"':/@-]+\]{1,2}\s*$"  # key = value, [section]
    r"|[a-z][\w.-]*:(?:\s+(?:[\w.\"'/\[{&*!|>~@$-]\S*(?:\s+\S+){0,2}))?\s*$"  # key: value
    r"|\"[^\"]+\"\s*:\s*\S|export [A-Z_]+=|- [\w./:@\"'-]+\s*$"
    r")"
)
_KEY = re.compile(r"\s*-? ?[\w.\"'-]+\s*[:=]|\s*\[")
_REMARK = re.compile(r"\s*[#;!]")
_WORD = re.compile(r"\s*\S+\s*$")
_FILE = re.compile(r"\s*(?!https?:)[^\s/*.=<>~^]*[/*.=<>~^]\S*[^\s.!?]\s*$")


def recognize_rows(lines: Lines) -> Foreign | None:
    """Tell a text by its lines, none of them empty; None for what may be prose."""
    return next((found for found, holds in _ROWS if holds(lines)), None)


def _share(pattern: "re.Pattern[str]", lines: Lines) -> float:
    return sum(pattern.match(line) is not None for line in lines) / len(lines)


def _is_base64(lines: Lines) -> bool:
    joined = "".join(lines)
    return (
        max(map(len, lines)) >= 32
        and len(joined) >= 40
        and _share(_CODED, lines) == 1
        and _MIXED.match(joined) is not None
    )


def _is_log(lines: Lines) -> bool:
    both = [(_TIMED.match(line) is not None) + (_LEVELLED.match(line) is not None) for line in lines]
    return both == [2] if len(lines) == 1 else sum(map(bool, both)) >= len(lines) / 2


def _is_translation(lines: Lines) -> bool:
    starts = [line.lstrip().partition(" ")[0] for line in lines]
    return "msgid" in starts and "msgstr" in starts and _share(_TRANSLATION, lines) >= _MOST


def _is_markup(lines: Lines) -> bool:
    text = "\n".join(lines)
    tags = _TAG.findall(text)
    return text.startswith("<") and len(tags) > 3 and sum(map(len, tags)) > 0.4 * len(text)


def _is_style(lines: Lines) -> bool:
    text = "\n".join(lines)
    declared = 2 * len(_DECLARATION.findall(text))
    marks = sum(map(text.count, "{};"))
    return "{" in text and declared >= max(2, marks / 2) and _share(_RULE, lines) >= 0.7


def _is_sql(lines: Lines) -> bool:
    told = [line for line in lines if not line.lstrip().startswith(("--", "/*", "#"))]
    if not told or not _STATEMENT.match(told[0].upper()):
        return False
    if told[-1].rstrip().endswith(";"):
        return True
    return _STATEMENT.match(told[0]) is not None and (
        any(";" in line or _CLAUSE.match(line) for line in told) or " FROM " in told[0]
    )


def _is_table(lines: Lines) -> bool:
    return any(_has_columns(lines, delimiter) for delimiter in "\t;,|") or _is_aligned(lines)


def _has_columns(lines: Lines, delimiter: str) -> bool:
    """Tell whether nearly all rows have the same number of cells, and do not read like a sentence's parts."""
    quoted = any('"' in line for line in lines[:20])  # then a cell may go on on the next line
    if len(lines) < 2 or sum(delimiter in line for line in lines) < (0.3 if quoted else _MOST) * len(lines):
        return False
    try:
        rows = [row for row in csv.reader([f"{line}\n" for line in lines], delimiter=delimiter) if row]
    except csv.Error:
        return False
    counts = [len(row) for row in rows]
    usual = max(set(counts), key=counts.count)
    if len(rows) < 2 or usual < 2 or counts.count(usual) < 0.9 * len(rows):
        return False
    cells = [cell for row in rows for cell in row[1:]]
    spaced = sum(cell.startswith(" ") for cell in cells)
    regular = usual > 3 and len(rows) > 3 and len(set(counts)) == 1
    return delimiter in "\t|" or spaced <= 0.1 * len(cells) or regular


def _is_aligned(lines: Lines) -> bool:
    return len(lines) > 2 and sum(_GAP.search(line.strip()) is not None for line in lines) >= 0.7 * len(lines)


def _is_settings(lines: Lines) -> bool:
    told = [line for line in lines if not _REMARK.match(line)]
    settings = [line for line in told if _SETTING.match(line)]
    keys = sum(_KEY.match(line) is not None for line in settings)
    return len(told) > 1 and len(settings) >= 0.6 * len(told) and keys >= 0.4 * len(told)


def _is_list(lines: Lines) -> bool:
    """Tell a list of single words, such as a dictionary's, or of names of files."""
    if _share(_WORD, lines) < 0.95 or not all(map(str.isascii, lines)):
        return False
    return len(lines) >= 30 or (len(lines) > 1 and _share(_FILE, lines) >= 0.5)


_ROWS: tuple[tuple[Foreign, Callable[[Lines], bool]], ...] = (
    (Foreign("base64"), _is_base64),
    (Foreign("numbers"), lambda lines: _share(_HEX, lines) >= _MOST),
    (Foreign("numbers"), lambda lines: len(lines) > 2 and _share(_NUMBERS, lines) >= _MOST),
    (Foreign("a log"), _is_log),
    (Foreign("a file of translations"), _is_translation),
    (Foreign("a list of addresses"), lambda lines: _share(_ADDRESS, lines) == 1),
    (Foreign("checksums"), lambda lines: _share(_CHECKSUM, lines) >= _MOST),
    (Foreign("markup"), _is_markup),
    (Foreign("a style sheet", of_pages=True), _is_style),
    (Foreign("statements of SQL"), _is_sql),
    (Foreign("a table"), _is_table),
    (Foreign("a list of words or names"), _is_list),
    (Foreign("markup (roff)"), lambda lines: _share(_ROFF, lines) >= 0.25),
    (Foreign("markup (TeX)"), lambda lines: "\\" in "".join(lines) and _share(_TEX, lines) >= 0.4),
    (Foreign("a file of settings"), _is_settings),
)
