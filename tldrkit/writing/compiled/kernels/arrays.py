"""What compiled loops work on: packed weights, layers and KV caches, as tuples of NumPy arrays.

They are named tuples, since Numba compiles loops over those. Knows no loop.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tldrkit.writing.compiled.kernels.target import TARGET

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
Bits = NDArray[np.uint16]

LOOP_ACTIVATIONS = ("relu", "sigmoid", "tanh", "gelu", "gelu_new", "silu")
"""Activations that are compiled, as configurations name them. Loops are given the index of one."""
OUTPUTS = TARGET.outputs
"""Outputs of a block of packed weights: as many as a tile computes for each row."""
LARGEST = 127
"""Largest magnitude of a number of a key or value in 8 bits."""
RAISED = 128
"""Added to such a number where it is stored: 8-bit instructions multiply unsigned bytes with signed ones."""
GROUP = 64
"""Inputs of a row that are rounded to 8 bits together, by their own smallest and largest number."""
TINY = 1e-30
"""Smallest number that is divided by when numbers are rounded, so that zeros stay zeros."""


class StackedDendrites(NamedTuple):
    """The dendrites of stacked linear layers, but for their weights, which are packed with the layers'.

    A layer computes ``y = W x + sum of t_j o_j``, where its dendrite j computes ``o_j = activation(D_j x +
    sum of s_ji o_i)`` over the dendrites i before it (``DendriticLinear``).

    Shape:
        layers: (layers, 3), the outputs of each, its dendrites, and the index of their activation.
        to_output: (sum of dendrites * outputs,), the factors t_j, layer by layer.
        links: (sum of links * outputs,), the factors s_ji, layer by layer, for each j all i in order.
    """

    layers: Integers
    to_output: Floats
    links: Floats


class Product(NamedTuple):
    """Linear layers of the same input, stacked and packed as compiled loops multiply with them.

    The outputs of a layer are followed by those of its dendrites, then by the next layer's. All are cut into
    blocks of OUTPUTS, of which zeros fill the last one up. In a block, weights lie in the order in which a
    tile reads them: step by step over the inputs, and in each step for every output of the block.

    Inputs x of 8-bit weights w are rounded, too, group by group: x is nearly ``low + step * q``. An output is
    the sum of ``step * (q @ w) + low * sum(w)`` over the groups, times the scale of its weights.

    Args:
        most: Largest q, so that no sum overflows; 0 where weights do not have 8 bits.
        growth: Dendrites of the layers.

    Shape:
        weight: (blocks, in, OUTPUTS), float32, or uint16 with the bits of bfloat16. Of bfloat16 on targets
            that multiply pairs: (blocks, pairs of inputs, OUTPUTS * 2). Of int8: (blocks, eights of inputs,
            2 * OUTPUTS * 4), the first four inputs of every output and then the other four.
        scales: (blocks * OUTPUTS,), of 8-bit weights; else empty.
        sums: (blocks, groups of inputs, OUTPUTS), sum(w) of 8-bit weights; else empty.
        bias: (out,), added to outputs; empty for none.
    """

    weight: NDArray[Any]
    scales: Floats
    sums: Floats
    most: float
    growth: StackedDendrites
    bias: Floats


class Norm(NamedTuple):
    """A norm of a part of a layer, such as its attention.

    Args:
        epsilon: Added to the mean square, or to the variance.
        first: Whether it normalizes the input of the part, and not the sum of input and output.

    Shape:
        weight: (width,).
        bias: (width,) of a layer norm; empty for an RMS norm, which does not subtract the mean.
    """

    weight: Floats
    bias: Floats
    epsilon: float
    first: bool


class FeedForwardWeights(NamedTuple):
    """A feed-forward: ``narrow(activation(widen(x)))``, and its norm.

    Args:
        gated: Whether there is a gate. `widen` then stacks two layers, and the activation of the first is
            multiplied with the second.
        activation: Its index in ``LOOP_ACTIVATIONS``.
    """

    norm: Norm
    widen: Product
    narrow: Product
    gated: bool
    activation: int


class EncoderLayer(NamedTuple):
    """One layer of the encoder: attention with its norm, and a feed-forward."""

    norm: Norm
    query_key_value: Product
    out: Product
    feed: FeedForwardWeights


class DecoderLayer(NamedTuple):
    """One layer of the decoder: attention to the summary, attention to the source, and a feed-forward.

    The first has `own_norm`, `query_key_value` and `own_out`; the second has `cross_norm`, `query` and
    `cross_out`. Keys and values of the source are computed once, when it is read (``Decoder.begin``).
    """

    own_norm: Norm
    cross_norm: Norm
    query_key_value: Product
    own_out: Product
    query: Product
    cross_out: Product
    feed: FeedForwardWeights


class KVCache(NamedTuple):
    """Keys and values that one attention has computed: one entry for each token, packed as weights are.

    Scores are queries times keys: there an entry is an output, and the inputs are the width of a head. What
    a head gives is softmax times values: there an entry is an input, and outputs are the width.

    In 8 bits, four neighbouring inputs of an output lie side by side, and RAISED is added to every number.

    Shape:
        keys: (heads, blocks of entries, width, OUTPUTS) in float32; in uint8 (heads, blocks of entries, fours
            of the width, 4 * OUTPUTS).
        values: (heads, blocks of the width, entries, OUTPUTS) in float32; in uint8 (heads, blocks of the
            width, fours of entries, 4 * OUTPUTS).
        key_scales, value_scales: (heads, entries), what 8-bit keys and values are multiplied by; 1 for
            float32.
    """

    keys: NDArray[Any]
    values: NDArray[Any]
    key_scales: Floats
    value_scales: Floats


class View(NamedTuple):
    """The entries of a KV cache that rows attend to: one view for each source, which all its beams share.

    Shape:
        starts: (views,), the first entry of each; it begins a block.
        counts: (views,), entries from there on, up to the last one that any beam attends to.
        places: (rows, attended), which entries each row attends to, counted from the first of its view;
            (rows, 0) where it attends to all of them.
        bias: (heads, most attended), added to the scores, in the order of `places`.
    """

    starts: Integers
    counts: Integers
    places: Integers
    bias: Floats
