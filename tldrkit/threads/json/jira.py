"""Jira: an issue of the REST API with its comments, in its wiki's markup or as a document of Atlassian's."""

import re

from tldrkit.threads.chat.channel import find_messages
from tldrkit.threads.draft import Draft
from tldrkit.threads.html.markup import render_html
from tldrkit.threads.json.fields import (
    Fields,
    author_in,
    count_in,
    fields_in,
    is_fields,
    key_in,
    list_in,
    render_time,
    span_in,
    text_in,
    time_in,
)
from tldrkit.threads.text.lines import join_empty_lines
from tldrkit.threads.text.markdown import reduce_markdown
from tldrkit.threads.thread import Post

_BLOCKS = frozenset(["paragraph", "heading", "codeBlock", "listItem", "tableRow", "rule", "taskItem"])
_QUOTE = re.compile(r"^[ \t]*(?:bq\. (.*)|\{quote\}[ \t]*)$")
_FENCE = re.compile(r"\{(?:code|noformat)(?::[^{}\n]{0,100})?\}")
_BOXES = re.compile(r"\{(?:color|panel|anchor)(?::[^{}\n]{0,200})?\}")
_HEADING = re.compile(r"^h[1-6]\. ")
_LINK = re.compile(r"\[([^\[\]|\n]{1,500})\|[^\[\]\n]{1,1000}\]|\[(https?://[^\[\]|\n]{1,1000})\]")
_PERSON = re.compile(r"\[~(?:accountid:)?([^\[\]\n]{1,100})\]")
_IMAGE = re.compile(r"!([^!\s|]{1,200}\.\w{2,5})(?:\|[^!\n]{0,200})?!")
_MARKS = re.compile(r"[\[{!*_?+<&`~#\\-]|^h[1-6]\. ")
_SPAN = re.compile(r"(?<!\w)(\*|_|\?\?|\+)(?=\S)([^*_?+\n]{1,500})(?<=\S)\1(?!\w)|\{\{([^{}\n]{1,500})\}\}")


def read_jira(value: object) -> list[Draft] | None:
    """Read issues, or an issue's comments; None where it is neither."""
    issues = find_messages(value, _is_issue, "issues")
    if issues is None and is_fields(value) and _is_issue(value):
        issues = [value]
    if issues is not None:
        return [_read_issue(issue) for issue in issues if is_fields(issue)]
    comments = find_messages(value, _is_comment, "comments")
    if comments is None:
        return None
    draft = Draft()
    _read_comments(draft, comments)
    draft.expect(count_in(value, "total") if is_fields(value) else None)
    return [draft]


def _is_issue(item: Fields) -> bool:
    fields = fields_in(item, "fields")
    return "summary" in fields and ("key" in item or "description" in fields or "comment" in fields)


def _is_comment(item: Fields) -> bool:
    return "body" in item and ("updateAuthor" in item or "jsdPublic" in item)


def _read_issue(issue: Fields) -> Draft:
    fields, rendered = fields_in(issue, "fields"), fields_in(issue, "renderedFields")
    draft = Draft(key_in(issue, "key", "id"), text_in(fields, "summary"))
    author = author_in(fields, "reporter") or author_in(fields, "creator")
    text = _reduce(fields.get("description")) or render_html(text_in(rendered, "description"))
    draft.add(Post(author=author, text=text, time=time_in(fields, "created")), key="#issue")
    given = fields_in(fields, "comment")
    comments = list_in(given, "comments")
    _read_comments(draft, comments)
    draft.miss((count_in(given, "total") or 0) - len(comments))
    return draft


def _read_comments(draft: Draft, comments: list[object]) -> None:
    for one in comments:
        if not is_fields(one):
            draft.leave_out("unreadable")
            continue
        post = Post(
            author=author_in(one, "author", "updateAuthor"),
            text=_reduce(one.get("body")) or render_html(text_in(one, "renderedBody")),
            time=time_in(one, "created"),
        )
        draft.add(post, key=key_in(one, "id"), parent=key_in(one, "parentId") or "#issue")


def _reduce(body: object) -> str:
    if is_fields(body):
        return _render_document(body)
    return _reduce_wiki(body) if isinstance(body, str) else ""


def _render_document(document: Fields) -> str:
    """Render a document of nested nodes, a line a block."""
    out: list[str] = []
    quotes = 0
    waiting: list[object] = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):  # what stands behind a node
            quotes -= node == "quote"
            out.append("\n")
        elif is_fields(node):
            kind = text_in(node, "type")
            quotes += kind == "blockquote"
            if kind in _BLOCKS or kind == "blockquote":
                out.append("\n" + "> " * (quotes > 0))
                waiting.append("quote" if kind == "blockquote" else "end")
            out.append(_render_node(node, kind))
            waiting += reversed(list_in(node, "content"))
            if kind == "tableCell":
                out.append(" ")
    lines = [line.rstrip() for line in "".join(out).split("\n")]
    return join_empty_lines("\n".join([line for line in lines if line != ">"])).strip()


def _render_node(node: Fields, kind: str) -> str:
    attributes = fields_in(node, "attrs")
    if kind == "text":
        return span_in(node, "text")
    if kind == "mention":
        return "@" + text_in(attributes, "text").lstrip("@")
    if kind == "emoji":
        return text_in(attributes, "text", "shortName")
    if kind == "date":
        return render_time(text_in(attributes, "timestamp"))[:10]
    if kind == "media":
        return f"[image: {alt}]" if (alt := text_in(attributes, "alt")) else "[image]"
    return "\n" if kind == "hardBreak" else text_in(attributes, "url", "text")


def _reduce_wiki(text: str) -> str:
    """Reduce the wiki's markup; blocks of code stay as they are."""
    parts = _FENCE.split(text.replace("\r\n", "\n"))
    for place in range(0, len(parts), 2):
        quoted = False
        lines = []
        for line in parts[place].split("\n"):
            mark = _QUOTE.match(line)
            if mark and mark[1] is None:
                quoted = not quoted
                continue
            line = _reduce_line(mark[1] if mark else line)
            lines.append(f"> {line}" if quoted or mark else line)
        parts[place] = "\n".join(lines)
    return join_empty_lines("".join(parts)).strip()


def _reduce_line(line: str) -> str:
    if not _MARKS.search(line):
        return line.strip()
    line = _HEADING.sub("", _BOXES.sub("", line))
    line = _LINK.sub(lambda found: found[1] or found[2], _PERSON.sub(r"@\1", line))
    line = _IMAGE.sub(r"[image: \1]", line)
    return reduce_markdown(_SPAN.sub(lambda found: found[2] or found[3], line)) if line.strip() else ""
