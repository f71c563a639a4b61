"""The choice of the next tokens: which are forbidden, which are penalized, and which are the best."""

import numpy as np

from tldrkit.writing.compiled.kernels.arrays import Floats, Integers
from tldrkit.writing.compiled.kernels.compiling import compiled
from tldrkit.writing.compiled.kernels.elementary import exponentiate

_BLOCK = 64
"""Logits that are first compared together with the worst of the best: mostly none of them is larger."""


@compiled
def sum_exponentials(logits: Floats, largest: Floats, totals: Floats) -> None:
    """Compute the logarithm of the sum of the exponentials of each row.

    Shape:
        logits: (rows, vocabulary).
        largest: (rows,), the largest of each row, so that no exponential is above 1.
        totals: (rows,), written to. Logits minus these are log-probabilities.
    """
    for row in range(len(logits)):
        own, top = logits[row], largest[row]
        total = np.float32(0)
        for i in range(len(own)):
            total += exponentiate(own[i] - top)
        totals[row] = top + np.log(total)


@compiled
def _insert(number: float, place: int, slot: int, best: Floats, places: Integers) -> None:
    """Insert a number and its place into a descending row; the number at ``slot`` drops out.

    Equal numbers stay before it.
    """
    while slot and number > best[slot - 1]:
        best[slot], places[slot] = best[slot - 1], places[slot - 1]
        slot -= 1
    best[slot], places[slot] = number, place


@compiled
def find_top(logits: Floats, best: Floats, places: Integers) -> None:
    """Find the largest few of each row, in descending order; of equal ones the first come first.

    Shape:
        logits: (rows, vocabulary).
        best, places: (rows, wanted), written to; not more are wanted than the vocabulary has.
    """
    count = best.shape[1]
    for row in range(len(logits)):
        own = logits[row]
        for i in range(count):
            _insert(own[i], i, i, best[row], places[row])
        for first in range(count, len(own), _BLOCK):
            block = own[first : first + _BLOCK]
            larger = 0
            for i in range(len(block)):
                larger += block[i] > best[row, count - 1]
            for i in range(len(block) if larger else 0):
                if block[i] > best[row, count - 1]:
                    _insert(block[i], first + i, count - 1, best[row], places[row])


@compiled
def forbid_repeats(written: Integers, size: int, logits: Floats) -> None:
    """Set to -inf the logit of each token that would end an n-gram, of ``size`` tokens, that its row has.

    Shape:
        written: (rows, tokens).
        logits: (rows, vocabulary), changed in place.
    """
    last = written.shape[1] - size + 1
    for row in range(len(written)):
        own = written[row]
        for first in range(last):
            same = True
            for i in range(size - 1):
                same &= own[first + i] == own[last + i]
            if same:
                logits[row, own[first + size - 1]] = -np.inf


@compiled
def penalize(written: Integers, penalty: np.float32, totals: Floats, logits: Floats) -> None:
    """Make the tokens that a row has less likely, each once (repetition penalty, Keskar et al. 2019, 4.1).

    Their scores are divided by the penalty where they are positive, and multiplied with it else.

    Shape:
        written: (rows, tokens).
        totals: (rows,), what logits minus scores are: zeros, or the sums that make log-probabilities.
        logits: (rows, vocabulary), changed in place.
    """
    for row in range(len(written)):
        own = written[row]
        for place in range(len(own)):
            seen = False
            for before in range(place):
                seen |= own[before] == own[place]
            if not seen:
                score = logits[row, own[place]] - totals[row]
                score = score * penalty if score < 0 else score / penalty
                logits[row, own[place]] = score + totals[row]
