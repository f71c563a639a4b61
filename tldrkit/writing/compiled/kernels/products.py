"""Products of rows with packed weights, in every number format, and linear layers with their dendrites.

A product is cut three times. ROWS rows are done at a time, so that they stay in the processor's cache. They
are multiplied with one block of weights after the other (``_multiply_blocks``). With each block a few of them
are multiplied at a time, by a tile whose sums stay in registers (``tiles.py``).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload
from numpy.typing import NDArray

from tldrkit.writing.compiled.kernels.arrays import (
    GROUP,
    OUTPUTS,
    RAISED,
    TINY,
    Bits,
    Floats,
    Product,
    StackedDendrites,
)
from tldrkit.writing.compiled.kernels.compiling import allocating, compiled
from tldrkit.writing.compiled.kernels.elementary import activate, find_bounds, find_largest, round_row
from tldrkit.writing.compiled.kernels.target import TARGET
from tldrkit.writing.compiled.kernels.tiles import build_tile

ROWS = 24
"""Rows that are multiplied with all blocks before the next ones: they stay in the processor's cache."""
ROUNDED_ROWS = 3 * ROWS
"""The same, of rows that are rounded to 8 bits, and so take less of the cache."""
_SUM = 2**15 - 1 if TARGET.dot == "pmaddubsw" else 2**31 - 1
"""Largest sum of 8-bit products in the bits that the instruction adds them in."""
_INPUT = 2**8 - 1
"""Largest whole number that inputs of 8-bit weights are rounded to: they are unsigned bytes."""
_HALVED = 2**13
"""Largest magnitude that queries and weights of attention are rounded to, where keys and values have 8 bits.

It is 64 * 128. ``_halve`` splits such a number into two halves from -64 to 64, so that PMADDUBSW's sums of
two products with unsigned bytes fit into 16 bits: 2 * 64 * 255 < 2 ** 15.
"""
_SHIFT = RAISED if TARGET.dot != "sdot" else 0
"""What is too much in each number of a key or value, as it is multiplied; SDOT's tile has subtracted it."""
_LARGEST_WEIGHT = np.float32(TARGET.largest_weight)

# By the type of the weights: the rows of the three tiles, those of the largest one, and the tiles.
_SIZES = {
    "float32": TARGET.rows,
    "uint16": TARGET.rows,
    "int8": TARGET.rounded_rows,
    "uint8": TARGET.halved_rows,
}
_MANY, _MANY_ROUNDED, _MANY_HALVED = (_SIZES[kind][0] for kind in ("float32", "int8", "uint8"))
_TILES = {kind: [build_tile(rows, kind) for rows in sizes] for kind, sizes in _SIZES.items()}

Scaling = tuple[Floats, Floats, Floats] | None
"""For int8 weights: step and low of each group of inputs, (rows, groups, 2); scales and sums of a product."""
Results = tuple[NDArray[Any], NDArray[Any]]
"""Where tiles write: whole blocks into (rows, out), a last one with fewer outputs into (rows, OUTPUTS)."""
Scratch = tuple[NDArray[np.int8], NDArray[np.int32], Floats]
"""Buffers of ``multiply_bytes``: halves, (2 * rows, in); products, (2 * rows, out); levels, (rows, 3)."""
TilePlace = tuple[int, int, int, int, int]
"""Block, first row, first column; where to prefetch, and how much further with each step (``build_tile``)."""


@compiled
def pack_weight(weight: NDArray[Any], first: int, packed: NDArray[Any]) -> None:
    """Pack a weight: write it into its blocks, in the order in which tiles read (``Product``).

    Args:
        weight: Of one layer, or of a dendrite; float32, or bits of bfloat16.
        first: Where its outputs begin among all that are stacked.
        packed: Written to. Its last dimension says how many inputs of an output lie side by side.

    Shape:
        weight: (out, in).
        packed: (blocks, in, OUTPUTS), or (blocks, pairs of inputs, OUTPUTS * 2).
    """
    out, aside = 0, packed.shape[2] // OUTPUTS
    while out < len(weight):
        block, lane = (first + out) // OUTPUTS, (first + out) % OUTPUTS
        some = weight[out : out + OUTPUTS - lane]
        for i in range(weight.shape[1]):
            target, part = packed[block, i // aside, lane * aside :], i % aside
            for place in range(len(some)):
                target[place * aside + part] = some[place, i]
        out += len(some)


@allocating
def pack_rounded(weight: Floats, first: int, packed: tuple[NDArray[Any], Floats, Floats]) -> np.float32:
    """Round a weight to 8 bits, each output by its own scale, and pack it.

    Inputs are not negative, so the largest sum is that of the positive weights, or of the negative ones,
    times the largest input. With PMADDUBSW, 16 bits hold the sum of four products: of two neighbours, and of
    the two in the same place of the next four inputs.

    Args:
        weight: As in ``pack_weight``.
        first: As in ``pack_weight``.
        packed: Weights, scales and sums of a ``Product``, written to.

    Returns:
        Largest whole number that inputs may have, so that no sum overflows.
    """
    weights, scales, sums = packed
    rounded, largest = np.empty(weight.shape[1], np.int8), 1
    fours = np.empty((2, 2), np.int64)
    for out in range(len(weight)):
        block, lane = (first + out) // OUTPUTS, (first + out) % OUTPUTS
        scales[first + out] = round_row(weight[out], _LARGEST_WEIGHT, rounded)
        for i in range(len(rounded)):
            if i % 8 == 0:
                fours[:] = 0
            number = np.int64(rounded[i])
            weights[block, i // 8, i % 8 // 4 * 4 * OUTPUTS + 4 * lane + i % 4] = rounded[i]
            sums[block, i // GROUP, lane] += np.float32(number)
            fours[i % 4 // 2, np.int64(number < 0)] += abs(number)
            largest = max(largest, fours[i % 4 // 2, np.int64(number < 0)])
    most: np.float32 = np.float32(min(_INPUT, _SUM // largest))
    return most


def _multiply_tile(
    inputs: NDArray[Any], weight: NDArray[Any], result: Floats, scaling: Scaling, place: TilePlace
) -> None:
    """Multiply rows with a block, by a tile; Numba puts what ``_choose_tile`` returns in its place."""
    raise NotImplementedError


@overload(_multiply_tile, strict=False, inline="always")  # type: ignore[untyped-decorator]
def _choose_tile(*given: Any) -> Callable[..., None]:  # noqa: ANN401  (Numba's types)
    kind = str(given[1].dtype)
    many, few, one = _TILES[kind]
    _, a_few, least = _SIZES[kind]

    def multiply_tile(
        inputs: NDArray[Any], weight: NDArray[Any], result: Floats, scaling: Scaling, place: TilePlace
    ) -> None:
        left = len(inputs) - place[1]
        if left > a_few:
            many(inputs, weight, result, scaling, place)
        elif left > least:
            few(inputs, weight, result, scaling, place)
        else:
            one(inputs, weight, result, scaling, place)

    return multiply_tile


@compiled
def _multiply_blocks(
    inputs: NDArray[Any], weight: NDArray[Any], scaling: Scaling, results: Results, many: int, ahead: int
) -> None:
    """Multiply rows with one block of weights after the other; each tile prefetches a part of one to come.

    Args:
        inputs: As in ``build_tile``.
        weight: Packed, of a ``Product``, or of one head of a ``KVCache``.
        scaling: For int8 weights.
        results: Written to.
        many: Rows of the largest tile.
        ahead: Bytes from the beginning of a block to that of the one to prefetch, which is mostly the next.

    Shape:
        inputs: (rows, in).
    """
    result, edge = results
    rows, steps, whole = len(inputs), weight.shape[1], result.shape[1] // OUTPUTS
    part = weight[0].size * weight.itemsize // -(-rows // many)  # bytes that each tile prefetches
    for block in range(len(weight)):
        target, column = (result, block * OUTPUTS) if block < whole else (edge, 0)
        for row in range(0, rows, many):
            place = block, row, column, ahead + row // many * part, part // steps
            _multiply_tile(inputs, weight, target, scaling, place)
    for row in range(rows if whole < len(weight) else 0):
        for out in range(whole * OUTPUTS, result.shape[1]):
            result[row, out] = edge[row, out - whole * OUTPUTS]


@compiled
def _round_inputs(hidden: Floats, most: np.float32, rounded: NDArray[np.uint8], levels: Floats) -> None:
    """Round inputs to whole numbers q from 0 to ``most``: in a group of a row, inputs are ``low + step * q``.

    Shape:
        hidden: (rows, in).
        rounded: (rows, in or more), written to: q.
        levels: (rows, groups, 2), written to: step and low.
    """
    for row in range(len(hidden)):
        find_bounds(hidden[row], levels[row])
        own, target = hidden[row], rounded[row]
        for group in range(levels.shape[1]):
            low, high = levels[row, group]
            step = max((high - low) / most, np.float32(TINY))
            factor = np.float32(1) / step
            some, place = own[group * GROUP : (group + 1) * GROUP], target[group * GROUP :]
            for i in range(len(some)):
                place[i] = np.uint8(np.int32(np.rint((some[i] - low) * factor)))
            levels[row, group, 0], levels[row, group, 1] = step, low


@allocating
def _multiply_rounded(hidden: Floats, product: Product, results: Results) -> None:
    """Multiply with 8-bit weights; rows are rounded, too.

    Shape:
        hidden: (rows, in).
    """
    result, edge = results
    ahead = product.weight.strides[0]
    rounded = np.zeros((min(len(hidden), ROUNDED_ROWS), 8 * product.weight.shape[1]), np.uint8)
    levels = np.empty((len(rounded), product.sums.shape[1], 2), np.float32)
    for start in range(0, len(hidden), ROUNDED_ROWS):
        some = hidden[start : start + ROUNDED_ROWS]
        _round_inputs(some, np.float32(product.most), rounded, levels)
        own, scaling = rounded[: len(some)], (levels, product.scales, product.sums)
        _multiply_blocks(
            own, product.weight, scaling, (result[start : start + ROUNDED_ROWS], edge), _MANY_ROUNDED, ahead
        )


@compiled
def multiply_floats(hidden: Floats, weight: NDArray[Any], results: Results, ahead: int) -> None:
    """Multiply with weights in float32, or in bfloat16 that tiles widen to float32.

    Args:
        hidden: Rows.
        weight: Packed, of a ``Product``, or of one head of a ``KVCache``.
        results: Written to; the second one needs no more than ROWS rows.
        ahead: As in ``_multiply_blocks``.

    Shape:
        hidden: (rows, in).
    """
    result, edge = results
    for start in range(0, len(hidden), ROWS):
        some, target = hidden[start : start + ROWS], result[start : start + ROWS]
        _multiply_blocks(some, weight, None, (target, edge), _MANY, ahead)


@compiled
def cut_bits(vector: Floats, cut: Bits) -> None:
    """Round floats to bfloat16, and write its bits: the nearest one, or of two as near the even one."""
    bits = vector.view(np.uint32)
    for i in range(len(bits)):
        cut[i] = (bits[i] + 0x7FFF + (bits[i] >> 16 & 1)) >> 16  # a carry where it is to be rounded up


@allocating
def _multiply_pairs(hidden: Floats, product: Product, results: Results) -> None:
    """Multiply with weights in bfloat16; rows are rounded to it, too.

    Shape:
        hidden: (rows, in).
    """
    result, edge = results
    ahead = product.weight.strides[0]
    rounded = np.zeros((min(len(hidden), ROWS), 2 * product.weight.shape[1]), np.uint16)
    for start in range(0, len(hidden), ROWS):
        rows = min(ROWS, len(hidden) - start)
        for row in range(rows):
            cut_bits(hidden[start + row], rounded[row])
        target = result[start : start + ROWS]
        _multiply_blocks(rounded[:rows], product.weight, None, (target, edge), _MANY, ahead)


@compiled
def _halve(vector: Floats, high: NDArray[np.int8], low: NDArray[np.int8], level: Floats) -> None:
    """Round numbers to whole ones of 14 bits, ``step * (128 * high + low)``, both halves from -64 to 64.

    Shape:
        vector, high, low: (in,); the halves are written to.
        level: (3,), written to: step, sum of high, sum of low.
    """
    largest = find_largest(vector)
    factor = np.float32(_HALVED) / largest
    highs = lows = np.float32(0)
    for i in range(len(vector)):
        whole = np.rint(vector[i] * factor)
        upper = np.rint(whole * np.float32(1 / 128))
        lower = whole - upper * np.float32(128)
        high[i], low[i] = upper, lower
        highs += upper
        lows += lower
    level[0], level[1], level[2] = largest / np.float32(_HALVED), highs, lows


@compiled
def multiply_bytes(
    vectors: Floats, weight: NDArray[np.uint8], scratch: Scratch, result: Floats, ahead: int
) -> None:
    """Multiply queries, or weights of attention, with the 8-bit keys or values of one head.

    Both halves of a vector are multiplied, each as a row of its own (``_halve``). As all keys and values have
    RAISED more than is meant, RAISED times the sum of a half is taken from each of its products.

    Args:
        vectors: Queries, or weights of attention.
        weight: Keys or values, packed as in a ``KVCache``.
        scratch: Overwritten.
        result: Written to; keys' and values' own scales are not in it.
        ahead: As in ``_multiply_blocks``.

    Shape:
        vectors: (rows, in or more).
        weight: (blocks, fours of in, 4 * OUTPUTS).
        result: (rows, blocks * OUTPUTS).
    """
    halves, totals, levels = scratch
    ins, outs = min(4 * weight.shape[1], vectors.shape[1]), len(weight) * OUTPUTS
    for row in range(len(vectors)):
        _halve(vectors[row, :ins], halves[2 * row], halves[2 * row + 1], levels[row])
    _multiply_blocks(halves, weight, None, (totals, totals), _MANY_HALVED, ahead)
    for row in range(len(vectors)):
        high, low, own, step = totals[2 * row], totals[2 * row + 1], result[row], levels[row, 0]
        highs, lows = np.int32(levels[row, 1]) * _SHIFT, np.int32(levels[row, 2]) * _SHIFT
        for out in range(outs):
            upper, lower = np.float32(np.int32(high[out] - highs)), np.float32(np.int32(low[out] - lows))
            own[out] = (upper * np.float32(128) + lower) * step


def _multiply_weights(hidden: Floats, product: Product, results: Results) -> None:
    """Multiply with the weights of a product; Numba puts what ``_choose_product`` returns in its place."""
    raise NotImplementedError


@overload(_multiply_weights, strict=False)  # type: ignore[untyped-decorator]
def _choose_product(hidden: Any, product: Any, results: Any) -> Callable[..., None]:  # noqa: ANN401, ARG001  (as above; all are named)
    if product.types[0].dtype == types.uint16 and TARGET.pairs:
        return lambda hidden, product, results: _multiply_pairs(hidden, product, results)
    if product.types[0].dtype == types.int8:
        return lambda hidden, product, results: _multiply_rounded(hidden, product, results)
    return lambda hidden, product, results: multiply_floats(
        hidden, product.weight, results, product.weight.strides[0]
    )


@compiled
def _add_dendrites(product: Floats, growth: StackedDendrites, result: Floats) -> None:
    """Compute the outputs of dendrites, and add them to those of their layers (``StackedDendrites``).

    Shape:
        product: (rows, sum of (1 + dendrites) * outputs), overwritten.
        result: (rows, sum of outputs), written to.
    """
    for row in range(len(product)):
        rest, target, tops, links = product[row], result[row], growth.to_output, growth.links
        for layer in range(len(growth.layers)):
            outs, dendrites, activation = growth.layers[layer]
            for out in range(outs):
                target[out] = rest[out]
            for dendrite in range(dendrites):
                feature = rest[(1 + dendrite) * outs : (2 + dendrite) * outs]
                for before in range(dendrite):
                    earlier = rest[(1 + before) * outs : (2 + before) * outs]
                    for out in range(outs):
                        feature[out] += links[out] * earlier[out]
                    links = links[outs:]
                activate(feature, activation)
                for out in range(outs):
                    target[out] += tops[out] * feature[out]
                tops = tops[outs:]
            rest, target = rest[(1 + dendrites) * outs :], target[outs:]


@allocating
def multiply(hidden: Floats, product: Product) -> Floats:
    """Apply stacked linear layers: weights, biases and dendrites.

    Shape:
        hidden: (rows, in).
        result: (rows, sum of outputs).
    """
    growth, outs, alls = product.growth, 0, 0
    for layer in range(len(growth.layers)):
        outs += growth.layers[layer, 0]
        alls += growth.layers[layer, 0] * (1 + growth.layers[layer, 1])
    result = np.empty((len(hidden), alls), np.float32)
    edge = np.empty((min(len(hidden), ROUNDED_ROWS) if alls % OUTPUTS else 0, OUTPUTS), np.float32)
    _multiply_weights(hidden, product, (result, edge))
    for row in range(len(result) if len(product.bias) else 0):
        own = result[row]
        for out in range(len(product.bias)):
            own[out] += product.bias[out]
    if outs == alls:
        return result
    grown = np.empty((len(hidden), outs), np.float32)
    _add_dendrites(result, growth, grown)
    return grown
