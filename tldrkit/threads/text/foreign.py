"""What files are that are no prose: told by how they open. rows.py tells them by their rows.

Knows no reader. A name that says the way out holds a semicolon.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Foreign:
    """What a file is that is no prose.

    Args:
        name: With its article, for a sentence: "a style sheet".
        of_pages: Whether pages bring such files along.
    """

    name: str
    of_pages: bool = False


_SOUND, _IMAGE, _FONT = Foreign("sound or video", True), Foreign("an image", True), Foreign("a font", True)
_TWICE = Foreign("packed twice; unpack it first")
_SIGNATURES: tuple[tuple[bytes, Foreign], ...] = (
    *((mark, _IMAGE) for mark in (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\0\0\1\0", b"BM")),
    *((mark, _FONT) for mark in (b"wOFF", b"wOF2", b"OTTO", b"\0\1\0\0\0", b"true\0")),
    *((mark, _TWICE) for mark in (b"PK\3\4", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")),
    (b"7z\xbc\xaf", Foreign("a 7-Zip archive; unpack it first")),
    (b"Rar!", Foreign("a RAR archive; unpack it first")),
    (b"\x04\x22\x4d\x18", Foreign("packed by LZ4; unpack it first")),
    (b"\x1f\x9d", Foreign("packed by compress; unpack it first")),
    (b"\xd0\xcf\x11\xe0", Foreign("an Office document; save it as text or HTML")),
    (b"%PDF", Foreign("a PDF; save it as text")),
    (b"\x5d\0\0", Foreign("packed by LZMA; unpack it first")),
    (b"bplist00", Foreign("a property list; of a page that Safari saved, save its source")),
    (b"\1\1\1\1\n", Foreign("a mailbox in MMDF's form; save it as mbox")),
    (b"SQLite format", Foreign("a database; export it as JSON")),
    (b"PAR1", Foreign("a table (Parquet); rows of data sets are for train and eval")),
    *((mark, Foreign("a program")) for mark in (b"\x7fELF", b"MZ", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe")),
    *((mark, _SOUND) for mark in (b"ID3", b"OggS", b"fLaC", b"\x1aE\xdf\xa3", b"\xff\xfb")),
)
_FORMS = {b"ftyp": _SOUND, b"WAVE": _SOUND, b"AVI ": _SOUND, b"WEBP": _IMAGE}
_CONTROL = bytes(
    {*range(0x20), 0x7F} - {*b"\t\n\x0b\x0c\r\x1b\x02\x03\x0f\x16\x1d\x1f"}
)  # IRC colours words by some
_CONTROLS = 0.02  # of the bytes of a text

_CODE = Foreign("program code")
_TEX, _ROFF = Foreign("markup (TeX)"), Foreign("markup (roff)")
_STYLE = Foreign("a style sheet", of_pages=True)
_OPENINGS = [
    (re.compile(pattern), found)
    for pattern, found in (
        (
            r"version https://git-lfs\.github\.com/spec/",
            Foreign("a pointer of Git LFS; `git lfs pull` fetches what it stands for"),
        ),
        (
            r"(?:\.\./)*(?:\.git)?/annex/objects/",
            Foreign("a pointer of git-annex; `git annex get` fetches what it stands for"),
        ),
        (
            r"-----BEGIN (?!PGP SIGNED MESSAGE)[A-Z0-9 ]{1,60}-----",
            Foreign("a key, a certificate or an encrypted message"),
        ),
        (r"(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-\S+) AAAA", Foreign("a key")),
        (r"data:[\w/+.-]+;base64,|eyJ[\w-]{10,}\.", Foreign("base64")),
        (r"\[Script Info\]", Foreign("subtitles (ASS); save them as SRT")),
        (r"BABYL OPTIONS:", Foreign("a mailbox of Rmail; save it as mbox")),
        (r"#! rnews \d", Foreign("a batch of news; split it into its articles")),
        (r"WARC/\d", Foreign("an archive of the web (WARC); take the pages out of it")),
        (r"begin [0-7]{3} \S+\n", Foreign("a file coded by uuencode")),
        (r"#!|<\?php|<%@", _CODE),
        (
            r"(?:<\?xml[^>]{0,200}>\s*)?(?:<!--(?:(?!-->)[^<]|<){0,2000}?-->\s*)?"
            r"(?:<!DOCTYPE svg[^>]{0,200}>\s*)?<svg\b",
            Foreign("an image (SVG)", of_pages=True),
        ),
        (r"<\?xml|<rss|<feed|<!DOCTYPE|<!ELEMENT|<!ENTITY", Foreign("XML")),
        (r"\{\\rtf", Foreign("RTF; save it as text")),
        (r"%!PS", Foreign("PostScript")),
        (
            r"(?:%[^\n]*\n|\s)*\\(?:documentclass|documentstyle|begin|input|section|chapter|NeedsTeXFormat|"
            r"ProvidesPackage)\b",
            _TEX,
        ),
        (r"(?:[.']\\\"[^\n]*\n)*\.(?:TH|Dd|SH|so|de|nr|ds|ad|Dt|if) ", _ROFF),
        (
            r"diff (?:--git|-[a-zA-Z]|\S+ \S+)|Index: \S+\n=|--- \S[^\n]*\n\+\+\+ |\*\*\* \S[^\n]*\n--- |"
            r"@@ -\d|\d+(?:,\d+)?[acd]\d+(?:,\d+)?\n[<>] ",
            Foreign("a patch"),
        ),
        (r"BEGIN:VCARD", Foreign("an address card")),
        (r"BEGIN:V", Foreign("a calendar")),
        (r"#EXTM3U", Foreign("a playlist")),
        (r"HTTP/\d[.\d]* \d{3}|(?:GET|POST|PUT|HEAD) \S+ HTTP/", Foreign("what a web server answered")),
        (r"@charset |@import |@namespace ", _STYLE),
        (r"(?:#[^\n]*\n|\s)*(?i:user-agent):[^\n]*(?:\n|$)", Foreign("a robots.txt", of_pages=True)),
        (r"[\"']use strict[\"']", Foreign("a script", of_pages=True)),
        (r"Traceback \(most recent call last\)|thread '[^'\n]{1,100}' panicked at ", Foreign("a log")),
        (r"commit [0-9a-f]{40}\b[^\n]*\n(?:Merge|Author):", Foreign("a log")),
        (r"total \d+\n[-dlbcps][-rwxsStT]{9}", Foreign("a list of words or names")),
        (
            r"(?:#[^\n]*\n){0,100}(?=[^\n]{0,100}\*)(?:[\d*][\d*/,-]{0,20}[ \t]+){5}[/\w]",
            Foreign("a file of settings"),
        ),
    )
]


def recognize_bytes(head: bytes) -> Foreign | None:
    """Tell by its first bytes a file that is no text; None for what may be one."""
    form = _FORMS.get(head[4:8]) or (_FORMS.get(head[8:12]) if head.startswith(b"RIFF") else None)
    if form is not None:
        return form
    is_binary = b"\0" in head or len(head) - len(head.translate(None, _CONTROL)) > _CONTROLS * len(head)
    for mark, found in _SIGNATURES:
        if head.startswith(mark) and (is_binary or not mark.isalnum()):
            return found
    return Foreign("binary data; if it is text, save it as UTF-8") if is_binary else None


def recognize_opening(text: str) -> Foreign | None:
    """Tell a text by its first characters; None for what may be prose."""
    return next((found for pattern, found in _OPENINGS if pattern.match(text)), None)
