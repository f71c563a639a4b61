"""Weight packing: linear layers of the same input become one ``Product``, which compiled loops multiply with.

Queries, keys and values of an attention have the same input; so have a feed-forward's first layer and gate.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tldrkit.dendrites.cascade import Cascade
from tldrkit.families.blueprint import FeedForwardPaths
from tldrkit.specs import Precision
from tldrkit.writing.compiled.kernels.arrays import (
    GROUP,
    LOOP_ACTIVATIONS,
    OUTPUTS,
    FeedForwardWeights,
    Floats,
    Product,
    StackedDendrites,
)
from tldrkit.writing.compiled.kernels.products import cut_bits, pack_rounded, pack_weight
from tldrkit.writing.compiled.kernels.target import TARGET
from tldrkit.writing.compiled.pages import map_array
from tldrkit.writing.compiled.parameters import FrozenNetwork

_NONE = np.empty(0, np.float32)


class Stacks:
    """Reads linear layers of a network by their paths, stacks and packs them.

    Args:
        network: The network.
        precision: Number format of their packed weights.
    """

    def __init__(self, network: FrozenNetwork, precision: Precision) -> None:
        self._network = network
        self._precision: Precision = precision

    def __call__(self, *paths: str, query_width: int | None = None) -> Product:
        """Stack the layers at some paths.

        Args:
            paths: Of layers with the same input.
            query_width: Width of a head, where the first layer computes queries and scores are divided by the
                root of that width: the weights of this layer are divided instead, once for all.
        """
        layers = [self._network.read_linear(path) for path in paths]
        if query_width:
            layers[0] = _scale(layers[0], np.float32(query_width**-0.5))
        return stack(layers, self._precision)

    def feed_forward(self, paths: FeedForwardPaths) -> FeedForwardWeights:
        """Pack the layers of a feed-forward."""
        return FeedForwardWeights(
            norm=self._network.read_norm(paths.norm),
            widen=self(*paths.readers),
            narrow=self(paths.writer),
            gated=len(paths.readers) == 2,
            activation=LOOP_ACTIVATIONS.index(self._network.blueprint.activation),
        )


def _scale(layer: Cascade[Floats], scale: np.float32) -> Cascade[Floats]:
    """Scale the output of a layer. What its dendrites compute stays, and is scaled where it is added."""
    return replace(
        layer,
        weight=layer.weight * scale,
        bias=None if layer.bias is None else layer.bias * scale,
        to_output=None if layer.to_output is None else layer.to_output * scale,
    )


def stack(layers: Sequence[Cascade[Floats]], precision: Precision) -> Product:
    """Stack linear layers of the same input, and pack their weights.

    Args:
        layers: The layers.
        precision: Number format of the packed weights.
    """
    weights = [weight for layer in layers for weight in (layer.weight, *layer.dendrites)]
    outs, ins = sum(map(len, weights)), weights[0].shape[1]
    blocks = -(-outs // OUTPUTS)
    growth, bias = _pack_growth(layers), _pack_biases(layers)
    placed = zip(weights, accumulate(map(len, weights), initial=0), strict=False)
    if precision == "int8":
        rounded = map_array((blocks, -(-ins // 8), 8 * OUTPUTS), np.int8)
        scales = np.zeros(blocks * OUTPUTS, np.float32)
        sums = np.zeros((blocks, -(-ins // GROUP), OUTPUTS), np.float32)
        most = min(pack_rounded(weight, first, (rounded, scales, sums)) for weight, first in placed)
        return Product(rounded, scales, sums, float(most), growth, bias)
    aside = 2 if precision == "bf16" and TARGET.pairs else 1
    shape = (blocks, -(-ins // aside), aside * OUTPUTS)
    packed = map_array(shape, np.uint16 if precision == "bf16" else np.float32)
    for weight, first in placed:
        given: NDArray[Any] = weight
        if precision == "bf16":
            given = np.empty(weight.shape, np.uint16)
            cut_bits(weight.ravel(), given.ravel())
        pack_weight(given, first, packed)
    return Product(packed, _NONE, np.empty((0, 0, OUTPUTS), np.float32), 0.0, growth, bias)


def _pack_biases(layers: Sequence[Cascade[Floats]]) -> Floats:
    """Stack biases in the order of outputs, with zeros for a layer without; empty if no layer has one."""
    if all(layer.bias is None for layer in layers):
        return _NONE
    packed = []
    for layer in layers:
        outs = len(layer.weight)
        packed += [np.zeros(outs, np.float32) if layer.bias is None else layer.bias]
        packed += layer.dendrite_biases or [np.zeros(outs, np.float32)] * len(layer.dendrites)
    return np.concatenate(packed)


def _pack_growth(layers: Sequence[Cascade[Floats]]) -> StackedDendrites:
    """Stack the factors of the layers' dendrites one behind the other."""
    told = [
        (len(layer.weight), len(layer.dendrites), LOOP_ACTIVATIONS.index(layer.activation))
        for layer in layers
    ]
    tops = [layer.to_output.ravel() for layer in layers if layer.to_output is not None]
    links = [link.ravel() for layer in layers for link in layer.links]
    return StackedDendrites(np.array(told), *(np.concatenate([_NONE, *some]) for some in (tops, links)))
