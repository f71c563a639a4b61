"""The body of a mail message: its words, without signature, list footer and copy of what it answers."""

import re
from email.message import Message

from tldrkit.data.threads.markup import CODE_BLANK, render_html, tidy

_CUTS = re.compile(
    r"^-- ?$"  # a signature
    r"|^-{5,} ?(next part|Original Message|Ursprüngliche Nachricht|Message d'origine)\b.*$"
    r"|^[_=*-]{20,}\n.{0,100}(mailing list|unsubscribe|newsgroup|group\b)"
    r"|^(Sent from my|Get Outlook for) \S.{0,60}$"
    r"|^(_{20,}\n|\n)From: \S.{0,200}\n(Sent|Date): .{1,200}\n(To|Cc|Subject): "
    r"|^-----BEGIN PGP SIGNATURE-----$",
    re.MULTILINE | re.IGNORECASE,
)
_SIGNED = re.compile(r"^-----BEGIN PGP SIGNED MESSAGE-----\n(Hash: .{1,40}\n)?\n", re.MULTILINE)


def read_body(message: Message) -> str:
    """Read the plain part, else the one of HTML; attachments are not read."""
    plain, html = "", ""
    for part in message.walk():
        if part.is_multipart() or part.get_filename() or part.get_content_disposition() == "attachment":
            continue
        if part.get_content_type() == "text/plain" and not plain:
            plain = _decode(part)
        elif part.get_content_type() == "text/html" and not html:
            html = _decode(part)
    text = plain if plain.strip() else render_html(html)
    return _cut(text.replace("\r\n", "\n").expandtabs(4))


def _decode(part: Message) -> str:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return ""
    for charset in (part.get_content_charset(), "utf-8"):
        try:
            return data.decode(charset or "utf-8")
        except (LookupError, ValueError):  # noqa: PERF203  (two rounds)
            continue
    return data.decode("cp1252", "replace")


def _cut(text: str) -> str:
    """Cut off what follows the words; a message that begins with a cut stays."""
    cut = _CUTS.search(text)
    kept = text[: cut.start()] if cut and text[: cut.start()].strip() else text
    kept = "\n".join(line.rstrip() for line in kept.split("\n"))
    kept = _SIGNED.sub("", kept)
    kept = re.sub(r"^>From ", "From ", kept, flags=re.MULTILINE)
    return tidy(kept.replace("\n    ", "\n" + 4 * CODE_BLANK))
