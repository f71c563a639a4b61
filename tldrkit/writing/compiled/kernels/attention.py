"""Attention over the entries of a KV cache: no padding, no masks, no copies."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tldrkit.writing.compiled.kernels.arrays import LARGEST, OUTPUTS, Floats, Integers, KVCache, View
from tldrkit.writing.compiled.kernels.compiling import compiled
from tldrkit.writing.compiled.kernels.elementary import exponentiate, round_row
from tldrkit.writing.compiled.kernels.products import ROWS, multiply_floats, pack_weight


@compiled
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


@compiled
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


@compiled
def _exponentiate_row(scores: Floats) -> np.float32:
    """Raise e to scores less their largest, and sum that up."""
    top = np.float32(-np.inf)
    for place in range(len(scores)):
        top = max(top, scores[place])
    total = np.float32(0)
    for place in range(len(scores)):
        scores[place] = exponentiate(scores[place] - top)
        total += scores[place]
    result: np.float32 = total
    return result


@compiled
def attend(projected: Floats, cache: KVCache, view: View, mixed: Floats) -> None:
    """Attend: scores plus bias, softmax, weighted sum of values. A scale of scores is in the queries.

    Shape:
        projected: (rows, parts, heads, head width); the first part are the queries.
        mixed: (rows, heads, head width), written to.
    """
    share = len(projected) // len(view.entries)
    scores = np.empty(view.entries.shape[1], np.float32)
    for index in range(len(view.entries)):
        places = view.entries[index, : view.counts[index]]
        for head in range(projected.shape[2]):
            key_scales, value_scales = cache.key_scales[head], cache.value_scales[head]
            bias = view.bias[head]
            for row in range(index * share, (index + 1) * share):
                _score(projected[row, 0, head], cache.keys[head], places, scores)
                for place in range(len(places)):
                    scores[place] = scores[place] * key_scales[places[place]] + bias[place]
                total = _exponentiate_row(scores[: len(places)])
                for place in range(len(places)):
                    scores[place] *= value_scales[places[place]] / total
                _mix(scores, cache.values[head], places, mixed[row, head])


@compiled
def _copy(rows: Floats, target: Floats) -> None:
    """Copy rows into ones that may be wider."""
    for row in range(len(rows)):
        for i in range(rows.shape[1]):
            target[row, i] = rows[row, i]


@compiled
def attend_within(projected: Floats, first: int, bias: Floats, mixed: Floats) -> None:
    """Let some tokens of a source attend to all of it.

    Args:
        projected: Queries, keys and values of the source.
        first: The first of the tokens that attend.
        bias: Added to the scores, by how far behind a key is.
        mixed: Written to.

    Shape:
        projected: (tokens, 3, heads, head width).
        bias: (heads, 2 * most tokens - 1); the middle one is of a token towards itself.
        mixed: (those that attend, heads, head width).
    """
    tokens, _, heads, width = projected.shape
    middle = bias.shape[1] // 2
    vectors = np.empty((tokens, width), np.float32)
    keys = np.empty((-(-tokens // OUTPUTS), width, OUTPUTS), np.float32)
    values = np.empty((-(-width // OUTPUTS), tokens, OUTPUTS), np.float32)
    scores = np.empty((min(len(mixed), ROWS), tokens), np.float32)
    for head in range(heads):
        _copy(projected[:, 1, head], vectors)
        pack_weight(vectors, 0, keys)
        for block in range(len(values)):
            _copy(projected[:, 2, head, block * OUTPUTS : (block + 1) * OUTPUTS], values[block])
        for start in range(0, len(mixed), ROWS):
            own = scores[: min(ROWS, len(mixed) - start)]
            queries = vectors[: len(own)]
            _copy(projected[first + start : first + start + len(own), 0, head], queries)
            multiply_floats(queries, keys, own)
            for row in range(len(own)):
                begin = middle - first - start - row
                for place in range(tokens):
                    own[row, place] += bias[head, begin + place]
                total = _exponentiate_row(own[row])
                for place in range(tokens):
                    own[row, place] /= total
            multiply_floats(own, values, queries)
            _copy(queries, mixed[start : start + len(own), head])


@compiled
def store(projected: Floats, cache: KVCache, entries: Integers) -> None:
    """Store keys and values, each head's in 8 bits by its own largest where the cache has 8.

    Shape:
        projected: (rows, parts, heads, head width); the last two parts are keys and values.
        entries: (rows,), where they are kept.
    """
    parts, heads, width = projected.shape[1:]
    rounds = cache.keys.itemsize == 1
    for row in range(len(projected)):
        entry = entries[row]
        for head in range(heads):
            for part in range(parts - 2, parts):
                vector = projected[row, part, head]
                kept, scales = (
                    (cache.keys[head, entry], cache.key_scales)
                    if part == parts - 2
                    else (cache.values[head, entry], cache.value_scales)
                )
                if rounds:
                    scales[head, entry] = round_row(vector, np.float32(LARGEST), kept)
                else:
                    scales[head, entry] = np.float32(1)
                    for i in range(width):
                        kept[i] = vector[i]
