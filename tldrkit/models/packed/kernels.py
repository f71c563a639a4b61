"""Loops that torch has no operation for, compiled by Numba when first needed and kept for the next process.

The only room that knows Numba. Knows arrays, and no networks.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
Function = TypeVar("Function", bound=Callable[..., Any])

_TINY = np.float32(np.finfo(np.float32).tiny)
"""Scale of what is zero throughout."""
_MAGNITUDE = np.int32(0x7FFFFFFF)
"""All bits of a float but its sign."""
_BLOCK = 64
"""Numbers that are compared at once."""
_LARGEST = np.float32(127)
"""Of an 8-bit key or value."""
_LIBERTIES = {"reassoc", "contract", "nsz", "arcp", "nnan"}
"""Liberties with rounding; infinities keep their meaning."""


class Memory(NamedTuple):
    """Keys and values of pieces, an entry each, as float32 or in 8 bits.

    Shape:
        keys, values: (heads, entries, head width).
        key_scales, value_scales: (heads, entries), what they are multiplied by.
    """

    keys: NDArray[Any]
    values: NDArray[Any]
    key_scales: Floats
    value_scales: Floats


class View(NamedTuple):
    """What rows attend to; so many rows in a row as there are beams share a view.

    Shape:
        entries: (views, most entries), the first of which count.
        counts: (views,).
        bias: (heads, most entries), added to the scores.
    """

    entries: Integers
    counts: Integers
    bias: Floats


def _compile(function: Function) -> Function:
    """Compile a loop, without Python's lock, and keep it on disk where there is a place for it."""
    build = numba.njit(nogil=True, fastmath=_LIBERTIES, error_model="numpy", cache=True)
    try:
        compiled: Function = build(function)
    except RuntimeError:  # neither the package's folder nor the user's cache can be written
        compiled = numba.njit(nogil=True, fastmath=_LIBERTIES, error_model="numpy")(function)
    return compiled


@_compile
def _find_largest(vector: Floats) -> np.float32:
    """Find the largest magnitude, by bits: without their sign, floats are in the order of integers."""
    bits = vector.view(np.int32)
    largest = np.int32(0)
    for i in range(len(bits)):
        size = np.int32(bits[i] & _MAGNITUDE)
        largest = size if size > largest else largest
    found: np.float32 = np.int32(largest).view(np.float32)
    return max(found, _TINY)


@_compile
def _exponentiate(power: np.float32) -> np.float32:
    """Raise e to a power of at most 0, to 2e-7 of it: 2 to its whole part by bits, the rest by Taylor's series.

    Unlike the C library's it is computed for several numbers at once.
    """
    base = max(power, np.float32(-87)) * np.float32(1.44269504)
    whole = np.floor(base + np.float32(0.5))
    rest = (base - whole) * np.float32(0.69314718)
    series = np.float32(1)
    for order in (6, 5, 4, 3, 2, 1):
        series = np.float32(1) + series * rest / np.float32(order)
    scale: np.float32 = np.int32((np.int32(whole) + 127) << 23).view(np.float32)
    return series * scale


@_compile
def attend(projected: Floats, memory: Memory, view: View, mixed: Floats) -> None:
    """Attend as T5 does: unscaled scores plus bias, softmax, weighted sum of values.

    Shape:
        projected: (rows, parts, heads, head width); the first part are the queries.
        mixed: (rows, heads, head width), written to.
    """
    zero = np.float32(0)
    keys, values, key_scales, value_scales = memory
    share = len(projected) // len(view.entries)
    width = projected.shape[3]
    scores = np.empty(view.entries.shape[1], np.float32)
    for index in range(len(view.entries)):
        places = view.entries[index]
        count = view.counts[index]
        fours = count // 4 * 4
        for head in range(projected.shape[2]):
            for row in range(index * share, (index + 1) * share):
                query, result = projected[row, 0, head], mixed[row, head]
                for place in range(0, fours, 4):
                    a, b = keys[head, places[place]], keys[head, places[place + 1]]
                    c, d = keys[head, places[place + 2]], keys[head, places[place + 3]]
                    of_a, of_b, of_c, of_d = zero, zero, zero, zero
                    for i in range(width):
                        of_a += query[i] * np.float32(a[i])
                        of_b += query[i] * np.float32(b[i])
                        of_c += query[i] * np.float32(c[i])
                        of_d += query[i] * np.float32(d[i])
                    scores[place], scores[place + 1] = of_a, of_b
                    scores[place + 2], scores[place + 3] = of_c, of_d
                for place in range(fours, count):
                    a = keys[head, places[place]]
                    of_a = zero
                    for i in range(width):
                        of_a += query[i] * np.float32(a[i])
                    scores[place] = of_a
                top = np.float32(-np.inf)
                for place in range(count):
                    scores[place] = scores[place] * key_scales[head, places[place]] + view.bias[head, place]
                    top = scores[place] if scores[place] > top else top
                total = zero
                for place in range(count):
                    weight = _exponentiate(scores[place] - top)
                    total += weight
                    scores[place] = weight * value_scales[head, places[place]]
                for i in range(width):
                    result[i] = zero
                for place in range(0, fours, 4):
                    a, b = values[head, places[place]], values[head, places[place + 1]]
                    c, d = values[head, places[place + 2]], values[head, places[place + 3]]
                    of_a, of_b = scores[place], scores[place + 1]
                    of_c, of_d = scores[place + 2], scores[place + 3]
                    for i in range(width):
                        result[i] += (
                            of_a * np.float32(a[i])
                            + of_b * np.float32(b[i])
                            + of_c * np.float32(c[i])
                            + of_d * np.float32(d[i])
                        )
                for place in range(fours, count):
                    a, of_a = values[head, places[place]], scores[place]
                    for i in range(width):
                        result[i] += of_a * np.float32(a[i])
                total = np.float32(1) / total
                for i in range(width):
                    result[i] *= total


@_compile
def keep(projected: Floats, memory: Memory, entries: Integers) -> None:
    """Take note of keys and values, each head's in 8 bits by its own largest where the memory has 8.

    Shape:
        projected: (rows, parts, heads, head width); the last two parts are keys and values.
        entries: (rows,), where they are kept.
    """
    parts, heads, width = projected.shape[1:]
    rounds = memory.keys.itemsize == 1
    for row in range(len(projected)):
        entry = entries[row]
        for head in range(heads):
            for part in range(parts - 2, parts):
                vector = projected[row, part, head]
                kept, scales = (
                    (memory.keys[head, entry], memory.key_scales)
                    if part == parts - 2
                    else (memory.values[head, entry], memory.value_scales)
                )
                if rounds:
                    largest = _find_largest(vector)
                    scales[head, entry] = largest / _LARGEST
                    for i in range(width):
                        kept[i] = np.rint(vector[i] * (_LARGEST / largest))
                else:
                    scales[head, entry] = np.float32(1)
                    for i in range(width):
                        kept[i] = vector[i]


@_compile
def normalize(hidden: Floats, weight: Floats, epsilon: float, normed: Floats) -> None:
    """Scale rows to unit root mean square, then by a weight (Zhang & Sennrich 2019).

    Shape:
        hidden, normed: (rows, width).
        weight: (width,).
    """
    width = hidden.shape[1]
    for row in range(len(hidden)):
        own, result = hidden[row], normed[row]
        squares = np.float32(0)
        for i in range(width):
            squares += own[i] * own[i]
        scale = np.float32(1) / np.sqrt(squares / np.float32(width) + np.float32(epsilon))
        for i in range(width):
            result[i] = own[i] * scale * weight[i]


@_compile
def scale_rows(hidden: Floats, scaled: Floats, largest: Floats) -> None:
    """Divide each row by its largest magnitude.

    Shape:
        hidden, scaled: (rows, width).
        largest: (rows, 1).
    """
    width = hidden.shape[1]
    for row in range(len(hidden)):
        own, result = hidden[row], scaled[row]
        largest[row, 0] = _find_largest(own)
        factor = np.float32(1) / largest[row, 0]
        for i in range(width):
            result[i] = own[i] * factor


@_compile
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
            total += _exponentiate(own[i] - top)
        totals[row] = top + np.log(total)


@_compile
def find_top(logits: Floats, best: Floats, places: Integers) -> None:
    """Find the largest few of each row, in descending order; of equal ones the first come first.

    Shape:
        logits: (rows, pieces).
        best, places: (rows, so many), written to; not more than there are pieces.
    """
    count = best.shape[1]
    for row in range(len(logits)):
        own, found, where = logits[row], best[row], places[row]
        found[:] = -np.inf
        where[:] = -1
        for first in range(0, len(own), _BLOCK):
            block = own[first : first + _BLOCK]
            larger = 0
            for i in range(len(block)):
                larger += block[i] > found[count - 1]
            for i in range(len(block) if larger or first < count else 0):
                if block[i] > found[count - 1] or where[count - 1] < 0:
                    slot = count - 1
                    while slot and (block[i] > found[slot - 1] or where[slot - 1] < 0):
                        found[slot], where[slot] = found[slot - 1], where[slot - 1]
                        slot -= 1
                    found[slot], where[slot] = block[i], first + i
