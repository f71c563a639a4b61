"""Stacked linear layers, their dendrites included."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload
from numpy.typing import NDArray

from tldrkit.models.frozen.kernels.arrays import LARGEST, OUTPUTS, Floats, Growth, Product
from tldrkit.models.frozen.kernels.compiling import compiled
from tldrkit.models.frozen.kernels.elementary import activate, round_row
from tldrkit.models.frozen.kernels.tiles import build_tile

ROWS = 64
"""Rows that go through a layer together: they stay in the processor's cache."""
_SUM = 2**31 - 1
"""Largest sum of 8-bit weights' products."""
_INPUT = 2**15 - 1
"""Largest of the inputs they are multiplied with."""

_six_floats, _four_floats, _two_floats, _one_float = (build_tile(rows, "float32") for rows in (6, 4, 2, 1))
_six_halves, _four_halves, _two_halves, _one_half = (build_tile(rows, "uint16") for rows in (6, 4, 2, 1))
_four_integers, _two_integers, _one_integer = (build_tile(rows, "int8") for rows in (4, 2, 1))


@compiled
def lay_out(weight: NDArray[Any], first: int, laid: NDArray[Any]) -> None:
    """Lay a weight out as it is multiplied with.

    Args:
        weight: What is laid out.
        first: Its first output among those it is stacked with.
        laid: Written to; as of ``Product``.

    Shape:
        weight: (out, in).
    """
    for out in range(len(weight)):
        block, lane = (first + out) // OUTPUTS, (first + out) % OUTPUTS
        for i in range(weight.shape[1]):
            laid[block, i, lane] = weight[out, i]


@compiled
def lay_rounded(weight: Floats, first: int, laid: NDArray[Any], scales: Floats) -> np.float32:
    """Round a weight to 8 bits, each output by its own scale, and lay it out.

    Args:
        weight: As of ``lay_out``.
        first: As of ``lay_out``.
        laid: As of ``lay_out``.
        scales: Written to; as of ``Product``.

    Returns:
        Largest magnitude of inputs, for which no sum overflows.
    """
    rounded, largest = np.empty(weight.shape[1], np.int8), 1
    for out in range(len(weight)):
        block, lane = (first + out) // OUTPUTS, (first + out) % OUTPUTS
        scales[first + out] = round_row(weight[out], np.float32(LARGEST), rounded)
        total = 0
        for i in range(len(rounded)):
            laid[block, i // 2, 2 * lane + i % 2] = rounded[i]
            total += abs(np.int64(rounded[i]))
        largest = max(largest, total)
    most: np.float32 = np.float32(min(_INPUT, _SUM // largest))
    return most


@compiled
def _plan_fetching(weight: NDArray[Any], span: tuple[int, int], rows: int) -> tuple[int, int]:
    """Plan how a tile fetches its part of the next block of weights, while it multiplies with this one.

    Args:
        weight: Of a ``Product``.
        span: The first row that the tile multiplies, and the one behind the last.
        rows: All of them, after which all of the next block is there.

    Returns:
        How many bytes ahead it begins, and how many it goes further with every input.
    """
    size, inputs = weight[0].size * weight.itemsize, weight.shape[1]
    if rows < 3:  # the processor sees by itself what comes
        return 0, 0
    first, last = size * span[0] // rows, size * span[1] // rows
    return size + first, min(64, (last - first) // inputs + 1)


@compiled
def _multiply_rounded(hidden: Floats, product: Product, result: Floats) -> None:
    """Multiply 8-bit weights with rows rounded to 16 bits, or to fewer where their sums need it."""
    rows, weight = len(hidden), product.weight
    rounded = np.zeros((min(rows, ROWS), 2 * weight.shape[1]), np.int16)
    scales = np.empty(len(rounded), np.float32)
    sums = np.empty((4, OUTPUTS), np.int32)
    for start in range(0, rows, ROWS):
        some = result[start : start + ROWS]
        for row in range(len(some)):
            scales[row] = round_row(hidden[start + row], np.float32(product.most), rounded[row])
        for block in range(len(weight)):
            first, row = block * OUTPUTS, 0
            own = product.scales[first : first + OUTPUTS]
            while row < len(some):
                left = len(some) - row
                count = 4 if left >= 4 else min(left, 2)
                ahead, step = _plan_fetching(weight, (row, row + count), len(some))
                if count == 4:
                    _four_integers(rounded[row:], weight[block], sums, ahead, step)
                elif count == 2:
                    _two_integers(rounded[row:], weight[block], sums, ahead, step)
                else:
                    _one_integer(rounded[row:], weight[block], sums, ahead, step)
                for i in range(count):
                    target = some[row + i, first : first + OUTPUTS]
                    for out in range(len(target)):
                        target[out] = np.float32(sums[i, out]) * scales[row + i] * own[out]
                row += count


def _multiply_tile(
    hidden: Floats, block: NDArray[Any], sums: Floats, count: int, fetching: tuple[int, int]
) -> None:
    """Multiply 6, 4, 2 or 1 of the first rows with a block of floats."""
    raise NotImplementedError


@overload(_multiply_tile, strict=False)  # type: ignore[untyped-decorator]
def _choose_tile(hidden: Any, block: Any, sums: Any, count: Any, fetching: Any) -> Callable[..., None]:  # noqa: ANN401, ARG001  (Numba's types of them)
    halves = block.dtype == types.uint16
    six, four = (_six_halves, _four_halves) if halves else (_six_floats, _four_floats)
    two, one = (_two_halves, _one_half) if halves else (_two_floats, _one_float)

    def multiply_tile(
        hidden: Floats, block: NDArray[Any], sums: Floats, count: int, fetching: tuple[int, int]
    ) -> None:
        if count == 6:
            six(hidden, block, sums, fetching[0], fetching[1])
        elif count == 4:
            four(hidden, block, sums, fetching[0], fetching[1])
        elif count == 2:
            two(hidden, block, sums, fetching[0], fetching[1])
        else:
            one(hidden, block, sums, fetching[0], fetching[1])

    return multiply_tile


@compiled
def multiply_floats(hidden: Floats, weight: NDArray[Any], result: Floats) -> None:
    """Multiply with weights that are floats, or the upper halves of some.

    Shape:
        hidden: (rows, in).
        weight: As of ``Product``.
        result: (rows, out), written to.
    """
    sums = np.empty((6, OUTPUTS), np.float32)
    for start in range(0, len(hidden), ROWS):
        some, rows = result[start : start + ROWS], hidden[start : start + ROWS]
        for block in range(len(weight)):
            first, row = block * OUTPUTS, 0
            whole = first + OUTPUTS <= result.shape[1]
            while row < len(rows):
                left = len(rows) - row
                count = 6 if left >= 6 else 4 if left >= 4 else min(left, 2)
                fetching = _plan_fetching(weight, (row, row + count), len(rows))
                target = some[row : row + count, first:] if whole else sums
                _multiply_tile(rows[row:], weight[block], target, count, fetching)
                if not whole:
                    for i in range(count):
                        for out in range(first, result.shape[1]):
                            some[row + i, out] = sums[i, out - first]
                row += count


def _multiply_weights(hidden: Floats, product: Product, result: Floats) -> None:
    """Multiply with the weights of a product."""
    raise NotImplementedError


@overload(_multiply_weights, strict=False)  # type: ignore[untyped-decorator]
def _choose_product(hidden: Any, product: Any, result: Any) -> Callable[..., None]:  # noqa: ANN401, ARG001  (as above; all are named)
    if product.types[0].dtype == types.int8:
        return lambda hidden, product, result: _multiply_rounded(hidden, product, result)
    return lambda hidden, product, result: multiply_floats(hidden, product.weight, result)


@compiled
def _sprout(product: Floats, growth: Growth, result: Floats) -> None:
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


@compiled
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
    _multiply_weights(hidden, product, result)
    if outs == alls:
        return result
    grown = np.empty((len(hidden), outs), np.float32)
    _sprout(result, growth, grown)
    return grown
