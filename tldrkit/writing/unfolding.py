"""A summary told while it is written: as much of its text as will stay, whatever is written next.

Knows tokens and texts; knows no network.
"""

import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from tldrkit.writing.sentences import find_sentence_ends

_WORDS = re.compile(r"\s+(?=\S)|(?<=[\u3040-\u9fff])(?=\S)")
"""Where words begin, and letters of Chinese and Japanese."""
_QUOTE = re.compile(r"""["“”]|(?<!\w)['‘’]|['‘’](?!\w)""")
"""A quote; an apostrophe within a word is none."""
_SURE = 3
"""Words behind one that settle how it is written, where that is guessed from the words around."""
_UNFINISHED = "\ufffd"
"""What stands for the first bytes of a letter whose last ones are still to come."""
_RARER = 32
"""A text is looked at again when it is longer by this part, so that all looks together take linear time."""


class Unfolding:
    """The text of one summary as its tokens come; what was told is never taken back.

    The first sentence is told as it grows. A later one is told when it is whole: where the tokens run out
    before its end, the summary goes without it (``long_threads.drop_cut_sentence``).

    Args:
        render: Turns the tokens so far into text.
        guesses: Whether how a word is written, and what it is joined to, is guessed from the words around.
    """

    def __init__(self, render: Callable[[Sequence[int]], str], *, guesses: bool = False) -> None:
        self._render = render
        self._guesses = guesses
        self._next = 1
        self._before = ""
        self.text = ""
        """What stays, so far."""
        self.token = 0
        """The last token that was read."""

    def read(self, tokens: NDArray[np.int64]) -> bool:
        """Read the tokens so far; tell whether more of the text stays than before."""
        if not tokens.size:
            return False
        self.token = int(tokens[-1])
        if len(tokens) < self._next:
            return False
        self._next = len(tokens) + 1 + len(tokens) // _RARER
        settled = self._leave_out_sentence(self._settle(self._render(tokens.tolist())))
        grown = len(settled) > len(self.text) and settled.startswith(self.text)
        if grown:
            self.text = settled
        return grown

    def _settle(self, text: str) -> str:
        """Leave out what the next tokens may change."""
        if self._guesses:
            quote = _QUOTE.search(text)
            words = [
                place.start() for place in _WORDS.finditer(text, 0, quote.start() if quote else len(text))
            ]
            return text[: words[-_SURE]] if len(words) >= _SURE else ""
        before, self._before = self._before, text
        same = next((place for place, (a, b) in enumerate(zip(before, text, strict=False)) if a != b), None)
        return text[: len(before) if same is None else same].rstrip(_UNFINISHED)

    def _leave_out_sentence(self, text: str) -> str:
        """Leave out what follows the first sentence and is no whole one; `3.` may go on with `5`."""
        ends = [end for end in find_sentence_ends(text) if end < len(text)]
        return (text[: ends[-1]] if ends else text).rstrip()
