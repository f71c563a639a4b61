"""What stands beside a chat's file and is needed to read it: names, and the rest of threads that go on.

Knows which file lies where in an export; nothing of what is made of it.
"""

import re
import zlib
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path

from tldrkit.files import decode_json, open_file
from tldrkit.packings import MOST_BESIDE
from tldrkit.threads.chat.channel import find_messages
from tldrkit.threads.chat.googlechat import is_google_message
from tldrkit.threads.chat.slack import is_slack_message
from tldrkit.threads.json.fields import Fields, is_fields, list_in, text_in
from tldrkit.threads.thread import Place

_DAY = re.compile(r"\d{4}-\d\d-\d\d(\.json(?:\.gz)?)")
_TIME = re.compile(r"[0-9]{10}\.")
_PEOPLE, _CHANNELS, _SPACE = "users.json", "channels.json", "group_info.json"
COMPANIONS = frozenset([_PEOPLE, _CHANNELS, _SPACE])
"""What files are called that hold names."""


def open_beside(archive: Path, read: Callable[[str], bytes | None]) -> Callable[[Path], object]:
    """Make of what reads an archive's files by name what reads JSON from them by ``archive/name``."""

    @lru_cache(maxsize=8)
    def decode(path: Path) -> object:
        data = read(path.relative_to(archive).as_posix())
        return None if data is None else decode_json(data)

    return decode


def add_neighbours(value: object, place: Place) -> object:
    """Put beside a day of a Slack export, or a space of Google Chat, what the export keeps in other files.

    Of Slack: the workspace's people and channels, one folder up or in the folder itself, the answers given on
    later days to this day's threads, and which answers of this day are read with the threads of earlier ones.
    """
    path = place.path
    day = _DAY.fullmatch(path.name) if isinstance(value, list) else None
    if isinstance(value, list) and day and find_messages(value, is_slack_message):
        folder = _Folder(place)
        items = [item for item in value if is_fields(item)]
        return {
            "id": f"{folder.name}-{path.name[:10]}",
            "channel": folder.name,
            "users": folder.read(f"../{_PEOPLE}") or folder.read(_PEOPLE),
            "channels": folder.read(f"../{_CHANNELS}"),
            "messages": [*value, *_find_later(items, folder, day[1])],
            "elsewhere": _find_elsewhere(items, folder, day[1]),
        }
    if (
        path.name == "messages.json"
        and is_fields(value)
        and find_messages(value, is_google_message, "messages")
    ):
        about = _Folder(place).read(_SPACE)
        return {"name": text_in(about, "name") if is_fields(about) else "", **value}
    return value


def _find_later(items: list[Fields], folder: "_Folder", suffix: str) -> list[object]:
    """Find the answers that messages name and their day does not hold."""
    own = {text_in(item, "ts") for item in items}
    wanted = {answer for item in items for answer in _answers(item)} - own
    days = _read_days(wanted, folder, suffix)
    return [one for one in days if text_in(one, "ts") in wanted and text_in(one, "thread_ts") in own]


def _find_elsewhere(items: list[Fields], folder: "_Folder", suffix: str) -> list[str]:
    """Find the messages that one of an earlier day names as its answers."""
    own = {text_in(item, "ts") for item in items}
    roots = {text_in(item, "thread_ts") for item in items} - own - {""}
    days = _read_days(roots, folder, suffix)
    return [
        answer for one in days if text_in(one, "ts") in roots for answer in _answers(one) if answer in own
    ]


def _answers(item: Fields) -> list[str]:
    return [text_in(one, "ts") for one in list_in(item, "replies") if is_fields(one)]


def _read_days(times: Iterable[str], folder: "_Folder", suffix: str) -> list[Fields]:
    """Read the messages of the days of these times; the workspace's days may begin hours beside ours."""
    names: set[str] = set()
    for time in times:
        if _TIME.match(time):
            day = datetime.fromtimestamp(int(time[:10]), timezone.utc)
            names |= {f"{(day + timedelta(days=shift)).date()}{suffix}" for shift in (-1, 0, 1)}
    found: list[Fields] = []
    for name in sorted(names):
        messages = folder.read(name)
        found += filter(is_fields, messages) if isinstance(messages, list) else []
    return found


class _Folder:
    """The folder of a file, on disk or in an archive.

    Args:
        place: The file.
    """

    def __init__(self, place: Place) -> None:
        self._path = place.path.absolute().parent if place.read_beside is None else place.path.parent
        self._read = place.read_beside
        self.name = self._path.name

    def read(self, name: str) -> object:
        """Read JSON; None where there is none."""
        path = self._path.parent / name[3:] if name.startswith("../") else self._path / name
        try:
            if self._read is not None:
                return self._read(path)
            state = path.stat()
            return _decode(path, state.st_mtime_ns) if state.st_size <= MOST_BESIDE else None
        except (OSError, ValueError, EOFError, zlib.error):
            return None


@lru_cache(maxsize=8)  # the days of a channel follow one another
def _decode(path: Path, _changed: int) -> object:
    with open_file(path) as file:
        return decode_json(file.read())
