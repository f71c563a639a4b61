"""Fields of decoded JSON, read liberally: what is missing, null or of the wrong type is empty.

Knows no shape.
"""

import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeGuard

Fields = Mapping[str, object]

_NOBODY = frozenset(["[deleted]", "[removed]"])
_NAMES = ("username", "login", "display_name", "displayName", "name", "nickname")
_WHOLE = re.compile(r"-?[0-9]{1,15}")
_SECONDS = re.compile(r"[0-9]{10,13}(\.[0-9]{1,9})?")
_UTC = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?Z")
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?( ?UTC|Z| ?[+-]\d\d:?\d\d)?")
_MAIL_DATE = re.compile(r"(\w{3}, )?\d{1,2} \w{3} \d{4} \d\d:\d\d")
_EPOCH = datetime(1970, 1, 1)
_FAR = 1e11  # seconds from 1970 to the year 5138: larger numbers are milliseconds


def is_fields(value: object) -> TypeGuard[Fields]:
    """Tell whether a value is a JSON object."""
    return isinstance(value, dict)


def fields_in(fields: Fields, *keys: str) -> Fields:
    """Find the object under a path of keys; empty where there is none."""
    for key in keys:
        value = fields.get(key)
        if not isinstance(value, dict):
            return {}
        fields = value
    return fields


def list_in(fields: Fields, *keys: str) -> list[object]:
    """Find the first list under any of the keys; empty where there is none."""
    for key in keys:
        if key in fields and isinstance(value := fields[key], list):
            return value
    return []


def text_in(fields: Fields, *keys: str) -> str:
    """Find the first text that is not blank under any of the keys."""
    for key in keys:
        if key in fields and isinstance(value := fields[key], str) and value and not value.isspace():
            return value
    return ""


def span_in(fields: Fields, key: str) -> str:
    """Find a part of a text under a key, which may be the blanks between two others."""
    value = fields.get(key)
    return value if isinstance(value, str) else ""


def key_in(fields: Fields, *keys: str) -> str:
    """Find the first id, a text or a whole number, under any of the keys."""
    for key in keys:
        if key not in fields:
            continue
        value = fields[key]
        if isinstance(value, str):
            if value:
                return value
        elif isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return ""


def count_in(fields: Fields, *keys: str) -> int | None:
    """Find the first number under any of the keys, whole; a list counts as its length."""
    for key in keys:
        if key in fields and (count := _count(fields[key])) is not None:
            return count
    return None


def _count(value: object) -> int | None:
    if isinstance(value, int):
        return None if isinstance(value, bool) else value
    if isinstance(value, str):
        return int(value) if _WHOLE.fullmatch(value) else None
    if isinstance(value, float):
        return int(value) if math.isfinite(value) else None
    return len(value) if isinstance(value, list) else None


def author_in(fields: Fields, *keys: str) -> str:
    """Find an author, a name or an object with one; empty for deleted accounts."""
    for key in keys:
        if key not in fields:
            continue
        value = fields[key]
        if isinstance(value, dict):
            value = text_in(value, *_NAMES)
        if isinstance(value, str) and value:
            return "" if value.lower() in _NOBODY else value
    return ""


def time_in(fields: Fields, *keys: str) -> str:
    """Find the first time under any of the keys, in ISO form where it is understood."""
    for key in keys:
        if key in fields and (time := render_time(fields[key])):
            return time
    return ""


def render_time(value: object) -> str:
    """Render seconds or milliseconds since 1970, ISO 8601 or a mail date as ISO 8601; other texts stay.

    A time without a zone is written without one.
    """
    if isinstance(value, str):
        if plain := _UTC.fullmatch(value):
            return f"{plain[1]}Z"
        if not _SECONDS.fullmatch(value):
            return _render_date(value)
        value = float(value)
    elif isinstance(value, bool) or not isinstance(value, (float, int)):
        return ""
    try:
        time = _EPOCH + timedelta(0, value / 1000 if value > _FAR else value)
        return f"{time.isoformat()[:19]}Z" if value else ""
    except (ValueError, OverflowError):
        return ""


def _render_date(value: str) -> str:
    try:
        if _ISO.fullmatch(value):
            return _written(datetime.fromisoformat(_plain_iso(value)))
        return _written(parsedate_to_datetime(value)) if _MAIL_DATE.match(value) else value
    except (ValueError, OverflowError, TypeError, IndexError):
        return value


def _plain_iso(value: str) -> str:
    """Rewrite the forms Python 3.10 does not read; parts of seconds go."""
    value = re.sub(r" ?UTC$|Z$", "+00:00", re.sub(r"\.\d+", "", value))
    return re.sub(r" ?([+-]\d\d):?(\d\d)$", r"\1:\2", value)


def _written(time: datetime) -> str:
    return time.isoformat(timespec="seconds").replace("+00:00", "Z")
