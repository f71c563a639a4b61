"""Quoted text: lines marked `>` in every shape, left out where the thread already holds what they quote.

Knows nothing of where the text comes from.
"""

import re
from collections import deque
from collections.abc import Iterator, Sequence

from tldrkit.threads.mail.answers import find_words
from tldrkit.threads.mail.attributions import count_attribution_lines
from tldrkit.threads.text.lines import join_empty_lines

_SHARE = 0.8  # of a quote's runs of three words must stand in earlier posts for it to be a repetition
_FIRST_LINE = re.compile(  # as forums write whose words a quote holds
    r"(on )?\S.{0,200}\b(wrote|writes|said|posted)\b.{0,40}:(\W.{0,60})?$"
    r"|(originally posted by|quote from|quoting)\b.{0,100}$|\S.{0,60}:\W{0,3}$",
    re.IGNORECASE,
)
_QUOTE_HEAD = re.compile(r"quote(?: from)?:.{0,100}$", re.IGNORECASE)
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORDS = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")  # where no spaces divide words, characters
_ASCII_WORDS = bytes(  # each byte as it stands in words: in lower case, else a space
    [ord(chr(code).lower()) if code < 128 and _WORDS.match(chr(code)) else 32 for code in range(256)]
)
_LONGEST_ATTRIBUTION = 500  # characters
_RUN = 3  # words
_RECENT = 8  # texts in which a quote is looked for as it stands
_TRIES = 8  # quotes of a text that are; both bound the time


def drop_repeated_quotes(texts: Sequence[str]) -> list[str]:
    """Leave out quotes of earlier texts, with the line saying whom they quote; other quotes stay.

    A text that is nothing but quotes stays whole.
    """
    earlier = _Earlier(texts)
    shortened = list(texts)
    for number, text in enumerate(texts):
        if text.startswith(">") or "\n>" in text:
            earlier.move_to(number)
            shortened[number] = _shorten(text, earlier) or text
    return shortened


class _Earlier:
    """The texts that a quote may repeat: those before a place of the thread.

    Of the last ones all words are kept, since most quotes are of them; of all, hashes of runs of words.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._place = 0
        self._recent: deque[str] = deque(maxlen=_RECENT)
        self._seen: set[int] = set()  # hashes of runs of words, taken only when a quote needs them
        self._taken = 0  # texts whose runs have been
        self._tries = 0

    def move_to(self, place: int) -> None:
        """Take the texts before this place for the earlier ones from now on."""
        self._recent += [_join(_split(text)) for text in self._texts[self._place : place][-_RECENT:]]
        self._place = place
        self._tries = _TRIES

    def repeat(self, quote: str) -> bool:
        """Tell whether the runs of words of a quote stand in these texts, but for a few."""
        words = _split(quote)
        if len(words) >= _RUN and self._tries:
            self._tries -= 1
            said = _join(words)
            if any(said in text for text in self._recent):
                return True
        for text in self._texts[self._taken : self._place]:
            self._seen.update(_runs(_split(text)))
        self._taken = self._place
        runs = list(_runs(words))
        return bool(runs) and sum(map(self._seen.__contains__, runs)) >= _SHARE * len(runs)


def _split(text: str) -> list[str]:
    if text.isascii():
        return text.encode().translate(_ASCII_WORDS).decode().split()
    return _WORDS.findall(text.lower())


def _join(words: Sequence[str]) -> str:
    return f" {' '.join(words)} "


def _runs(words: Sequence[str]) -> Iterator[int]:
    """Hash each run of words; fewer words are one run."""
    if len(words) < _RUN:
        return map(hash, [tuple(words)] if words else [])
    return map(hash, zip(words, words[1:], words[2:], strict=False))


def _shorten(text: str, earlier: _Earlier) -> str:
    kept: list[str] = []
    block: list[str] = []
    dropped = False
    for line in [*text.split("\n"), ""]:
        if line.startswith(">"):
            block.append(line)
            continue
        if block and _is_repetition(block, earlier):
            _drop_attribution(kept)
            dropped = True
        else:
            kept.extend(block)
        block = []
        kept.append(line)
    if not dropped:
        return text
    return join_empty_lines("\n".join(kept)).strip()


def _is_repetition(block: Sequence[str], earlier: _Earlier) -> bool:
    lines = find_words(block)
    if len(lines) > 1 and _FIRST_LINE.match(lines[0].strip()):
        lines = lines[1:]
    words = "\n".join(lines)
    return earlier.repeat(words) if _WORDS.search(words) else bool(_WORDS.search("\n".join(block)))


def _drop_attribution(kept: list[str]) -> None:
    """Drop what stands before a quote and says whose it is, be it wrapped over lines."""
    while kept and not kept[-1].strip():
        kept.pop()
    if not kept or len(kept[-1]) > _LONGEST_ATTRIBUTION:  # of a long line every quote would read it all
        return
    if _QUOTE_HEAD.match(kept[-1]):
        kept.pop()
    elif count := count_attribution_lines(kept, len(kept)):
        del kept[-count:]
