"""SHA-256 of files and of JSON values.

Knows bytes and canonical JSON; knows nothing of artifacts.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_CHUNK = 1 << 20  # bytes read at a time


def digest_file(path: Path) -> str:
    """Compute the SHA-256 of a file, in hexadecimal.

    Raises:
        OSError: The file cannot be read.
    """
    state = hashlib.sha256()
    buffer = memoryview(bytearray(_CHUNK))
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            state.update(buffer[:count])
    return state.hexdigest()


def digest_json(value: object) -> str:
    """Compute the SHA-256 of a value's canonical JSON: sorted keys, no spaces, UTF-8.

    Raises:
        ValueError: The value holds NaN or an infinity, which JSON cannot write.
        TypeError: The value holds what is no JSON.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def to_plain(value: Any) -> Any:  # noqa: ANN401  (JSON has no narrower type)
    """Build the JSON form of measured values; what JSON cannot write becomes null or text.

    Hours of work must not be lost because one number came out as NaN or as a NumPy scalar.
    """
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_plain(item) for item in value]
    number = getattr(value, "item", None)  # NumPy and torch scalars
    return to_plain(number()) if callable(number) and getattr(value, "ndim", None) == 0 else str(value)
