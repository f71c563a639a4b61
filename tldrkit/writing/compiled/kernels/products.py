"""Stacked linear layers, their dendrites included."""

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
"""Rows that go through a layer together: they stay in the processor's cache."""
ROUNDED_ROWS = 3 * ROWS
"""The same, of rows in 8 bits."""
_SUM = 2**15 - 1 if TARGET.dot == "pmaddubsw" else 2**31 - 1
"""Largest sum of four 8-bit weights' products."""
_INPUT = 2**8 - 1
"""Largest of the inputs they are multiplied with."""
_HALVED = 2**13
"""Largest of the whole numbers that are multiplied with keys and values: 64 times 128."""
_SHIFT = RAISED if TARGET.dot != "sdot" else 0
"""What is too much in products with raised bytes, of each input; SDOT's tile takes it away itself."""
_LARGEST_WEIGHT = np.float32(TARGET.largest_weight)

_SIZES = {
    "float32": TARGET.rows,
    "uint16": TARGET.rows,
    "int8": TARGET.rounded_rows,
    "uint8": TARGET.halved_rows,
}
_MANY, _MANY_ROUNDED, _MANY_HALVED = (_SIZES[kind][0] for kind in ("float32", "int8", "uint8"))
_TILES = {kind: [build_tile(rows, kind) for rows in sizes] for kind, sizes in _SIZES.items()}

Scaling = tuple[Floats, Floats, Floats] | None
"""Of products of 8 bits: steps and lowest numbers of rows' groups, scales and sums of outputs' weights."""
Results = tuple[NDArray[Any], NDArray[Any]]
"""Of whole blocks, (rows, out), and of a last one that is not, (rows, OUTPUTS)."""
Scratch = tuple[NDArray[np.int8], NDArray[np.int32], Floats]
"""Halves of vectors, (2 * rows, in); sums of their products, (2 * rows, out); levels, (rows, 3)."""
TilePlace = tuple[int, int, int, int, int]
"""Block, row and column; how many bytes ahead to fetch, and how many further with each step."""


@compiled
def pack_weight(weight: NDArray[Any], first: int, packed: NDArray[Any]) -> None:
    """Pack a weight as it is multiplied with.

    Args:
        weight: What is packed.
        first: Its first output among those it is stacked with.
        packed: Written to; as of ``Product``.

    Shape:
        weight: (out, in).
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

    Args:
        weight: As of ``pack_weight``.
        first: As of ``pack_weight``.
        packed: Weights, scales and sums, written to; as of ``Product``.

    Returns:
        Largest number that inputs may have, for which no sum overflows.
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
    """Multiply rows, as many as a tile has or fewer, with a block."""
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
    """Multiply with one block of weights after the other; each tile fetches its part of one to come.

    Args:
        inputs: Floats, or whole numbers for weights of 8 bits.
        weight: As of ``Product``, or of ``KVCache``.
        scaling: Of products of 8 bits.
        results: Written to.
        many: Rows of the largest tile.
        ahead: How many bytes behind each block the one begins that is fetched.

    Shape:
        inputs: (rows, in).
    """
    result, edge = results
    rows, steps, whole = len(inputs), weight.shape[1], result.shape[1] // OUTPUTS
    part = weight[0].size * weight.itemsize // -(-rows // many)
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
    """Round inputs to whole numbers from 0 to ``most``, each group of a row by its own lowest and largest.

    Shape:
        hidden: (rows, in).
        rounded: (rows, in or more), written to.
        levels: (rows, groups, 2), written to: what the numbers of a group are multiplied by, and its lowest.
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
    """Multiply 8-bit weights with rows rounded to 8 bits or fewer."""
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
    """Multiply with weights that are floats, or the upper halves of some.

    Shape:
        hidden: (rows, in).
        weight: As of ``Product``.
        results: Of rows, and of as many as go through together; written to.
    """
    result, edge = results
    for start in range(0, len(hidden), ROWS):
        some, target = hidden[start : start + ROWS], result[start : start + ROWS]
        _multiply_blocks(some, weight, None, (target, edge), _MANY, ahead)


@compiled
def cut_bits(vector: Floats, cut: Bits) -> None:
    """Round floats to bfloat16, to even where two are as near, and write their bits."""
    bits = vector.view(np.uint32)
    for i in range(len(bits)):
        cut[i] = (bits[i] + 0x7FFF + (bits[i] >> 16 & 1)) >> 16


@allocating
def _multiply_pairs(hidden: Floats, product: Product, results: Results) -> None:
    """Multiply weights in bfloat16 with rows rounded to it."""
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
    """Round numbers to 14 bits, and write those as multiples of 128 and a rest of at most 64.

    Shape:
        level: (3,), written to: what the whole numbers are multiplied by, and the sums of both halves.
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
    """Multiply with 8 bits each of which is RAISED more than what is meant; vectors are rounded to 14 bits.

    Shape:
        vectors: (rows, in or more).
        weight: (blocks, fours of in, 4 * OUTPUTS); as of ``KVCache``.
        result: (rows, blocks * OUTPUTS), written to.
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
    """Multiply with the weights of a product."""
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
def _sprout(product: Floats, growth: StackedDendrites, result: Floats) -> None:
    """Let the dendrites of layers add their features to their parts of a product; it is used up.

    Shape:
        product: (rows, sum of (1 + dendrites) * outputs).
        result: (rows, sum of outputs).
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
    """Apply stacked linear layers.

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
    _sprout(result, growth, grown)
    return grown
