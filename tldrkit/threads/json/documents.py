"""JSON in files: one document, or a value a line, decoded within limits and handed to the shapes.

Knows no shape; what begins like JSON and is text is handed back.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from tldrkit.errors import DataError
from tldrkit.files import decode_json
from tldrkit.threads.chat.chats import is_chat_line
from tldrkit.threads.json.shapes import build_threads
from tldrkit.threads.source import IsText, Source
from tldrkit.threads.thread import BrokenThread, Place, Thread

_MOST_VALUES = 192 << 20  # bytes that decoded JSON takes; the threads made of it take as many again
_SMALLEST = ((b",", 500_000, 16), (b"{", 100_000, 48))  # such marks any document may have, bytes for one more
_MESSAGES, _MESSAGE = 60_000, 500  # of a chat in lines that are read together, bytes for one more
_OPENING = re.compile(rb'\s*(\{\s*("|\}|$)|\[)', re.MULTILINE)
_LIST = re.compile(rb'\s*\[\s*(\{|\[|"|$)')


class _Value(NamedTuple):
    """A decoded value.

    Args:
        value: None where there is none.
        weight: Bytes that it takes, by an estimate.
        size: Bytes that it was.
        reason: Why there is no value, as a clause; else empty.
    """

    value: object
    weight: int
    size: int
    reason: str = ""

    @property
    def is_container(self) -> bool:
        """Whether it is an object, or a list with objects or lists."""
        if isinstance(self.value, list):
            return any(isinstance(x, dict | list) for x in self.value)
        return isinstance(self.value, dict)


def is_json(head: bytes) -> bool:
    """Tell what opens like JSON."""
    return _OPENING.match(head) is not None


def read_documents(source: Source, place: Place) -> Iterator[Thread | BrokenThread]:
    """Read a document, or lines of JSON one by one.

    Raises:
        IsText: It is text, such as Markdown that begins with a link.
        DataError: It is too large.
    """
    lines = ((number, line) for number, line in enumerate(source.lines(), start=1) if line.strip())
    start, first = next(lines)
    value = _decode(first, source)
    if not value.is_container:
        yield from _read_whole(start, first, source, place)
        return
    second = next(lines, None)
    if second is None:
        yield from _build(value, place)
        return
    other = _decode(second[1], source)
    if isinstance(value.value, list) and not other.is_container:  # such as a footnote's mark
        raise IsText(source.rest(first, second[1]))
    rest = ((number, _decode(line, source)) for number, line in lines)
    yield from _read_lines(chain([(start, value), (second[0], other)], rest), place)


def _read_lines(values: Iterable[tuple[int, _Value]], place: Place) -> Iterator[Thread | BrokenThread]:
    """Read values a line each; the messages of a chat are read together.

    Raises:
        DataError: These are too many.
    """
    messages: list[object] = []
    weight = size = 0
    for number, value in values:
        if is_chat_line(value.value):
            messages.append(value.value)
            weight, size = weight + value.weight, size + value.size
            if weight > _MOST_VALUES or len(messages) > _MESSAGES + size // _MESSAGE:
                raise DataError("These are too many messages to be read together; split the file.")
        else:
            yield from _build(value, Place(place.path, number))
    if messages:
        yield from build_threads(messages, place)


def _read_whole(start: int, first: bytes, source: Source, place: Place) -> Iterator[Thread | BrokenThread]:
    """Read what begins like JSON, but not with a whole value on one line."""
    data = source.rest(first)
    value = _decode(data, source)
    if value.reason:
        lines = [first, *data[len(first) :].splitlines(keepends=True)]
        if any(_decode(line).is_container for line in lines[1:] if is_json(line)):
            numbered = ((number, line) for number, line in enumerate(lines, start=start) if line.strip())
            yield from _read_lines(((number, _decode(line)) for number, line in numbered), place)
            return
        if first.lstrip().startswith(b"[") and not _LIST.match(first):
            raise IsText(data)  # a link or a list of Markdown
    yield from _build(value, place)


def _build(value: _Value, place: Place) -> Iterator[Thread | BrokenThread]:
    if value.reason:
        yield place.refuse(f"This cannot be read: {value.reason}.")
    else:
        yield from build_threads(value.value, place)


def _decode(data: bytes, source: Source | None = None) -> _Value:
    """Decode JSON if its values take no more memory than may be; of texts the lines are counted."""
    weight = _weigh(data)
    if weight > _MOST_VALUES or any(
        data.count(mark) > most + len(data) // one for mark, most, one in _SMALLEST
    ):
        return _Value(None, weight, len(data), "it holds too many values to be read at once")
    if source and b"\\n" in data:
        source.tally.read(0, data.count(b"\\n"))
    try:
        return _Value(decode_json(data), weight, len(data))
    except ValueError as error:
        return _Value(None, weight, len(data), str(error))


def _weigh(data: bytes) -> int:
    """Estimate the bytes that JSON takes once decoded."""
    weights = ((b"{", 200), (b"[", 64), (b",", 64))  # bytes that Python takes for what each stands for
    return 2 * len(data) + sum([data.count(mark) * weight for mark, weight in weights])
