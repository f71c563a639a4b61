"""What a message says itself, without what programs put below it and without unmarked copies of others.

Marked quotes stay: whether they repeat the thread is known when all its messages are.
"""

from collections.abc import Sequence

from tldrkit.threads.mail.attributions import NAMED_RULE, count_attribution_lines, find_copy, read_head
from tldrkit.threads.mail.footers import drop_marked, find_footer
from tldrkit.threads.text.lines import join_empty_lines

_HIDDEN = "***@***.***"  # what GitHub puts for addresses
_ANSWERED = "Reply to this email directly"  # what GitHub and GitLab put below what they send


def reduce_answer(text: str) -> str:
    """Leave out signatures, footers, marked disclaimers and copied messages; what is nothing else stays."""
    lines = text.split("\n")
    lines = lines[: find_copy(lines)]
    lines = lines[: find_footer(lines)]
    return join_empty_lines("\n".join(drop_marked(lines)))


def reduce_mailed_markdown(text: str) -> str:
    """Leave the same out of Markdown that came by mail to a site, which hides the addresses; other stays."""
    if _HIDDEN not in text and _ANSWERED not in text:
        return text
    return reduce_answer(text.replace("\r\n", "\n")).replace(_HIDDEN, _HIDDEN.replace("*", "\\*"))


def find_words(lines: Sequence[str]) -> list[str]:
    """Find in a quote, without its marks, the lines with words: neither heads, attributions nor footers."""
    lines = [line.lstrip("> ") for line in lines]
    kept: list[str] = []
    at = 0
    if not any(":" in line or "：" in line for line in lines):  # neither heads nor attributions
        kept, at = lines, len(lines)
    while at < len(lines):
        end, is_head = read_head(lines, at)
        if not is_head:
            kept += lines[at : max(at + 1, end)]
            if count := count_attribution_lines(kept, len(kept)):
                del kept[-count:]
        elif kept and NAMED_RULE.match(kept[-1]):
            kept.pop()
        at = max(at + 1, end)
    footer = find_footer(["words", *kept]) - 1  # they may be all there is
    return drop_marked(kept[:footer])
