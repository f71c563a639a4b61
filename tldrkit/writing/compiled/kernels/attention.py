"""Attention over a KV cache in the decoder, and within a source in the encoder; nothing is padded or masked.

Scores and weighted sums are products with packed keys and values, by the same tiles as linear layers.
"""

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


class _Buffers(NamedTuple):
    """Arrays that are used again for every source and head.

    Args:
        of_keys, of_values: Buffers of ``multiply_bytes``, for 8-bit keys and values.

    Shape:
        queries: (rows of a view, head width).
        scores: (rows of a view, entries of the longest view in whole blocks), then the weights of values.
        spare: (entries of the longest view in whole blocks,), scores of the entries that a row attends to.
        sums: (rows of a view, blocks of the head width * OUTPUTS), weighted sums of values.
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
    """Multiply with the keys or values of one head; Numba puts what ``_choose_entries`` returns in its place.

    Args:
        vectors: Queries, or weights of values.
        packed: Keys or values, as in ``KVCache``.
        scratch: Buffers for 8 bits.
        result: Written to.
        ahead: As in ``_multiply_blocks``; one head further, since that comes next.

    Shape:
        vectors: (rows, in).
        packed: (blocks of outputs, in, OUTPUTS), or (blocks of outputs, fours of in, 4 * OUTPUTS).
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
    """Copy numbers, as many as the shorter one of two vectors has."""
    for i in range(min(len(vector), len(target))):
        target[i] = vector[i]


@compiled
def _add(vector: Floats, target: Floats) -> None:
    for i in range(len(target)):
        target[i] += vector[i]


@compiled
def _softmax(scores: Floats) -> None:
    """Apply softmax in place."""
    top, total = find_highest(scores), np.float32(0)
    for place in range(len(scores)):
        scores[place] = exponentiate(scores[place] - top)
        total += scores[place]
    factor = np.float32(1) / total
    for place in range(len(scores)):
        scores[place] *= factor


@compiled
def _weigh_all(products: Floats, count: int, bias: Floats, scales: tuple[Floats, Floats]) -> None:
    """Turn a query's products with all keys into the weights of values: ``softmax(products * scale + bias)``.

    They are multiplied with the scales of values, so that these need not be. Entries from ``count`` on, with
    which the last block is filled up, weigh 0.

    Shape:
        products: (entries in whole blocks,), changed in place.
        bias: (entries, or more).
        scales: (entries,) each, of keys and of values.
    """
    for entry in range(count):
        products[entry] = products[entry] * scales[0][entry] + bias[entry]
    products[count:] = -np.inf
    _softmax(products)
    for entry in range(count):
        products[entry] *= scales[1][entry]
    products[count:] = 0


@compiled
def _weigh_some(
    products: Floats, places: Integers, bias: Floats, scales: tuple[Floats, Floats], spare: Floats
) -> None:
    """Do the same where a row attends to the entries at some places only; all others weigh 0.

    Shape:
        places: (attended,).
        spare: (attended, or more), overwritten.
    """
    own = spare[: len(places)]
    for index in range(len(places)):
        own[index] = products[places[index]] * scales[0][places[index]] + bias[index]
    _softmax(own)
    products[:] = 0
    for index in range(len(places)):
        products[places[index]] = own[index] * scales[1][places[index]]


@compiled
def _attend_source(
    projected: Floats, cache: KVCache, view: View, index: int, buffers: _Buffers, mixed: Floats
) -> None:
    """Let the rows of one source attend.

    Args:
        projected: As in ``attend``.
        cache: As in ``attend``.
        view: As in ``attend``.
        index: Which one of the views.
        buffers: Overwritten.
        mixed: As in ``attend``.
    """
    share = len(buffers.queries)  # rows of the source
    first, count, begin = view.starts[index], view.counts[index], index * share
    end, block, blocks = first + count, first // OUTPUTS, -(-count // OUTPUTS)
    aside = cache.values.shape[3] // OUTPUTS  # entries side by side: 4 in 8 bits
    for head in range(projected.shape[2]):
        for row in range(share):
            _copy(projected[begin + row, 0, head], buffers.queries[row])
        keys = cache.keys[head, block : block + blocks, :]
        _multiply_entries(buffers.queries, keys, buffers.of_keys, buffers.scores, cache.keys.strides[0])
        scales = cache.key_scales[head, first:end], cache.value_scales[head, first:end]
        for row in range(share):
            own = buffers.scores[row, : blocks * OUTPUTS]
            if view.places.shape[1]:
                _weigh_some(own, view.places[begin + row], view.bias[head], scales, buffers.spare)
            else:
                _weigh_all(own, count, view.bias[head], scales)
        values = cache.values[head, :, first // aside : -(-end // aside)]
        _multiply_entries(buffers.scores, values, buffers.of_values, buffers.sums, cache.values.strides[0])
        for row in range(share):
            _copy(buffers.sums[row], mixed[begin + row, head])


@allocating
def attend(projected: Floats, cache: KVCache, view: View, mixed: Floats) -> None:
    """Attend to the entries of a KV cache: ``softmax(query @ key + bias) @ value`` for each row and head.

    A scale of scores is no part of it: the weights that compute queries have it already (``Stacks``).

    Args:
        projected: Queries, and what was computed with them.
        cache: Keys and values.
        view: The entries that rows attend to.
        mixed: Written to.

    Shape:
        projected: (rows, parts, heads, head width); the first part are the queries.
        mixed: (rows, heads, head width).
    """
    share, width, most = len(projected) // len(view.starts), projected.shape[3], 0
    for index in range(len(view.counts)):
        most = max(most, -(-view.counts[index] // OUTPUTS) * OUTPUTS)
    outs = cache.values.shape[1] * OUTPUTS
    totals, levels = np.empty((2 * share, max(most, outs)), np.int32), np.empty((share, 3), np.float32)
    buffers = _Buffers(
        np.empty((share, width), np.float32),
        np.empty((share, most), np.float32),
        np.empty(most, np.float32),
        np.empty((share, outs), np.float32),
        (np.zeros((2 * share, width + 3), np.int8), totals, levels),  # zeros up to a whole four
        (np.empty((2 * share, most), np.int8), totals, levels),
    )
    for index in range(len(view.starts)):
        _attend_source(projected, cache, view, index, buffers, mixed)


@compiled
def _pack_head(projected: Floats, head: int, vectors: Floats, packed: tuple[Floats, Floats]) -> None:
    """Pack the keys and values of one head of a source, as in a ``KVCache`` of float32.

    Shape:
        projected: (tokens, 3, heads, head width).
        vectors: (tokens, head width), a buffer for the keys.
        packed: Keys (blocks of tokens, head width, OUTPUTS), and values (blocks of the head width, tokens,
            OUTPUTS), written to.
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
    """Let some tokens of a source attend to all of its tokens, as in ``attend``.

    Args:
        projected: Queries, keys and values of the source.
        first: The first of the tokens that attend.
        bias: Added to the scores, by the position of the key minus that of the query.
        mixed: Written to.

    Shape:
        projected: (tokens, 3, heads, head width).
        bias: (heads, 2 * most tokens - 1); the middle one is for the difference 0.
        mixed: (tokens that attend, heads, head width).
    """
    tokens, _, heads, width = projected.shape
    middle = bias.shape[1] // 2
    vectors = np.empty((max(tokens, ROWS), width), np.float32)
    # Zeros behind the last token and feature: unwritten memory may hold denormal numbers, which are slow.
    keys = np.zeros((-(-tokens // OUTPUTS), width, OUTPUTS), np.float32)
    values = np.zeros((-(-width // OUTPUTS), tokens, OUTPUTS), np.float32)
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
                _softmax(own)
            multiply_floats(scores[:rows], values, (sums, sums), values.strides[0])
            for row in range(rows):
                _copy(sums[row], mixed[start + row, head])


@compiled
def _place(
    vectors: tuple[NDArray[Any], NDArray[Any]], raised: float, cache: KVCache, head: int, entry: int
) -> None:
    """Write the key and the value of one head into an entry.

    Args:
        vectors: Key and value, (width,) each.
        raised: Added to each number.
        cache: Written to.
        head: Which head.
        entry: Which entry.
    """
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
    """Store keys and values in a KV cache; one of 8 bits rounds each head's key and value by its own scale.

    Shape:
        projected: (rows, parts, heads, head width); the last two parts are keys and values.
        entries: (rows,), where each row's are stored.
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
