"""What all loops share: exponentials, magnitudes, norms, activations."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tldrkit.writing.compiled.kernels.arrays import GROUP, TINY, Floats, Norm
from tldrkit.writing.compiled.kernels.bounds import find_bounds_of_group
from tldrkit.writing.compiled.kernels.compiling import compiled

_MAGNITUDE = np.int32(0x7FFFFFFF)
"""All bits of a float but its sign."""


@compiled
def find_largest(vector: Floats) -> np.float32:
    """Find the largest magnitude, by bits: without their sign, floats are in the order of integers."""
    bits = vector.view(np.int32)
    largest = np.int32(0)
    for i in range(len(bits)):
        size = np.int32(bits[i] & _MAGNITUDE)
        largest = size if size > largest else largest
    found: np.float32 = np.int32(largest).view(np.float32)
    return max(found, np.float32(TINY))


@compiled
def find_highest(vector: Floats) -> np.float32:
    """Find the largest number; several at once, by bits that are in the order of integers."""
    bits, top = vector.view(np.int32), np.int32(-(2**31))
    for i in range(len(bits)):
        ordered = np.int32(bits[i] ^ np.int32(np.int32(bits[i] >> 31) & _MAGNITUDE))
        top = ordered if ordered > top else top
    found: np.float32 = np.int32(top ^ np.int32(np.int32(top >> 31) & _MAGNITUDE)).view(np.float32)
    return found


@compiled
def find_bounds(vector: Floats, bounds: Floats) -> None:
    """Find the smallest and the largest number of each group.

    Shape:
        vector: (in,), contiguous.
        bounds: (groups, 2), written to.
    """
    for group in range(len(vector) // GROUP):
        bounds[group, 0], bounds[group, 1] = find_bounds_of_group(vector, group)
    rest = vector[len(vector) // GROUP * GROUP :]
    if len(rest):
        low = high = rest[0]
        for i in range(len(rest)):
            low, high = min(low, rest[i]), max(high, rest[i])
        bounds[-1, 0], bounds[-1, 1] = low, high


@compiled
def round_row(row: Floats, most: np.float32, rounded: NDArray[Any]) -> np.float32:
    """Round a row to whole numbers of at most ``most``, and tell what they are multiplied by."""
    largest = find_largest(row)
    factor = most / largest
    for i in range(len(row)):
        rounded[i] = np.rint(row[i] * factor)
    scale: np.float32 = largest / most
    return scale


@compiled
def exponentiate(power: np.float32) -> np.float32:
    """Raise e to a power of at most 0, within 2e-7; several at once, other than the C library.

    That is 2 to a power, whose whole part is made of bits, and the rest by Taylor's series. Powers end at
    -60, so that nothing that is made of them is a denormal number, which processors are slow with.
    """
    base = max(power, np.float32(-60)) * np.float32(1.44269504)
    whole = np.floor(base + np.float32(0.5))
    rest = (base - whole) * np.float32(0.69314718)
    series = np.float32(1)
    for order in (6, 5, 4, 3, 2, 1):
        series = np.float32(1) + series * rest / np.float32(order)
    result: np.float32 = series * np.int32((np.int32(whole) + 127) << 23).view(np.float32)
    return result


@compiled
def normalize(hidden: Floats, norm: Norm, normed: Floats) -> None:
    """Scale rows to unit root mean square, then by a weight (Zhang & Sennrich 2019).

    Where the norm has a bias, rows are centred before and the bias is added behind (Ba et al. 2016).

    Shape:
        hidden, normed: (rows, width); may be the same.
    """
    width, weight, bias = hidden.shape[1], norm.weight, norm.bias
    for row in range(len(hidden)):
        own, result = hidden[row], normed[row]
        mean, squares = np.float32(0), np.float32(0)
        if len(bias):
            for i in range(width):
                mean += own[i]
            mean /= np.float32(width)
        for i in range(width):
            squares += (own[i] - mean) * (own[i] - mean)
        scale = np.float32(1) / np.sqrt(squares / np.float32(width) + np.float32(norm.epsilon))
        for i in range(width):
            result[i] = (own[i] - mean) * scale * weight[i]
        for i in range(len(bias)):
            result[i] += bias[i]


@compiled
def activate(vector: Floats, activation: int) -> None:
    """Apply an activation, by its place among ``LOOP_ACTIVATIONS``; within 3e-7, or 1e-6 of the result."""
    one, half = np.float32(1), np.float32(0.5)
    for i in range(len(vector)):
        x = vector[i]
        if activation == 0:
            vector[i] = max(x, np.float32(0))
        elif activation == 3:
            vector[i] = half * x * (one + np.float32(math.erf(x * np.float32(math.sqrt(0.5)))))
        else:  # what is left is made of the sigmoid of x or of a multiple
            inner = x
            if activation == 2:
                inner = x + x
            elif activation == 4:
                inner = np.float32(2 * math.sqrt(2 / math.pi)) * (x + np.float32(0.044715) * x * x * x)
            small = exponentiate(-abs(inner))
            share = (one if inner > 0 else small) / (one + small)
            if activation == 1:
                vector[i] = share
            elif activation == 2:
                vector[i] = share + share - one
            else:
                vector[i] = x * share
