"""Quoted text: lines marked `>` in every shape, left out where the thread already holds what they quote.

Knows nothing of where the text comes from.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tldrkit.data.threads.thread import Post

_SHARE = 0.8  # of a quote's runs of three words must stand in earlier posts for it to be a repetition
_ATTRIBUTION = re.compile(
    r"(on |am |le |el |il )?\S.{0,200}\b(wrote|writes|said|posted|schrieb|a écrit|escribió)\b"
    r".{0,40}:(\W.{0,60})?$"
    r"|(originally posted by|quote from|quoting)\b.{0,100}$|\S.{0,60}:\W{0,3}$",
    re.IGNORECASE,
)
_NAMES_SOURCE = re.compile(
    r"\b(wrote|writes|said|schrieb|escribió)\b|a écrit|\b(19|20)\d\d-\d\d-\d\d\b|\S@\S|\S at \S+\.\w",
    re.IGNORECASE,
)
_QUOTE_HEAD = re.compile(r"quote(?: from)?:.{0,100}$", re.IGNORECASE)
_WORDS = re.compile(r"\w+")


def drop_repeated_quotes(posts: Sequence[Post]) -> Iterator[Post]:
    """Leave out quotes of earlier posts, with the line saying whom they quote; other quotes stay.

    A post that is nothing but quotes stays whole.
    """
    if not any(_quotes(post.text) for post in posts):
        yield from posts
        return
    seen: set[int] = set()
    for post in posts:
        text = _shorten(post.text, seen) if _quotes(post.text) else post.text
        seen.update(_runs(post.text))
        yield replace(post, text=text) if text and text != post.text else post


def _quotes(text: str) -> bool:
    return text.startswith(">") or "\n>" in text


def _runs(text: str) -> list[int]:
    words = _WORDS.findall(text.lower())
    if len(words) < 3:
        return [hash(tuple(words))] if words else []
    return [hash(run) for run in zip(words, words[1:], words[2:], strict=False)]


def _shorten(text: str, seen: set[int]) -> str:
    kept: list[str] = []
    block: list[str] = []
    dropped = False
    for line in [*text.split("\n"), ""]:
        if line.startswith(">"):
            block.append(line)
            continue
        if block and _is_repetition(block, seen):
            _drop_attribution(kept)
            dropped = True
        else:
            kept.extend(block)
        block = []
        kept.append(line)
    if not dropped:
        return text
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _is_repetition(block: Sequence[str], seen: set[int]) -> bool:
    lines = [line.lstrip("> ") for line in block]
    if len(lines) > 1 and _ATTRIBUTION.match(lines[0].strip()):
        lines = lines[1:]
    runs = _runs("\n".join(lines))
    return bool(runs) and sum(run in seen for run in runs) >= _SHARE * len(runs)


def _drop_attribution(kept: list[str]) -> None:
    """Drop the line before a quote that says whose it is, be it wrapped over two."""
    while kept and not kept[-1].strip():
        kept.pop()
    if kept and _QUOTE_HEAD.match(kept[-1]):
        kept.pop()
        return
    if not kept or not kept[-1].rstrip().endswith(":"):
        return
    both = " ".join(kept[-2:]).strip()
    if len(kept) > 1 and kept[-2].strip() and both.lower().startswith("on ") and _NAMES_SOURCE.search(both):
        del kept[-2:]
    elif _NAMES_SOURCE.search(kept[-1]):
        kept.pop()
