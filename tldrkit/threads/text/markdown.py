"""Markdown reduced to the text a reader sees; quotes keep their `>`.

Bounded patterns only: a line of a million marks takes a time linear in its length.
"""

import re
from collections.abc import Iterator

from tldrkit.threads.html.markup import replace_short_names
from tldrkit.threads.html.tags import find_tags, read_attributes
from tldrkit.threads.text.bbcode import reduce_bbcode
from tldrkit.threads.text.lines import MOST_OF_MARKUP, drop_invisible, join_empty_lines, read_entities

_FENCE = re.compile(r"[ >]{0,12}(```+|~~~+)")
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(\S[^\n]*)$")
_RULE = re.compile(r"^ {0,3}([-*_])[ \t]*(\1[ \t]*){2,100}$")
_DEFINITION = re.compile(r" {0,3}\[[^\[\]\n]{1,200}\]:[ \t]+<?https?://\S{1,2000}([ \t]+[\"'(].{0,300})?$")
_TARGET = r"\([^()\n]{0,2000}(?:\([^()\n]{0,300}\)[^()\n]{0,500})?\)"
_IMAGE = re.compile(rf"!\[([^\[\]\n]{{0,500}})\]{_TARGET}")
_SPANS = [  # what must be in a line for a pattern to be tried, and the pattern, whose one group is the text
    ("](", re.compile(rf"\[([^\[\]\n]{{1,1000}})\]{_TARGET}")),
    ("][", re.compile(r"\[([^\[\]\n]{1,1000})\]\[[^\[\]\n]{0,200}\]")),
    ("<http", re.compile(r"<(https?://[^\s<>]{1,2000})>")),
    ("**", re.compile(r"\*\*(?=[^\s*])([^*\n]{1,1000})\*\*")),
    ("__", re.compile(r"(?<!\w)__(?=[^\s_])([^_\n]{1,1000})__(?!\w)")),
    ("~~", re.compile(r"~~([^~\n]{1,1000})~~")),
    ("!<", re.compile(r">!([^!<>\n]{1,1000})!<")),
    ("*", re.compile(r"(?<![\w*\\])\*([^*\s][^*\n]{0,500})\*(?![\w*])")),
    ("_", re.compile(r"(?<![\w\\])_([^_\s][^_\n]{0,500})_(?!\w)")),
    ("\\", re.compile(r"\\([\\`*_{}\[\]()#+\-.!~>|^])")),
]
_TICKS = re.compile("(`+)")
_MARKS = re.compile(r"`|\*|_|~|\[|<|#|\\|:|!|&|--|- -")  # each begins with one character: found at once


def reduce_markdown(text: str, *, escaped: bool = False) -> str:
    """Reduce Markdown to its text.

    Args:
        text: As its author wrote it.
        escaped: `<`, `>` and `&` are written as entities, as Reddit does.
    """
    text = text[:MOST_OF_MARKUP]
    if escaped and "&" in text:
        text = read_entities(text)
    text = drop_invisible(text).replace("\r\n", "\n").strip()
    if not _MARKS.search(text):
        return text
    text = reduce_bbcode(text)
    out: list[str] = []
    fence = ""
    for line in _drop_comments(text).split("\n"):
        mark = _FENCE.match(line) if "```" in line or "~~~" in line else None
        if fence:
            if mark and mark[1].startswith(fence) and not line[mark.end() :].strip():
                fence = ""
            else:
                out.append(line)
        elif mark and "`" not in line[mark.end() :]:
            fence = mark[1]
        else:
            out.append(_reduce_line(line))
    reduced = drop_invisible("\n".join(out)) if "&" in text else "\n".join(out)
    reduced = "\n".join([line.rstrip() for line in reduced.split("\n")])
    return join_empty_lines(reduced).strip()


def _drop_comments(text: str) -> str:
    return re.sub(r"<!--(?:.*?-->|.*)", "", text, flags=re.DOTALL) if "<!--" in text else text


def _reduce_line(line: str) -> str:
    if not _MARKS.search(line):
        return line
    first = line.lstrip(" ")[0]
    if (first in "-*_" and _RULE.match(line)) or (first == "[" and _DEFINITION.match(line)):
        return ""
    if first == "#" and (heading := _HEADING.match(line)):
        line = heading[1].rstrip(" \t#")
    if line.startswith("    "):
        return line  # code
    if "`" not in line:
        return _reduce_spans(line)
    return "".join(_reduce_beside_code(line))


def _reduce_beside_code(line: str) -> Iterator[str]:
    """Yield the text of code as it is, and what stands round it reduced.

    Code begins with a run of ticks and ends with the next one of the same length; others are text.
    """
    parts = _TICKS.split(line)  # text and ticks in turn
    ends: dict[int, int] = {}  # the nearest run of this length behind
    closing = [0] * len(parts)
    for place in range(len(parts) - 2, 0, -2):
        closing[place] = ends.get(len(parts[place]), 0)
        ends[len(parts[place])] = place
    outside: list[str] = [parts[0]]
    place = 1
    while place < len(parts):
        if end := closing[place]:
            yield _reduce_spans("".join(outside))
            yield "".join(parts[place + 1 : end])
            outside = []
            place = end
        else:
            outside.append(parts[place])
        outside.append(parts[place + 1])
        place += 2
    yield _reduce_spans("".join(outside))


def _reduce_spans(text: str) -> str:
    if "![" in text:
        text = _IMAGE.sub(_image, text)
    for mark, pattern in _SPANS:
        if mark in text:
            text = "".join(pattern.split(text))
    if "<" in text:
        text = _drop_tags(text)
    return replace_short_names(read_entities(text) if "&" in text else text)


def _image(found: re.Match[str]) -> str:
    return f"[image: {found[1]}]" if found[1].strip() else "[image]"


_TAG_NAMES = (
    "a b blockquote br code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i img ins kbd li ol p picture "
    "pre s source span strike strong sub summary sup table tbody td th thead tr tt u ul video"
)
_TAGS = frozenset(_TAG_NAMES.split())


def _drop_tags(text: str) -> str:
    out: list[str] = []
    end = 0
    for tag in find_tags(text):
        name = (tag["name"] or "").lower()
        if name not in _TAGS:
            continue
        out.append(text[end : tag.start()])
        end = tag.end()
        if name == "img":
            alt = read_attributes(tag["attributes"] or "").get("alt", "").strip()
            out.append(f"[image: {alt}]" if alt else "[image]")
        elif name == "br":
            out.append("\n")
    return "".join([*out, text[end:]])
