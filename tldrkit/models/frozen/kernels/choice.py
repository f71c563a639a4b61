"""Which pieces come next."""

import numpy as np

from tldrkit.models.frozen.kernels.arrays import Floats, Integers
from tldrkit.models.frozen.kernels.compiling import compiled
from tldrkit.models.frozen.kernels.elementary import exponentiate

_BLOCK = 64
"""Numbers that are compared at once."""


@compiled
def sum_exponentials(logits: Floats, largest: Floats, totals: Floats) -> None:
    """Compute the logarithm of the sum of the exponentials of each row.

    Shape:
        logits: (rows, pieces).
        largest: (rows,), the largest of each.
        totals: (rows,), written to.
    """
    for row in range(len(logits)):
        own, top = logits[row], largest[row]
        total = np.float32(0)
        for i in range(len(own)):
            total += exponentiate(own[i] - top)
        totals[row] = top + np.log(total)


@compiled
def _insert(number: float, place: int, slot: int, best: Floats, places: Integers) -> None:
    """Insert a number before the smaller ones of a descending row, out of which it pushes one."""
    while slot and number > best[slot - 1]:
        best[slot], places[slot] = best[slot - 1], places[slot - 1]
        slot -= 1
    best[slot], places[slot] = number, place


@compiled
def find_top(logits: Floats, best: Floats, places: Integers) -> None:
    """Find the largest few of each row, in descending order; of equal ones the first come first.

    Shape:
        logits: (rows, pieces).
        best, places: (rows, so many), written to; not more than there are pieces.
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
