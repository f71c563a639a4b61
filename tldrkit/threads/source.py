"""An open file of threads, read within limits: on what is held at once, and on how small its parts may be.

Every line and every thread costs some millionths of a second however short it is, so a file may have so many
and one more for so many bytes: real ones are longer. Knows no shape.
"""

from collections.abc import Iterable, Iterator
from io import BufferedReader
from typing import TypeVar

from tldrkit.errors import DataError
from tldrkit.files import open_bytes

MOST = 32 << 20
"""Bytes of a line, or of a file that is held whole."""
_THREADS, _THREAD = 10_000, 250  # threads that any file may hold, and bytes for which it may hold one more
_LINES, _LINE = 100_000, 20  # the same of lines

FoundItem = TypeVar("FoundItem")


class IsText(Exception):  # noqa: N818  (no failure: another reader's)
    """What begins like another shape is text.

    Args:
        data: The whole file.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.data = data


class Tally:
    """What was read and found so far, of a file or of all the files in an archive."""

    def __init__(self) -> None:
        self._bytes = self._lines = self._threads = 0

    def read(self, size: int, lines: int) -> None:
        """Count bytes and lines.

        Raises:
            DataError: These are too many lines for their bytes.
        """
        self._bytes += size
        self._lines += lines
        if self._lines > _LINES + self._bytes // _LINE:
            raise DataError(f"It has more than {_LINES:,} lines, shorter than those of any text.")

    def find(self, found: Iterable[FoundItem]) -> Iterator[FoundItem]:
        """Count threads, and what is none, as they are found.

        Raises:
            DataError: These are too many for the bytes read.
        """
        for one in found:
            self._threads += 1
            if self._threads > _THREADS + self._bytes // _THREAD:
                raise DataError(f"It holds more than {_THREADS:,} threads, shorter than any are.")
            yield one


class Source:
    """An open file, read from its beginning on.

    Args:
        file: Unpacked, and in UTF-8 where it is UTF-16 or 32.
        tally: Counts what is read.
    """

    def __init__(self, file: BufferedReader, tally: Tally) -> None:
        self._file = file
        self.tally = tally

    def head(self) -> bytes:
        """See what comes next, some 64 KiB, without reading it; nothing at the end of the file."""
        while (head := self._file.peek()) and not head.strip():
            self._file.read(len(head))
        return head

    def mend_line_ends(self) -> None:
        """Put line feeds for carriage returns, as old Macintoshes end lines; bytes count when they are read.

        Raises:
            DataError: It is too much to be held whole.
        """
        data = _check_size(self._file.read(MOST + 1), MOST)
        self._file = open_bytes(data.replace(b"\r", b"\n"))

    def lines(self) -> Iterator[bytes]:
        """Read line by line.

        Raises:
            DataError: One is too long, or they are too many.
        """
        read_line, count = self._file.readline, self.tally.read
        while line := read_line(MOST + 1):
            size = len(line)
            if size > MOST:
                raise DataError(f"A line of the file is longer than {MOST >> 20} MiB.")
            count(size, 1)
            yield line

    def rest(self, *before: bytes, most: int = MOST) -> bytes:
        """Read what is held whole, behind what was read before.

        Raises:
            DataError: It is too much.
        """
        data = self._file.read(most + 1)
        self.tally.read(len(data), 0)
        return _check_size(b"".join([*before, data]), most)


def _check_size(data: bytes, most: int) -> bytes:
    if len(data) > most:
        raise DataError(f"The file is larger than {most >> 20} MiB, and of a shape that is read whole.")
    return data
