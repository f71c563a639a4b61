"""Encodings of texts and pages: as they say, as browsers understand what they say, or guessed with a word.

The one room that knows tables of encodings. Python's own codecs decode.
"""

import codecs
from io import BufferedReader, RawIOBase
from typing import Any

_BUFFER = 1 << 16
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins with the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SEEN = 4096  # bytes that tell a wide encoding without a mark
_FEW_ZEROS = 0.02  # of the bytes of UTF-16: what Chinese text has in its spaces, line ends and digits


def open_as_utf8(file: BufferedReader) -> BufferedReader:
    """Drop a byte order mark, and turn UTF-16 and UTF-32 into UTF-8; anything else stays as it is."""
    head = file.peek(_SEEN)[:_SEEN]
    marked = next(((mark, name) for mark, name in _BOMS if head.startswith(mark)), None)
    mark, name = marked or (b"", _guess_wide(head))
    file.read(len(mark))
    return file if name == "utf-8" else BufferedReader(_Transcoded(file, name), _BUFFER)


class _Transcoded(RawIOBase):
    """A stream of text as UTF-8."""

    def __init__(self, source: BufferedReader, name: str) -> None:
        self._source = source
        self._decoder = codecs.getincrementaldecoder(name)("replace")
        self._held = b""

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401  (any writable buffer)
        """Read as much as there is room for."""
        data = b""
        while not self._held:
            data = self._source.read(_BUFFER)
            self._held = self._decoder.decode(data, final=not data).encode("utf-8", "replace")
            if not data:
                break
        count = min(len(buffer), len(self._held))
        buffer[:count], self._held = self._held[:count], self._held[count:]
        return count

    def close(self) -> None:
        """Close the other one too."""
        self._source.close()
        super().close()


def _guess_wide(head: bytes) -> str:
    """Tell UTF-16 and UTF-32 without a mark by where their zeros are; UTF-8 for all else."""
    head = head[: len(head) // 4 * 4]
    if b"\0" not in head or len(head) < 8:
        return "utf-8"
    zeros = [head[place::4].count(0) for place in range(4)]
    quarter = len(head) // 4
    if quarter == zeros[3] and zeros[2] >= 0.9 * quarter and not zeros[0]:
        name = "utf-32-le"
    elif quarter == zeros[0] and zeros[1] >= 0.9 * quarter and not zeros[3]:
        name = "utf-32-be"
    elif zeros[1] + zeros[3] > _FEW_ZEROS * len(head) and not zeros[0] + zeros[2]:
        name = "utf-16-le"
    elif zeros[0] + zeros[2] > _FEW_ZEROS * len(head) and not zeros[1] + zeros[3]:
        name = "utf-16-be"
    else:
        return "utf-8"
    text = head.decode(name, "replace")
    shown = sum(character.isprintable() or character.isspace() for character in text)
    return name if shown >= 0.97 * len(text) and "\ufffd" not in text[:-1] else "utf-8"
