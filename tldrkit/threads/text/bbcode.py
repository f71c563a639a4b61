"""BBCode, which forums keep their posts in and some pages still show, reduced to text.

Quotes become lines marked `>`; nothing is known of who is quoted.
"""

import re

from tldrkit.threads.text.lines import join_empty_lines

_TAGS = (
    "b|i|u|s|url|img|code|color|size|font|list|quote|spoiler|center|left|right|"
    "email|attach|youtube|user|details"
)
_IS_BBCODE = re.compile(rf"\[/({_TAGS})\]", re.IGNORECASE)
_TAG = re.compile(
    rf"\[(?P<close>/?)(?P<name>{_TAGS})(?P<value>[= ][^\[\]\n]{{0,300}})?\]|\[\*\]", re.IGNORECASE
)
_NOT_SHOWN = ("img", "attach", "youtube")


def reduce_bbcode(text: str) -> str:
    """Reduce BBCode to its text; text that closes none of its tags stays as it is."""
    if "[/" not in text or not _IS_BBCODE.search(text):
        return text
    parts: list[tuple[int, str]] = []  # how many quotes a part stands in, and the part
    depth, end, image = 0, 0, False
    for tag in _TAG.finditer(text):
        if not image:
            parts.append((depth, text[end : tag.start()]))
        end = tag.end()
        name = (tag["name"] or "").lower()
        if name == "quote":
            depth = max(0, depth - 1) if tag["close"] else depth + 1
            parts.append((depth, _name_quoted(tag["value"] or "") if not tag["close"] else ""))
        elif name in _NOT_SHOWN:
            image = not tag["close"]
            parts.append((depth, "" if tag["close"] else "[image]"))
    parts.append((depth, text[end:]))
    return _mark_quotes(parts)


def _name_quoted(value: str) -> str:
    """Render `="Ann, post:5, topic:3"` as `Ann said:`."""
    name = value.lstrip("= ").strip("\"'").split(",")[0].strip("\"'")
    return f"{name} said:\n" if name else ""


def _mark_quotes(parts: list[tuple[int, str]]) -> str:
    out: list[str] = []
    quoted: list[str] = []
    for depth, part in [*parts, (0, "")]:
        if depth:
            quoted.append(part)
            continue
        lines = [line for line in "".join(quoted).split("\n") if line.strip()]
        if lines:
            out.append("\n\n" + "\n".join(f"> {line}" for line in lines) + "\n\n")
        quoted = []
        out.append(part)
    return join_empty_lines("".join(out)).strip()
