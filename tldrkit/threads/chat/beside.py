"""What stands beside a chat's file and is needed to read it: names of people, of channels and of spaces.

Knows which file lies where in an export; nothing of what is made of it.
"""

import re
import zlib
from functools import lru_cache
from pathlib import Path

from tldrkit.files import decode_json, open_file
from tldrkit.threads.chat.channel import find_messages
from tldrkit.threads.chat.googlechat import is_google_message
from tldrkit.threads.chat.slack import is_slack_message
from tldrkit.threads.json.fields import is_fields, text_in

_DAY = re.compile(r"\d{4}-\d\d-\d\d\.json(\.gz)?")
_MOST = 64 << 20  # bytes of a file beside


def add_neighbours(value: object, path: Path) -> object:
    """Put beside a day of Slack the workspace's people and channels, and beside a space of Google its name.

    Slack's files are found one folder up, as its export has them, or in the folder itself.
    """
    if isinstance(value, list) and _DAY.fullmatch(path.name) and find_messages(value, is_slack_message):
        folder = path.absolute().parent
        lists = {name: _read_beside(folder, f"{name}.json") for name in ("users", "channels")}
        return {"messages": value, "channel": folder.name, **lists}
    if (
        path.name == "messages.json"
        and is_fields(value)
        and find_messages(value, is_google_message, "messages")
    ):
        about = _read(path.absolute().with_name("group_info.json"))
        return {"name": text_in(about, "name") if is_fields(about) else "", **value}
    return value


def _read_beside(folder: Path, name: str) -> object:
    return _read(folder.parent / name) or _read(folder / name)


def _read(path: Path) -> object:
    try:
        state = path.stat()
        return _decode(path, state.st_mtime_ns) if state.st_size <= _MOST else None
    except (OSError, ValueError, EOFError, zlib.error):
        return None


@lru_cache(maxsize=8)  # the days of a channel follow one another
def _decode(path: Path, _changed: int) -> object:
    with open_file(path) as file:
        return decode_json(file.read())
