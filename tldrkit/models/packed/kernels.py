"""Loops that torch has no operation for, compiled by Numba when first needed and kept for the next process.

The only room that knows Numba. Knows arrays, and no networks.
"""

from collections.abc import Callable
from functools import partial
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
    build = partial(numba.njit, nogil=True, fastmath=_LIBERTIES, error_model="numpy")
    try:
        compiled: Function = build(cache=True)(function)
    except RuntimeError:  # neither the package's folder nor the user's cache can be written
        compiled = build()(function)
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
    """Raise e to a power of at most 0, within 2e-7 of the result; several at once, other than the C library.

    That is 2 to a power, whose whole part is made of bits, and the rest by Taylor's series.
    """
    base = max(power, np.float32(-87)) * np.float32(1.44269504)
    whole = np.floor(base + np.float32(0.5))
    rest = (base - whole) * np.float32(0.69314718)
    series = np.float32(1)
    for order in (6, 5, 4, 3, 2, 1):
        series = np.float32(1) + series * rest / np.float32(order)
    result: np.float32 = series * np.int32((np.int32(whole) + 127) << 23).view(np.float32)
    return result


@_compile
def _score(query: Floats, keys: NDArray[Any], places: Integers, scores: Floats) -> None:
    """Multiply a query with the keys at some places, four at once."""
    zero, fours = np.float32(0), len(places) // 4 * 4
    for place in range(0, fours, 4):
        a, b = keys[places[place]], keys[places[place + 1]]
        c, d = keys[places[place + 2]], keys[places[place + 3]]
        of_a, of_b, of_c, of_d = zero, zero, zero, zero
        for i in range(len(query)):
            of_a += query[i] * np.float32(a[i])
            of_b += query[i] * np.float32(b[i])
            of_c += query[i] * np.float32(c[i])
            of_d += query[i] * np.float32(d[i])
        scores[place], scores[place + 1] = of_a, of_b
        scores[place + 2], scores[place + 3] = of_c, of_d
    for place in range(fours, len(places)):
        a, of_a = keys[places[place]], zero
        for i in range(len(query)):
            of_a += query[i] * np.float32(a[i])
        scores[place] = of_a


@_compile
def _mix(weights: Floats, values: NDArray[Any], places: Integers, mixed: Floats) -> None:
    """Sum the values at some places by their weights, four at once."""
    fours = len(places) // 4 * 4
    mixed[:] = 0
    for place in range(0, fours, 4):
        a, b = values[places[place]], values[places[place + 1]]
        c, d = values[places[place + 2]], values[places[place + 3]]
        of_a, of_b, of_c, of_d = weights[place], weights[place + 1], weights[place + 2], weights[place + 3]
        for i in range(len(mixed)):
            first = of_a * np.float32(a[i]) + of_b * np.float32(b[i])
            mixed[i] += first + of_c * np.float32(c[i]) + of_d * np.float32(d[i])
    for place in range(fours, len(places)):
        a, of_a = values[places[place]], weights[place]
        for i in range(len(mixed)):
            mixed[i] += of_a * np.float32(a[i])


@_compile
def attend(projected: Floats, memory: Memory, view: View, mixed: Floats) -> None:
    """Attend as T5 does: unscaled scores plus bias, softmax, weighted sum of values.

    Shape:
        projected: (rows, parts, heads, head width); the first part are the queries.
        mixed: (rows, heads, head width), written to.
    """
    share = len(projected) // len(view.entries)
    scores = np.empty(view.entries.shape[1], np.float32)
    for index in range(len(view.entries)):
        places = view.entries[index, : view.counts[index]]
        for head in range(projected.shape[2]):
            key_scales, value_scales = memory.key_scales[head], memory.value_scales[head]
            bias = view.bias[head]
            for row in range(index * share, (index + 1) * share):
                _score(projected[row, 0, head], memory.keys[head], places, scores)
                top = np.float32(-np.inf)
                for place in range(len(places)):
                    scores[place] = scores[place] * key_scales[places[place]] + bias[place]
                    top = max(top, scores[place])
                total = np.float32(0)
                for place in range(len(places)):
                    scores[place] = _exponentiate(scores[place] - top)
                    total += scores[place]
                for place in range(len(places)):
                    scores[place] *= value_scales[places[place]] / total
                _mix(scores, memory.values[head], places, mixed[row, head])


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
def _insert(number: float, place: int, slot: int, best: Floats, places: Integers) -> None:
    """Insert a number before the smaller ones of a descending row, out of which it pushes one."""
    while slot and number > best[slot - 1]:
        best[slot], places[slot] = best[slot - 1], places[slot - 1]
        slot -= 1
    best[slot], places[slot] = number, place


@_compile
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
