"""Messages within a message: attached ones, and those of digests, in MIME or as plain text (RFC 1153)."""

import base64
import quopri
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tldrkit.threads.mail.message import FAILURES, Mail, has_too_many, parse_message

_MOST_DEPTH = 8
_HEAD_END = re.compile(rb"\r?\n\r?\n|\A\r?\n")
_SIGNS = (b"rfc822", b"RFC822", b"/digest", b"/Digest", b"/DIGEST")
_LONG_RULE = 60 * b"-"
_DIVIDER = re.compile(r"^-{25,40}[ \t]*\n(?:[ \t]*\n){1,3}(?=[!-9;-~]{1,40}:[ \t])", re.MULTILINE)
_END = re.compile(r"\n-{25,40}[ \t]*\n\s{0,9}(?:End of |[^\n]{0,200}\bDigest\b)|\n\*{8,}[ \t]*(?:\n|\Z)")
_PREAMBLE = re.compile(r"^-{60,80}[ \t]*\n(?:[ \t]*\n){1,3}", re.MULTILINE)
_CONTENT = re.compile(r"^content-[a-z-]{1,40}:.*\n(?:[ \t].*\n)*", re.MULTILINE | re.IGNORECASE)
_FROM = re.compile(r"^from:[ \t]*\S", re.MULTILINE | re.IGNORECASE)


class Held(NamedTuple):
    """The messages in a message.

    Args:
        messages: In their order.
        is_digest: The message itself is but their wrapping.
        doubts: What is not sure about its encoding, where they are taken out of its text.
    """

    messages: list[bytes]
    is_digest: bool
    doubts: Iterable[str] = ()


def find_held(data: bytes) -> Held:
    """Find the messages within a message."""
    if any(sign in data for sign in _SIGNS):
        messages: list[bytes] = []
        is_digest = _walk(data, messages, 0)
        return Held(messages, is_digest and bool(messages))
    if _LONG_RULE not in data:
        return Held([], is_digest=False)
    mail = Mail(data)
    messages = list(_split_plain(mail))
    return Held(messages, bool(messages), mail.doubts)


def _walk(data: bytes, found: list[bytes], depth: int, kind: str = "text/plain") -> bool:
    """Gather the messages in the parts of an entity; tells whether one of them is a digest."""
    head, body = _split_head(data)
    try:
        entity = parse_message(head + b"\n\n")
        kind = entity.get_content_type() if entity["content-type"] else kind
        boundary, encoding = entity.get_boundary() or "", str(entity["content-transfer-encoding"] or "")
    except FAILURES:
        return False
    if kind == "message/rfc822":
        is_bare = entity["from"] is not None or entity["subject"] is not None  # no blank line
        found.append(data if is_bare and depth else _unpack(body, encoding.strip().lower()))
    elif kind.startswith("multipart/") and boundary and depth < _MOST_DEPTH:
        inner = "message/rfc822" if kind == "multipart/digest" else "text/plain"
        parts = _split_parts(body, boundary.encode("ascii", "replace"))
        if has_too_many(len(parts), len(body)):
            return False
        digests = [_walk(part, found, depth + 1, inner) for part in parts]  # all of them, whatever they are
        return any(digests) or kind == "multipart/digest"
    return False


def _split_head(data: bytes) -> tuple[bytes, bytes]:
    end = _HEAD_END.search(data)
    return (data[: end.start()], data[end.end() :]) if end else (data, b"")


def _split_parts(body: bytes, boundary: bytes) -> list[bytes]:
    mark = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?:\r?\n|\Z)")
    parts: list[bytes] = []
    start = -1
    for found in mark.finditer(body):
        if start >= 0:
            parts.append(body[start : found.start()])
        start = -1 if found[1] else found.end()
        if found[1]:
            break
    return [*parts, body[start:]] if start >= 0 else parts  # one that is cut short


def _unpack(body: bytes, encoding: str) -> bytes:
    try:
        if encoding == "base64":
            return base64.b64decode(body)
        return quopri.decodestring(body) if encoding == "quoted-printable" else body
    except ValueError:
        return body


def _split_plain(mail: Mail) -> Iterator[bytes]:
    """Split a digest of plain text: a preamble above a long rule, then messages between short ones."""
    try:
        text = mail.text()
    except FAILURES:
        return
    preamble = _PREAMBLE.search(text)
    end = _END.search(text, preamble.end()) if preamble else None
    if not preamble or not (end or "digest" in mail.header("subject").lower()):
        return
    parts = _DIVIDER.split(text[preamble.end() : end.start() if end else len(text)])
    if has_too_many(len(parts), len(text)):
        return
    for part in parts:
        head, blank, body = part.strip("\n").partition("\n\n")
        if blank and _FROM.search(head):
            yield f"{_CONTENT.sub('', head + chr(10)).rstrip()}\n\n{body}".encode(errors="surrogatepass")
