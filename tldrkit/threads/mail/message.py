"""A mail message: its headers, and its body without signature, list footer and copy of what it answers."""

import re
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.policy import compat32

from tldrkit.threads.html.markup import render_html
from tldrkit.threads.text.lines import CODE_BLANK, free_marks, tidy

FAILURES = (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError, AssertionError)
"""What the standard library's mail parser raises on damaged messages."""
_HEADER_LINE = re.compile(r"(?:From |(?P<name>[!-9;-~]*):|(?P<continues>[\t ]))[^\r\n]*(?:\r\n|\r|\n|\Z)")
_LINE_END = re.compile(r"\r\n|\r|\n")
_CUTS = re.compile(
    r"^-- ?$"  # a signature
    r"|^-{5,} ?(next part|Original Message|Ursprüngliche Nachricht|Message d'origine)\b.*$"
    r"|^[_=*-]{20,}\n.{0,100}(mailing list|unsubscribe|newsgroup|group\b)"
    r"|^(Sent from my|Get Outlook for) \S.{0,60}$"
    r"|^(_{20,}\n|\n)From: \S.{0,200}\n(Sent|Date): .{1,200}\n(To|Cc|Subject): "
    r"|^-----BEGIN PGP SIGNATURE-----$",
    re.MULTILINE | re.IGNORECASE,
)
_ESCAPED = re.compile(r"^>From ", re.MULTILINE)  # as mailboxes write a line that begins with "From "
_SIGNED = re.compile(r"^-----BEGIN PGP SIGNED MESSAGE-----\n(Hash: .{1,40}\n)?\n", re.MULTILINE)


class Mail:
    """One message, split as the standard library's parser does, which takes ten times as long.

    Args:
        data: The whole message, or its head.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
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
                self._is_plain = self._is_plain and not name.lower().startswith("content-")
            else:  # such as a misplaced "From ", which may belong to the text
                lines = []
                self._is_plain = self._is_plain and start == 0
            start = found.end()
        blank = _LINE_END.match(text, start)
        self._rest = text[blank.end() if blank else start :]

    def header(self, name: str) -> str:
        """Read a header, given in lower case, its coded words decoded."""
        if name not in self._headers:
            return ""
        written = "".join(self._headers[name]).partition(":")[2]
        if written.isascii() and "=?" not in written:
            return " ".join(written.split())
        try:
            return _decode_header(str(compat32.header_fetch_parse(name, written.strip())))
        except FAILURES:
            return ""

    def body(self) -> str:
        """Read the plain part, else the one of HTML; attachments are not read.

        Raises:
            FAILURES: The message is damaged.
        """
        if self._is_plain:
            return _cut(_decode(self._rest.encode("ascii", "surrogateescape"), None))
        plain, html = "", ""
        for part in _parse(self._data).walk():
            if part.is_multipart() or part.get_filename() or part.get_content_disposition() == "attachment":
                continue
            if part.get_content_type() == "text/plain" and not plain:
                plain = _decode_part(part)
            elif part.get_content_type() == "text/html" and not html:
                html = _decode_part(part)
        return _cut(plain if plain.strip() else render_html(html))


def _decode_header(given: str) -> str:
    if "=?" not in given:
        return " ".join(given.encode("utf-8", "surrogateescape").decode("utf-8", "replace").split())
    words = [
        part.decode(code or "latin-1", "replace") if isinstance(part, bytes) else part
        for part, code in decode_header(given)
    ]
    return " ".join("".join(words).split())


def _parse(data: bytes) -> Message:
    try:
        return message_from_bytes(data)
    except FAILURES:
        return Message()


def _decode_part(part: Message) -> str:
    data = part.get_payload(decode=True)
    return _decode(data, part.get_content_charset()) if isinstance(data, bytes) else ""


def _decode(data: bytes, named: str | None) -> str:
    for charset in (named or "utf-8", "utf-8"):
        try:
            return data.decode(charset)
        except (LookupError, ValueError):  # noqa: PERF203  (two rounds)
            continue
    return data.decode("cp1252", "replace")


def _cut(text: str) -> str:
    """Cut off what follows the words; a message that begins with a cut stays."""
    text = text.replace("\r\n", "\n").expandtabs(4)
    cut = _CUTS.search(text)
    kept = text[: cut.start()] if cut and text[: cut.start()].strip() else text
    kept = "\n".join([line.rstrip() for line in kept.split("\n")])
    kept = _SIGNED.sub("", kept)
    kept = _ESCAPED.sub("From ", kept) if ">From " in kept else kept
    return tidy(free_marks(kept).replace("\n    ", "\n" + 4 * CODE_BLANK))
