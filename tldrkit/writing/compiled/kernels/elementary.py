"""Elementwise loops that the others call: largest numbers, rounding, exponentials, norms, activations."""

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
    """Find the largest magnitude, at least TINY.

    The bits are compared as integers, several at once: without their sign, floats have the same order.
    """
    bits = vector.view(np.int32)
    largest = np.int32(0)
    for i in range(len(bits)):
        size = np.int32(bits[i] & _MAGNITUDE)
        largest = size if size > largest else largest
    found: np.float32 = np.int32(largest).view(np.float32)
    return max(found, np.float32(TINY))


@compiled
def find_highest(vector: Floats) -> np.float32:
    """Find the largest number.

    The bits are compared as integers, several at once. Floats have the same order once all bits of the
    negative ones but their sign are flipped; this is undone in the end.
    """
    bits, top = vector.view(np.int32), np.int32(-(2**31))
    for i in range(len(bits)):
        ordered = np.int32(bits[i] ^ np.int32(np.int32(bits[i] >> 31) & _MAGNITUDE))
        top = ordered if ordered > top else top
    found: np.float32 = np.int32(top ^ np.int32(np.int32(top >> 31) & _MAGNITUDE)).view(np.float32)
    return found


@compiled
def find_bounds(vector: Floats, bounds: Floats) -> None:
    """Find the smallest and the largest number of each group of GROUP inputs; the last may have fewer.

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
    """Round a row to whole numbers from ``-most`` to ``most``.

    Shape:
        row: (n,).
        rounded: (n,), written to.

    Returns:
        The scale: ``rounded * scale`` is nearly the row.
    """
    largest = find_largest(row)
    factor = most / largest
    for i in range(len(row)):
        rounded[i] = np.rint(row[i] * factor)
    scale: np.float32 = largest / most
    return scale


@compiled
def exponentiate(power: np.float32) -> np.float32:
    """Raise e to a power of at most 0, with an absolute error below 2e-7.

    A loop over it is vectorized, which one over the C library's is not. With ``power = whole * ln 2 + rest``
    the result is ``2 ** whole * e ** rest``. The first factor is made of its bits: the exponent of a float32
    stands above 23 bits, and 127 means 0. The second is Taylor's series up to the sixth power. Powers below
    -60 count as -60: products of smaller results might be denormal numbers, which processors are slow with.
    """
    base = max(power, np.float32(-60)) * np.float32(1.44269504)  # 1 / ln 2
    whole = np.floor(base + np.float32(0.5))
    rest = (base - whole) * np.float32(0.69314718)  # ln 2
    series = np.float32(1)
    for order in (6, 5, 4, 3, 2, 1):
        series = np.float32(1) + series * rest / np.float32(order)
    result: np.float32 = series * np.int32((np.int32(whole) + 127) << 23).view(np.float32)
    return result


@compiled
def normalize(hidden: Floats, norm: Norm, normed: Floats) -> None:
    """Apply a norm to each row: an RMS norm (Zhang & Sennrich 2019), or a layer norm where it has a bias.

    An RMS norm divides by the root mean square and multiplies with the weight. A layer norm subtracts the
    mean before, and adds the bias after that (Ba et al. 2016).

    Shape:
        hidden, normed: (rows, width); normed is written to, and may be the same array.
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
    """Apply an activation in place, with an error below 3e-7 or below 1e-6 of the result.

    tanh, silu and gelu_new (Hendrycks & Gimpel 2016, 2) are made of the sigmoid s: ``tanh(x) = 2 s(2x) - 1``,
    ``silu(x) = x s(x)``, ``gelu_new(x) = x s(2 sqrt(2 / pi) (x + 0.044715 x ** 3))``.

    Args:
        vector: Numbers, of any count.
        activation: Index in ``LOOP_ACTIVATIONS``.
    """
    one, half = np.float32(1), np.float32(0.5)
    for i in range(len(vector)):
        x = vector[i]
        if activation == 0:  # relu
            vector[i] = max(x, np.float32(0))
        elif activation == 3:  # gelu
            vector[i] = half * x * (one + np.float32(math.erf(x * np.float32(math.sqrt(0.5)))))
        else:
            inner = x
            if activation == 2:  # tanh
                inner = x + x
            elif activation == 4:  # gelu_new
                inner = np.float32(2 * math.sqrt(2 / math.pi)) * (x + np.float32(0.044715) * x * x * x)
            small = exponentiate(-abs(inner))
            share = (one if inner > 0 else small) / (one + small)
            if activation == 1:  # sigmoid
                vector[i] = share
            elif activation == 2:
                vector[i] = share + share - one
            else:  # silu and gelu_new
                vector[i] = x * share
