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

ROWS = 24
"""Rows that go through a layer together: they stay in the processor's cache."""
_SUM = 2**31 - 1
"""Largest sum of 8-bit weights' products."""
_INPUT = 2**15 - 1
"""Largest of the inputs they are multiplied with."""

_TILES = {
    "float32": [build_tile(rows, "float32") for rows in (6, 4, 1)],
    "uint16": [build_tile(rows, "uint16") for rows in (6, 4, 1)],
    "int8": [build_tile(rows, "int8") for rows in (4, 4, 1)],
}
"""For many rows, a few, and one. With more, sums and what they are made of would exceed the registers."""

Scales = tuple[Floats, Floats]
Fetching = tuple[int, int]


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
    out = 0
    while out < len(weight):
        block, lane = (first + out) // OUTPUTS, (first + out) % OUTPUTS
        some = weight[out : out + OUTPUTS - lane]
        for i in range(weight.shape[1]):
            target = laid[block, i, lane : lane + len(some)]
            for place in range(len(target)):
                target[place] = some[place, i]
        out += len(some)


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
def _plan_fetching(weight: NDArray[Any], span: tuple[int, int], rows: int) -> Fetching:
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


def _multiply_tile(
    inputs: NDArray[Any], block: NDArray[Any], result: Floats, scales: Scales, fetching: Fetching
) -> None:
    """Multiply rows, as many as a tile has or fewer, with a block."""
    raise NotImplementedError


@overload(_multiply_tile, strict=False)  # type: ignore[untyped-decorator]
def _choose_tile(*given: Any) -> Callable[..., None]:  # noqa: ANN401  (Numba's types)
    many, few, one = _TILES[str(given[1].dtype)]

    def multiply_tile(
        inputs: NDArray[Any], block: NDArray[Any], result: Floats, scales: Scales, fetching: Fetching
    ) -> None:
        plan = len(inputs), fetching[0], fetching[1]
        if len(inputs) > 4:
            many(inputs, block, result, scales, plan)
        elif len(inputs) > 1:
            few(inputs, block, result, scales, plan)
        else:
            one(inputs, block, result, scales, plan)

    return multiply_tile


@compiled
def _multiply_blocks(inputs: NDArray[Any], weight: NDArray[Any], scales: Scales, result: Floats) -> None:
    """Multiply with one block of weights after the other.

    Args:
        inputs: Floats, or whole numbers of 16 bits for weights of 8.
        weight: As of ``Product``.
        scales: Of integers: what rows and outputs are multiplied by.
        result: Written to.

    Shape:
        inputs: (rows, in).
        result: (rows, out).
    """
    most = 4 if weight.itemsize == 1 or len(inputs) <= 4 else 6
    edge = np.empty((most, OUTPUTS), np.float32)
    for block in range(len(weight)):
        first = block * OUTPUTS
        own = scales[1][first : first + OUTPUTS]
        whole = first + OUTPUTS <= result.shape[1]
        for row in range(0, len(inputs), most):
            some = inputs[row : row + most]
            fetching = _plan_fetching(weight, (row, row + len(some)), len(inputs))
            target = result[row : row + most, first:] if whole else edge
            _multiply_tile(some, weight[block], target, (scales[0][row:], own), fetching)
            if not whole:
                for i in range(len(some)):
                    for out in range(first, result.shape[1]):
                        result[row + i, out] = edge[i, out - first]


@compiled
def _multiply_rounded(hidden: Floats, product: Product, result: Floats) -> None:
    """Multiply 8-bit weights with rows rounded to 16 bits, or to fewer where their sums need it."""
    weight = product.weight
    rounded = np.zeros((min(len(hidden), ROWS), 2 * weight.shape[1]), np.int16)
    scales = np.empty(len(rounded), np.float32)
    for start in range(0, len(hidden), ROWS):
        some = hidden[start : start + ROWS]
        for row in range(len(some)):
            scales[row] = round_row(some[row], np.float32(product.most), rounded[row])
        target = result[start : start + ROWS]
        _multiply_blocks(rounded[: len(some)], weight, (scales, product.scales), target)


@compiled
def multiply_floats(hidden: Floats, weight: NDArray[Any], result: Floats) -> None:
    """Multiply with weights that are floats, or the upper halves of some.

    Shape:
        hidden: (rows, in).
        weight: As of ``Product``.
        result: (rows, out), written to.
    """
    nothing = np.empty(0, np.float32)
    for start in range(0, len(hidden), ROWS):
        target = result[start : start + ROWS]
        _multiply_blocks(hidden[start : start + ROWS], weight, (nothing, nothing), target)


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
