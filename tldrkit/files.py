"""Files as people keep them: opened, decoded and told apart by their bytes.

Knows neither threads nor data sets.
"""

import gzip
import hashlib
import json
from pathlib import Path
from typing import BinaryIO, cast

from tldrkit.errors import DataError


def open_file(path: Path) -> BinaryIO:
    """Open a file of bytes, unpacking gzip where the content (not the name) says so."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return cast(BinaryIO, gzip.open(path)) if packed else path.open("rb")


def compute_digest(path: Path) -> str:
    """Compute the sha256 of a file's bytes.

    Raises:
        DataError: The file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.", hint="Is it the right path?") from error
    return digest.hexdigest()


def decode_json(data: bytes) -> object:
    """Decode one JSON value; half surrogate pairs, which are no text, become the replacement character.

    Raises:
        ValueError: It is no JSON; the message is a clause saying why.
    """
    try:
        value = json.loads(data.decode("utf-8-sig"))
        if b"\\u" in data and b"\\ud" in data.lower():
            text = json.dumps(value, ensure_ascii=False)
            value = json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"it is no JSON: {error.msg} at character {error.pos + 1}") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return value
