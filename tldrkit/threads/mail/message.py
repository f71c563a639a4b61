"""A mail message: its headers, and its body without signature, list footer and copy of what it answers."""

import codecs
import re
from collections.abc import Callable, Iterator, Sequence
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.policy import Compat32
from email.utils import parseaddr
from functools import lru_cache

from tldrkit.encodings import Decoded, decode_labelled, find_codec
from tldrkit.threads.html.markup import render_html
from tldrkit.threads.mail.answers import reduce_answer
from tldrkit.threads.mail.flowed import unwrap_flowed
from tldrkit.threads.text.lines import CODE_BLANK, MOST_OF_MARKUP, free_marks, tidy

FAILURES = (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError, AssertionError)
"""What the standard library's mail parser raises on damaged messages."""
_HEADER_LINE = re.compile(r"(?:From |(?P<name>[!-9;-~]*):|(?P<continues>[\t ]))[^\r\n]*(?:\r\n|\r|\n|\Z)")
_LINE_END = re.compile(r"\r\n|\r|\n")
_BOUNDARY = re.compile(
    rb"\bboundary[*0-9]{0,5}\s{0,20}=\s{0,20}\"?([^\s\";]{1,200})|^--([^\r\n]{1,200})",
    re.MULTILINE | re.IGNORECASE,
)
_DEEPEST = 50  # parts in one another: each line is compared with the boundaries of all that are open
_PARTS, _SHORTEST = 10, 250  # parts that any message may have, and bytes for which it may have one more
_SIGNED = re.compile(r"^-----BEGIN PGP SIGNED MESSAGE-----\n(Hash: .{1,40}\n)?\n", re.MULTILINE)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_NAMESPACED = re.compile(
    r"</?[a-z]{1,20}:[a-z0-9]{1,40}(?:\s[^<>]{0,500})?/?>", re.IGNORECASE
)  # such as Word's
_CHARSETS = {  # labels that mean something else in mail than to browsers -> Python's codec
    **dict.fromkeys(("us-ascii", "ascii", "ansi_x3.4-1968", "unknown-8bit"), ""),  # what is not, says nothing
    "utf-16": "utf-16",
    "utf-32": "utf-32",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "unicode-1-1-utf-7": "utf-7",
    "unicode": "utf-8",
    "utf8mb4": "utf-8",
    "latin-1": "cp1252",
}
_NO_CHARSETS = frozenset(
    ["", *_CHARSETS, "idna", "punycode", "unicode_escape", "raw_unicode_escape", "unicode-escape"]
)
_LONGEST_WRITTEN = 1 << 16  # characters of a header that are read
_LONGEST = 10_000  # characters of a header that describes a part, or names an author
_LONGEST_CODED = 2_000  # characters of coded words: the library takes the square of their length


class Mail:
    """One message, split as the standard library's parser does, which takes ten times as long.

    Args:
        data: The whole message, or its head.

    Attributes:
        doubts: What is not sure about the encoding of what was read so far.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.doubts: dict[str, None] = {}
        self._headers: dict[str, list[str]] = {}  # name in lower case -> the lines of the first of that name
        self._is_plain = True  # what follows the headers is text as it stands
        text = data.decode("ascii", "surrogateescape")
        start = 0
        lines: list[str] = []  # of the header that a line may continue
        while found := _HEADER_LINE.match(text, start):
            name = found["name"]
            if found["continues"]:
                lines.append(found[0])
            elif name:
                lines = [found[0]]
                self._headers.setdefault(name.lower(), lines)
                self._is_plain = self._is_plain and not name.lower().startswith("content-t")
            else:  # such as a misplaced "From ", which may belong to the text
                lines = []
                self._is_plain = self._is_plain and start == 0
            start = found.end()
        blank = _LINE_END.match(text, start)
        self._rest = text[blank.end() if blank else start :]

    def header(self, name: str) -> str:
        """Read a header, given in lower case, its coded words decoded."""
        return _decode_words(self._written(name))

    def author(self) -> str:
        """Tell who wrote, by name where there is one."""
        return _name_author(self._written("from")[:_LONGEST])

    def body(self) -> str:
        """Read what the message says itself, without attachments.

        Raises:
            FAILURES: The message is damaged.
        """
        return _cut(self.text())

    def text(self) -> str:
        """Read the same with all that programs put round it."""
        if self._is_plain:
            return self._note(_decode(_to_bytes(self._rest), around=self._data)).replace("\r\n", "\n")
        check_parts(self._data)
        return _read_parts(parse_message(self._data), self._note).replace("\r\n", "\n")

    def _note(self, decoded: Decoded) -> str:
        if decoded.doubt:
            self.doubts[decoded.doubt] = None
        return decoded.text

    def _written(self, name: str) -> str:
        """Read a header as it is written, unfolded; bytes that are no ASCII are decoded."""
        if name not in self._headers:
            return ""
        written = "".join(self._headers[name]).partition(":")[2][:_LONGEST_WRITTEN]
        if written.isascii() and "\x1b" not in written:
            return " ".join(written.split())
        return " ".join(self._note(_decode(_to_bytes(written), self._charset(), around=self._data)).split())

    def _charset(self) -> str | None:
        """Find the encoding of the body, which 8-bit headers mostly share."""
        found = _CHARSET.search("".join(self._headers.get("content-type", [])))
        return found[1] if found else None


def _to_bytes(text: str) -> bytes:
    return text.encode("ascii", "surrogateescape")


def _decode_words(written: str) -> str:
    """Decode coded words (RFC 2047); what is none, or is damaged, stays as it is."""
    if "=?" not in written:
        return written
    written = written[:_LONGEST_CODED]
    try:
        parts = decode_header(written)
    except FAILURES:
        return written
    words = [_decode(part, code).text if isinstance(part, bytes) else part for part, code in parts]
    return " ".join("".join(words).split())


@lru_cache(maxsize=256)
def _name_author(written: str) -> str:
    """Tell who wrote, by name where there is one; archives write "ann at example.com (Ann)"."""
    bracket = written.rfind("<")
    comment = re.search(r"\(([^()]{1,100})\)\s*$", written)
    if bracket > 0 and written.endswith(">"):
        name = written[:bracket]
    elif comment:
        name = comment[1]
    else:
        try:
            name, address = parseaddr(written)
        except FAILURES:
            name, address = "", ""
        name = name or address.split("@")[0] or written.split("@")[0]
    name = _decode_words(name.strip()).strip().strip("\"'").replace('\\"', '"').strip()
    return name or written[bracket + 1 :].split("@")[0].strip()


class _ShortHeaders(Compat32):
    """Headers are cut at a length that none has: parsing their parameters takes a quadratic time."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_LONGEST]


_POLICY = _ShortHeaders()


def has_too_many(parts: int, size: int) -> bool:
    """Tell parts, or messages in a message, that are shorter than any mail program's."""
    return parts > _PARTS + size // _SHORTEST


def check_parts(data: bytes) -> None:
    """Refuse what no mail program sends: parts that cost much more to be read than their bytes.

    Raises:
        ValueError: There are too many, or they stand in one another too deeply, which would take the library
            the square of their length; the message is a clause.
    """
    opened: list[bytes] = []
    parts = 0
    for found in _BOUNDARY.finditer(data):
        name, line = found[1], found[2]
        if name:
            opened.append(name)
        elif line.rstrip() in opened:
            del opened[opened.index(line.rstrip()) + 1 :]
            parts += 1
        elif (ended := line.rstrip().removesuffix(b"--")) in opened:
            del opened[opened.index(ended) :]
        if len(opened) > _DEEPEST:
            raise ValueError("its parts stand in one another too deeply")
    if has_too_many(parts, len(data)):
        raise ValueError("it has too many parts for its length")


def parse_message(data: bytes) -> Message:
    """Parse a whole message; one that cannot be is empty."""
    try:
        return message_from_bytes(data, policy=_POLICY)
    except FAILURES:
        return Message()


def _read_parts(message: Message, note: Callable[[Decoded], str]) -> str:
    """Read the texts of a message: of alternatives the first; HTML only where no text stands before it.

    Args:
        message: Parsed.
        note: Takes the text of each part that is read, with what is not sure about it.
    """
    texts: list[str] = []
    read: set[int] = set()  # the alternatives of which one has been
    for part, alternatives in _walk(message):
        kind = part.get_content_type()
        if alternatives in read or part.get_filename() or part.get_content_disposition() == "attachment":
            continue
        if kind == "text/plain":
            text = _unwrap(part, note(_decode_part(part)))
        elif kind == "text/html" and (alternatives or not texts):
            text = render_html(_NAMESPACED.sub("", note(_decode_part(part))))
        else:
            continue
        if text.strip():
            texts.append(text)
            read |= {alternatives} - {0}
    return "\n".join(texts)


def _walk(message: Message) -> Iterator[tuple[Message, int]]:
    """Walk over the parts of a message, and not over those of messages within it.

    Yields:
        A part, and a number of the alternatives that it is one of; 0 where it is of none.
    """
    waiting = [(message, 0)]
    while waiting:
        part, alternatives = waiting.pop()
        payload = part.get_payload()
        if not isinstance(payload, list):
            yield part, alternatives
        elif part.get_content_maintype() != "message":
            if part.get_content_type() == "multipart/alternative":
                alternatives = alternatives or id(part)
            waiting += [(inner, alternatives) for inner in reversed(payload) if isinstance(inner, Message)]


def _decode_part(part: Message) -> Decoded:
    data = part.get_payload(decode=True)
    return _decode(data, part.get_content_charset()) if isinstance(data, bytes) else Decoded("")


def _unwrap(part: Message, text: str) -> str:
    if str(part.get_param("format", "")).lower() == "flowed":
        return unwrap_flowed(text, delete_space=str(part.get_param("delsp", "")).lower() == "yes")
    return text


def _decode(data: bytes, label: str | None = None, around: bytes = b"") -> Decoded:
    """Decode by what a label means, else as UTF-8, else by a guess.

    Args:
        data: A text.
        label: What is said of it.
        around: More of the message, for a guess.
    """
    codec = _find_codec(label or "")
    found = decode_labelled(data, codec, around)
    return Decoded(found.text.removeprefix("\ufeff"), found.doubt)


def _find_codec(label: str) -> str:
    """Find what a label means; empty for none, and for one that nobody knows."""
    label = label.lower().strip("\"' ").partition("*")[0]  # "utf-8*en" names a language too
    known = _CHARSETS.get(label, find_codec(label))
    if known or label in _NO_CHARSETS:
        return known
    try:
        b"text".decode(label)
        return codecs.lookup(label).name
    except (LookupError, ValueError):
        return ""


def _cut(text: str) -> str:
    """Leave what a message says itself."""
    text = free_marks(text[:MOST_OF_MARKUP].replace("\r", "\n").expandtabs(4))
    lines = [line.rstrip() for line in text.split("\n")]
    text = _SIGNED.sub("", "\n".join(_unescape(lines) if ">From " in text else lines))
    return tidy(reduce_answer(text).replace("\n    ", "\n" + 4 * CODE_BLANK))


def _unescape(lines: Sequence[str]) -> list[str]:
    """Undo what mailboxes do to lines that begin with "From "; beside quoted lines they are quoted."""
    escaped = [line.startswith(">") and line.lstrip(">").startswith("From ") for line in lines]
    quoted = [line.startswith(">") and not own for line, own in zip(lines, escaped, strict=True)]
    beside = [
        before or after for before, after in zip([False, *quoted[:-1]], [*quoted[1:], False], strict=True)
    ]
    return [
        line[1:] if own and not by_quote else line
        for line, own, by_quote in zip(lines, escaped, beside, strict=True)
    ]
