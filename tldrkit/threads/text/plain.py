"""Plain text and Markdown: one post, or the posts of a Discourse topic in its raw form."""

import re
from collections.abc import Iterator, Mapping

from tldrkit.errors import DataError
from tldrkit.threads.draft import Draft
from tldrkit.threads.json.fields import render_time
from tldrkit.threads.text.markdown import reduce_markdown
from tldrkit.threads.thread import BrokenThread, Place, Post, Thread

_HEADING = re.compile(
    r"#{1,6}[ \t]+(?P<title>\S[^\n]*)(\n|$)"  # "# Title"
    r"|(?P<over>\S[^\n]*)\n(=+|-+)[ \t]*(\n|$)"  # a title underlined
)
_FRONT = re.compile(r"---\n((?:[A-Za-z_]{1,40}:.{0,500}\n|[ -].{0,500}\n){1,50})---(?:\n|$)")
_FACT = re.compile(r"^(title|author|date):[ \t]*(\S.*)$", re.MULTILINE)
# "name | 2024-01-31 20:54:18 UTC | #1" opens each post of /raw/ID.
_POST = re.compile(r"^(\S[^|\n]{0,100}) \| (\d{4}-\d\d-\d\d[^|\n]{0,40}) \| #(\d{1,9})[ \t]*$", re.MULTILINE)
_END_RULE = re.compile(r"\n-{10,}$")


def read_text(text: str, place: Place) -> Iterator[Thread | BrokenThread]:
    """Read a text; one without words below its heading says so."""
    text = text.strip()
    front = _FRONT.match(text)
    facts = dict(_FACT.findall(front[1])) if front else {}
    text = text[front.end() :].strip() if front else text
    heading = _HEADING.match(text)
    title = (heading["title"] or heading["over"]).rstrip(" \t#").strip() if heading else ""
    title = title or facts.get("title", "").strip("\"' ")
    body = text[heading.end() :].strip() if heading else text
    if not body:
        yield place.refuse("The file holds a heading and no text.")
        return
    draft = Draft(title=reduce_markdown(title))
    _read_posts(draft, body, facts)
    try:
        yield draft.seal(place.name)
    except DataError as error:
        yield place.refuse(str(error))


def _read_posts(draft: Draft, body: str, facts: Mapping[str, str]) -> None:
    marks = list(_POST.finditer(body))
    if not marks or marks[0].start() > 0:
        author, time = facts.get("author", "").strip("\"' "), facts.get("date", "").strip("\"' ")
        draft.add(Post(author=author, text=reduce_markdown(body), time=render_time(time)))
        return
    ends = [mark.start() for mark in marks[1:]] + [len(body)]
    for mark, end in zip(marks, ends, strict=True):
        text = _END_RULE.sub("", body[mark.end() : end].strip())
        draft.add(Post(author=mark[1].strip(), text=reduce_markdown(text), time=render_time(mark[2].strip())))
