"""What compiled loops work on: NumPy arrays under their names. Knows no loop."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tldrkit.writing.compiled.kernels.target import TARGET

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
Bits = NDArray[np.uint16]

LOOP_ACTIVATIONS = ("relu", "sigmoid", "tanh", "gelu", "gelu_new", "silu")
"""By the names that configs have for them; loops know them by their places."""
OUTPUTS = TARGET.outputs
"""Outputs of a block of weights."""
LARGEST = 127
"""Of a key or value in 8 bits."""
RAISED = 128
"""Added to a key or value in 8 bits, so that it has no sign."""
GROUP = 64
"""Inputs that are rounded to 8 bits together."""
TINY = 1e-30
"""Smallest largest magnitude of what is rounded, which numbers are divided by."""


class StackedDendrites(NamedTuple):
    """The dendrites of stacked linear layers; see ``DendriticLinear`` for what they compute.

    Shape:
        layers: (layers, 3), of each its outputs, its dendrites and the place of their activation.
        to_output: (sum of dendrites * outputs,), dendrite by dendrite.
        links: (sum of links * outputs,), dendrite by dendrite, from the first one on.
    """

    layers: Integers
    to_output: Floats
    links: Floats


class Product(NamedTuple):
    """Stacked linear layers as compiled loops multiply with them.

    Args:
        most: Largest number that inputs are rounded to, so that no sum overflows; of 8-bit weights alone.

    Shape:
        weight: (blocks, in, OUTPUTS), float32 or the bits of bfloat16, so that the weights of one input lie
            side by side, or of a target of pairs those of two, (blocks, pairs, 2 * OUTPUTS); in 8 bits
            (blocks, eights of inputs, 2 * OUTPUTS * 4), of an eight the first four inputs of each output
            side by side, then the other four.
        scales: (blocks * OUTPUTS,), what outputs are multiplied by; of 8-bit weights alone.
        sums: (blocks, groups of inputs, OUTPUTS), of the 8-bit weights of a group.
        bias: (out,), added to outputs; empty for none.
    """

    weight: NDArray[Any]
    scales: Floats
    sums: Floats
    most: float
    growth: StackedDendrites
    bias: Floats


class Norm(NamedTuple):
    """A norm, and whether it comes before what it is of, or behind the sum.

    Shape:
        weight: (width,).
        bias: (width,); empty where rows are scaled to unit root mean square and not centred.
    """

    weight: Floats
    bias: Floats
    epsilon: float
    first: bool


class FeedForwardWeights(NamedTuple):
    """The last part of a layer, with its norm."""

    norm: Norm
    widen: Product
    narrow: Product
    gated: bool
    activation: int
    """Its place among ``LOOP_ACTIVATIONS``."""


class EncoderLayer(NamedTuple):
    """One layer of the encoder; `norm` is of its attention."""

    norm: Norm
    query_key_value: Product
    out: Product
    feed: FeedForwardWeights


class DecoderLayer(NamedTuple):
    """One layer of the decoder, with norms of its attention to the summary and of that to the source."""

    own_norm: Norm
    cross_norm: Norm
    query_key_value: Product
    own_out: Product
    query: Product
    cross_out: Product
    feed: FeedForwardWeights


class KVCache(NamedTuple):
    """Keys and values of tokens, an entry each, packed as they are multiplied with.

    In floats that is as ``Product.weight``: of keys, entries are the outputs and a head's width the inputs;
    of values the other way round. In 8 bits the numbers of four neighbouring inputs lie side by side, and
    RAISED is added to each.

    Shape:
        keys: (heads, blocks of entries, width, OUTPUTS), or (..., fours of the width, 4 * OUTPUTS).
        values: (heads, blocks of the width, entries, OUTPUTS), or (..., fours of entries, 4 * OUTPUTS).
        key_scales, value_scales: (heads, entries), what they are multiplied by.
    """

    keys: NDArray[Any]
    values: NDArray[Any]
    key_scales: Floats
    value_scales: Floats


class View(NamedTuple):
    """What rows attend to; so many rows in a row as there are beams have a view together.

    Shape:
        starts: (views,), the first entry of each, which begins a block.
        counts: (views,), entries from there on, up to the last one that any of its rows looks at.
        places: (rows, looked at), which of those each row looks at; (rows, 0) where that is all.
        bias: (heads, most looked at), added to the scores.
    """

    starts: Integers
    counts: Integers
    places: Integers
    bias: Floats
