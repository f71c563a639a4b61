"""Plain text and Markdown: one post, or the posts of a Discourse topic in its raw form."""

import re
from collections.abc import Iterator

from tldrkit.data.threads.draft import Draft
from tldrkit.data.threads.fields import render_time
from tldrkit.data.threads.markdown import reduce_markdown
from tldrkit.data.threads.thread import BrokenThread, Place, Post, Thread
from tldrkit.errors import DataError

_HEADING = re.compile(
    r"#{1,6}[ \t]+(?P<title>\S[^\n]*)(\n|$)"  # "# Title"
    r"|(?P<over>\S[^\n]*)\n(=+|-+)[ \t]*(\n|$)"  # a title underlined
)
# "name | 2024-01-31 20:54:18 UTC | #1" opens each post of /raw/ID.
_POST = re.compile(r"^(\S[^|\n]{0,100}) \| (\d{4}-\d\d-\d\d[^|\n]{0,40}) \| #(\d{1,9})[ \t]*$", re.MULTILINE)
_END_RULE = re.compile(r"\n-{10,}$")


def read_text(data: bytes, place: Place) -> Iterator[Thread | BrokenThread]:
    """Read a text; what is no text says why."""
    try:
        text = data.decode("utf-8").replace("\r\n", "\n").strip()
    except UnicodeDecodeError as error:
        yield place.refuse(f"The file is neither UTF-8 text nor JSON: it fails at byte {error.start}.")
        return
    if "\0" in text:
        yield place.refuse("The file is no text: it holds NUL bytes.")
        return
    heading = _HEADING.match(text)
    title = (heading["title"] or heading["over"]).rstrip(" \t#").strip() if heading else ""
    body = text[heading.end() :].strip() if heading else text
    if not body:
        yield place.refuse("The file holds a heading and no text.")
        return
    draft = Draft(title=reduce_markdown(title))
    _read_posts(draft, body)
    try:
        yield draft.seal(place.name)
    except DataError as error:
        yield place.refuse(str(error))


def _read_posts(draft: Draft, body: str) -> None:
    marks = list(_POST.finditer(body))
    if not marks or marks[0].start() > 0:
        draft.add(Post(author="", text=reduce_markdown(body)))
        return
    ends = [mark.start() for mark in marks[1:]] + [len(body)]
    for mark, end in zip(marks, ends, strict=True):
        text = _END_RULE.sub("", body[mark.end() : end].strip())
        draft.add(Post(author=mark[1].strip(), text=reduce_markdown(text), time=render_time(mark[2].strip())))
