"""Stacked linear layers, their dendrites included, on few rows."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload
from numpy.typing import NDArray

from tldrkit.models.packed.kernels.arrays import OUTPUTS, Floats, Growth, Product
from tldrkit.models.packed.kernels.compiling import compiled
from tldrkit.models.packed.kernels.elementary import activate, round_row
from tldrkit.models.packed.kernels.tiles import build_tile, prefetch

_ROWS = 64
"""Rows multiplied with one block of weights after the other: they stay in the processor's cache."""

_multiply_one, _multiply_two = build_tile(1), build_tile(2)


@compiled
def _fetch_ahead(weights: NDArray[Any], block: int, size: int, turn: int, turns: int) -> None:
    """Fetch a part of the next block of weights, while this one is multiplied with.

    Args:
        weights: All of them, one behind the other.
        block: The block that is multiplied with.
        size: Weights of a block.
        turn: Of so many turns with the block.
        turns: After which all of the next one is there.
    """
    if turns == 1:  # the processor sees by itself what comes
        return
    line = 64 // weights.itemsize
    share = -(-size // (turns * line)) * line
    first = (block + 1) * size + turn * share
    for place in range(first, min(first + share, len(weights)), line):
        prefetch(weights, place)


@compiled
def _multiply_rounded(hidden: Floats, product: Product, result: Floats) -> None:
    """Multiply 8-bit weights with rows rounded to 16 bits, or to fewer where their sums need it."""
    rows = len(hidden)
    blocks, pairs, _ = product.weight.shape
    most = np.float32(product.most)
    rounded = np.zeros((min(rows, _ROWS), 2 * pairs), np.int16)
    scales = np.empty(len(rounded), np.float32)
    sums = np.empty((2, OUTPUTS), np.int32)
    weights = product.weight.reshape(-1)
    for start in range(0, rows, _ROWS):
        some = result[start : start + _ROWS]
        for row in range(len(some)):
            scales[row] = round_row(hidden[start + row], most, rounded[row])
        for block in range(blocks):
            first = block * OUTPUTS
            own = product.scales[first : first + OUTPUTS]
            for row in range(0, len(some), 2):
                _fetch_ahead(weights, block, 2 * OUTPUTS * pairs, row // 2, (len(some) + 1) // 2)
                count = min(2, len(some) - row)
                if count == 2:
                    _multiply_two(rounded[row:], product.weight[block], sums)
                else:
                    _multiply_one(rounded[row:], product.weight[block], sums)
                for i in range(count):
                    target = some[row + i, first : first + OUTPUTS]
                    for out in range(len(target)):
                        target[out] = np.float32(sums[i, out]) * scales[row + i] * own[out]


def _widen(number: Any) -> np.float32:  # noqa: ANN401  (a float, or the bits of a bfloat16)
    """Make a weight a float32."""
    raise NotImplementedError


@overload(_widen, strict=False)  # type: ignore[untyped-decorator]
def _choose_widening(number: Any) -> Callable[[Any], np.float32]:  # noqa: ANN401  (Numba's type of it)
    if number == types.uint16:
        return lambda number: np.uint32(np.uint32(number) << np.uint32(16)).view(np.float32)
    return lambda number: number


@compiled
def _multiply_floats(hidden: Floats, product: Product, result: Floats) -> None:
    """Multiply, four outputs of two rows at once."""
    zero, last, bottom = np.float32(0), len(product.weight) - 1, len(hidden) - 1
    weights = product.weight.reshape(-1)
    for out in range(0, last + 1, 4):  # at the edges the last output or row is done again
        second, third, fourth = min(out + 1, last), min(out + 2, last), min(out + 3, last)
        w, x = product.weight[out], product.weight[second]
        y, z = product.weight[third], product.weight[fourth]
        for row in range(0, bottom + 1, 2):
            _fetch_ahead(weights, out // 4, 4 * hidden.shape[1], row // 2, bottom // 2 + 1)
            below = min(row + 1, bottom)
            a, b = hidden[row], hidden[below]
            aw, ax, ay, az = zero, zero, zero, zero
            bw, bx, by, bz = zero, zero, zero, zero
            for i in range(len(a)):
                weight = _widen(w[i])
                aw += a[i] * weight
                bw += b[i] * weight
                weight = _widen(x[i])
                ax += a[i] * weight
                bx += b[i] * weight
                weight = _widen(y[i])
                ay += a[i] * weight
                by += b[i] * weight
                weight = _widen(z[i])
                az += a[i] * weight
                bz += b[i] * weight
            result[row, out], result[row, second] = aw, ax
            result[row, third], result[row, fourth] = ay, az
            result[below, out], result[below, second] = bw, bx
            result[below, third], result[below, fourth] = by, bz


def _multiply_weights(hidden: Floats, product: Product, result: Floats) -> None:
    """Multiply with the weights of a product."""
    raise NotImplementedError


@overload(_multiply_weights, strict=False)  # type: ignore[untyped-decorator]
def _choose_product(hidden: Any, product: Any, result: Any) -> Callable[..., None]:  # noqa: ANN401, ARG001  (as above; all are named)
    if product.types[0].dtype == types.int8:
        return lambda hidden, product, result: _multiply_rounded(hidden, product, result)
    return lambda hidden, product, result: _multiply_floats(hidden, product, result)


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
