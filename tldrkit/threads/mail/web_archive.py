"""Web pages saved in one file (MHTML): a message whose parts are the page and what it shows."""

import re
from collections.abc import Iterator
from email.message import Message

from tldrkit.encodings import decode_page
from tldrkit.threads.html.pages import read_page
from tldrkit.threads.mail.boxes import is_mailbox
from tldrkit.threads.mail.message import check_parts, parse_message
from tldrkit.threads.thread import BrokenThread, Place, Thread, say_doubt

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_SAVED = re.compile(rb"^(?:snapshot-content-location:|from:\s*\"?<?saved by )", re.MULTILINE | re.IGNORECASE)
_RELATED = re.compile(
    rb"^content-type:\s*multipart/related\b(?:[^\n]|\n[ \t])*text/html", re.MULTILINE | re.IGNORECASE
)
_SENT = re.compile(rb"^(?:to|message-id|received|delivered-to|return-path):", re.MULTILINE | re.IGNORECASE)
_MOST_LINES = 2_000_000  # the library keeps each, in some sixty bytes


def is_web_archive(head: bytes) -> bool:
    """Tell a saved page by its first lines: a browser says so, or it is a page that nobody sent."""
    headers = _HEAD_END.split(head.lstrip(), maxsplit=1)[0]
    if not is_mailbox(headers):
        return False
    return bool(_SAVED.search(headers) or (_RELATED.search(headers) and not _SENT.search(headers)))


def read_web_archive(data: bytes, place: Place) -> Iterator[Thread | BrokenThread]:
    """Read the page that was saved; frames, pictures and style sheets beside it are passed over."""
    try:
        check_parts(data)
    except ValueError as error:
        yield place.refuse(f"The saved web page cannot be read: {error}.")
        return
    if data.count(b"\n") > _MOST_LINES:
        yield place.refuse(f"The saved web page has more than {_MOST_LINES:,} lines.")
        return
    archive = parse_message(data)
    pages = [part for part in archive.walk() if part.get_content_type() == "text/html"]
    page = next((part for part in pages if _is_root(part, archive)), pages[0] if pages else None)
    html = page.get_payload(decode=True) if page else None
    if page is None or not isinstance(html, bytes):
        yield place.refuse("The file is a saved web page (MHTML) that holds no page.")
        return
    text = decode_page(html, page.get_content_charset() or "")
    yield from say_doubt(read_page(text.text, place), text.doubt)


def _is_root(part: Message, archive: Message) -> bool:
    start = archive.get_param("start")
    if start:
        return str(part["content-id"] or "").strip() == str(start).strip()
    return bool(part["content-location"]) and (
        str(part["content-location"]).strip() == str(archive["snapshot-content-location"] or "").strip()
    )
