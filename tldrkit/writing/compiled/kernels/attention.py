"""Attention over the entries of a KV cache: no padding, no masks, no copies."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import overload
from numpy.typing import NDArray

from tldrkit.writing.compiled.kernels.arrays import (
    LARGEST,
    OUTPUTS,
    RAISED,
    Floats,
    Integers,
    KVCache,
    View,
)
from tldrkit.writing.compiled.kernels.compiling import allocating, compiled
from tldrkit.writing.compiled.kernels.elementary import exponentiate, find_highest, round_row
from tldrkit.writing.compiled.kernels.products import (
    ROWS,
    Scratch,
    multiply_bytes,
    multiply_floats,
    pack_weight,
)


class _Room(NamedTuple):
    """What is used on the way.

    Shape:
        queries: (rows of a view, head width).
        scores: (rows of a view, most entries), whole blocks; they become weights.
        spare: (most entries,).
        sums: (rows of a view, blocks of the head width * OUTPUTS).
    """

    queries: Floats
    scores: Floats
    spare: Floats
    sums: Floats
    of_keys: Scratch
    of_values: Scratch


def _multiply_entries(
    vectors: Floats, packed: NDArray[Any], scratch: Scratch, result: Floats, ahead: int
) -> None:
    """Multiply with keys or values.

    Shape:
        vectors: (rows, in).
        packed: (blocks of outputs, in, OUTPUTS), or (..., fours of in, 4 * OUTPUTS); as of ``KVCache``.
        result: (rows, blocks * OUTPUTS).
    """
    raise NotImplementedError


@overload(_multiply_entries, strict=False)  # type: ignore[untyped-decorator]
def _choose_entries(*given: Any) -> Callable[..., None]:  # noqa: ANN401  (Numba's types)
    if given[1].dtype == types.uint8:
        return lambda vectors, packed, scratch, result, ahead: multiply_bytes(
            vectors, packed, scratch, result, ahead
        )

    def in_floats(vectors: Floats, packed: Floats, scratch: Scratch, result: Floats, ahead: int) -> None:  # noqa: ARG001  (as above)
        multiply_floats(vectors, packed, (result, result), ahead)

    return in_floats


@compiled
def _copy(vector: Floats, target: Floats) -> None:
    """Copy a vector as far as both go."""
    for i in range(min(len(vector), len(target))):
        target[i] = vector[i]


@compiled
def _add(vector: Floats, target: Floats) -> None:
    for i in range(len(target)):
        target[i] += vector[i]


@compiled
def _weigh(scores: Floats) -> None:
    """Turn scores into weights: softmax."""
    top, total = find_highest(scores), np.float32(0)
    for place in range(len(scores)):
        scores[place] = exponentiate(scores[place] - top)
        total += scores[place]
    factor = np.float32(1) / total
    for place in range(len(scores)):
        scores[place] *= factor


@compiled
def _weigh_all(products: Floats, count: int, bias: Floats, scales: tuple[Floats, Floats]) -> None:
    """Turn products with keys into weights of values.

    Shape:
        products: (whole blocks of entries,), the first of which count.
        bias: (entries, or more).
        scales: (entries,), those of keys and of values.
    """
    for entry in range(count):
        products[entry] = products[entry] * scales[0][entry] + bias[entry]
    products[count:] = -np.inf
    _weigh(products)
    for entry in range(count):
        products[entry] *= scales[1][entry]
    products[count:] = 0


@compiled
def _weigh_some(
    products: Floats, places: Integers, bias: Floats, scales: tuple[Floats, Floats], spare: Floats
) -> None:
    """The same, of the entries at some places; others weigh nothing.

    Shape:
        places: (entries looked at,).
        spare: (entries looked at, or more).
    """
    own = spare[: len(places)]
    for index in range(len(places)):
        own[index] = products[places[index]] * scales[0][places[index]] + bias[index]
    _weigh(own)
    products[:] = 0
    for index in range(len(places)):
        products[places[index]] = own[index] * scales[1][places[index]]


@compiled
def _attend_source(
    projected: Floats, cache: KVCache, view: View, index: int, room: _Room, mixed: Floats
) -> None:
    """Let the rows of one view attend.

    Args:
        projected: As of ``attend``.
        cache: As of ``attend``.
        view: As of ``attend``.
        index: Which one of the views.
        room: What is used on the way.
        mixed: As of ``attend``.
    """
    share = len(room.queries)
    first, count, begin = view.starts[index], view.counts[index], index * share
    end, block, blocks = first + count, first // OUTPUTS, -(-count // OUTPUTS)
    aside = cache.values.shape[3] // OUTPUTS
    for head in range(projected.shape[2]):
        for row in range(share):
            _copy(projected[begin + row, 0, head], room.queries[row])
        keys = cache.keys[head, block : block + blocks, :]
        _multiply_entries(room.queries, keys, room.of_keys, room.scores, cache.keys.strides[0])
        scales = cache.key_scales[head, first:end], cache.value_scales[head, first:end]
        for row in range(share):
            own = room.scores[row, : blocks * OUTPUTS]
            if view.places.shape[1]:
                _weigh_some(own, view.places[begin + row], view.bias[head], scales, room.spare)
            else:
                _weigh_all(own, count, view.bias[head], scales)
        values = cache.values[head, :, first // aside : -(-end // aside)]
        _multiply_entries(room.scores, values, room.of_values, room.sums, cache.values.strides[0])
        for row in range(share):
            _copy(room.sums[row], mixed[begin + row, head])


@allocating
def attend(projected: Floats, cache: KVCache, view: View, mixed: Floats) -> None:
    """Attend: scores plus bias, softmax, weighted sum of values. A scale of scores is in the queries.

    Shape:
        projected: (rows, parts, heads, head width); the first part are the queries.
        mixed: (rows, heads, head width), written to.
    """
    share, width, most = len(projected) // len(view.starts), projected.shape[3], 0
    for index in range(len(view.counts)):
        most = max(most, -(-view.counts[index] // OUTPUTS) * OUTPUTS)
    outs = cache.values.shape[1] * OUTPUTS
    totals, levels = np.empty((2 * share, max(most, outs)), np.int32), np.empty((share, 3), np.float32)
    room = _Room(
        np.empty((share, width), np.float32),
        np.empty((share, most), np.float32),
        np.empty(most, np.float32),
        np.empty((share, outs), np.float32),
        (np.zeros((2 * share, width + 3), np.int8), totals, levels),
        (np.empty((2 * share, most), np.int8), totals, levels),
    )
    for index in range(len(view.starts)):
        _attend_source(projected, cache, view, index, room, mixed)


@compiled
def _pack_head(projected: Floats, head: int, vectors: Floats, packed: tuple[Floats, Floats]) -> None:
    """Pack keys and values of a head of a source.

    Shape:
        vectors: (tokens, head width), room.
        packed: Keys (blocks of tokens, head width, OUTPUTS); values (blocks of width, tokens, OUTPUTS).
    """
    keys, values = packed
    for place in range(len(vectors)):
        _copy(projected[place, 1, head], vectors[place])
        value = projected[place, 2, head]
        for block in range(len(values)):
            _copy(value[block * OUTPUTS :], values[block, place])
    pack_weight(vectors, 0, keys)


@allocating
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
    vectors = np.empty((max(tokens, ROWS), width), np.float32)
    # Zeros behind the last token: unwritten memory may hold denormal numbers, which processors are slow with.
    keys = np.zeros((-(-tokens // OUTPUTS), width, OUTPUTS), np.float32)
    values = np.empty((-(-width // OUTPUTS), tokens, OUTPUTS), np.float32)
    scores = np.empty((ROWS, len(keys) * OUTPUTS), np.float32)
    sums = np.empty((ROWS, len(values) * OUTPUTS), np.float32)
    for head in range(heads):
        _pack_head(projected, head, vectors[:tokens], (keys, values))
        for start in range(0, len(mixed), ROWS):
            rows = min(ROWS, len(mixed) - start)
            for row in range(rows):
                _copy(projected[first + start + row, 0, head], vectors[row])
            multiply_floats(vectors[:rows], keys, (scores, scores), keys.strides[0])
            for row in range(rows):
                own, begin = scores[row, :tokens], middle - first - start - row
                _add(bias[head, begin : begin + tokens], own)
                _weigh(own)
            multiply_floats(scores[:rows], values, (sums, sums), values.strides[0])
            for row in range(rows):
                _copy(sums[row], mixed[start + row, head])


@compiled
def _place(
    vectors: tuple[NDArray[Any], NDArray[Any]], raised: float, cache: KVCache, head: int, entry: int
) -> None:
    """Write a key and a value of a head, each number raised, into an entry."""
    aside, (key, value) = cache.keys.shape[3] // OUTPUTS, vectors
    keys, first = cache.keys[head, entry // OUTPUTS], entry % OUTPUTS * aside
    for step in range(len(keys)):
        own, some = keys[step, first : first + aside], key[step * aside : (step + 1) * aside]
        for i in range(len(some)):
            own[i] = some[i] + raised
    values, first = cache.values[head, :, entry // aside], entry % aside
    for block in range(len(values)):
        own, some = values[block], value[block * OUTPUTS : (block + 1) * OUTPUTS]
        for i in range(len(some)):
            own[i * aside + first] = some[i] + raised


@allocating
def store(projected: Floats, cache: KVCache, entries: Integers) -> None:
    """Store keys and values, each head's in 8 bits by its own largest where the cache has 8.

    Shape:
        projected: (rows, parts, heads, head width); the last two parts are keys and values.
        entries: (rows,), where they are kept.
    """
    _, parts, heads, width = projected.shape
    rounded = np.empty((2, width), np.int8)
    for row in range(len(projected)):
        entry = entries[row]
        for head in range(heads):
            key, value = projected[row, parts - 2, head], projected[row, parts - 1, head]
            if cache.keys.itemsize == 1:
                cache.key_scales[head, entry] = round_row(key, np.float32(LARGEST), rounded[0])
                cache.value_scales[head, entry] = round_row(value, np.float32(LARGEST), rounded[1])
                _place((rounded[0], rounded[1]), RAISED, cache, head, entry)
            else:
                cache.key_scales[head, entry] = cache.value_scales[head, entry] = np.float32(1)
                _place((key, value), np.float32(0), cache, head, entry)
