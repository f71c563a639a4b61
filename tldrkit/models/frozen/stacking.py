"""Linear layers of one input, stacked, and laid out as ``kernels/products.py`` multiplies with them."""

from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from tldrkit.models.cascade import Cascade
from tldrkit.models.frozen.kernels.arrays import (
    ACTIVATIONS,
    GROUP,
    OUTPUTS,
    Bits,
    FeedForward,
    Floats,
    Growth,
    Product,
)
from tldrkit.models.frozen.kernels.products import lay_out, lay_rounded
from tldrkit.models.frozen.pages import map_array
from tldrkit.models.frozen.parameters import FrozenT5, is_gated
from tldrkit.specs import Precision

_NONE = np.empty(0, np.float32)


class Stacks:
    """Stacks the linear layers of a network.

    Args:
        network: The T5.
        precision: Number format of their weights.
    """

    def __init__(self, network: FrozenT5, precision: Precision) -> None:
        self._network = network
        self._precision: Precision = precision

    def __call__(self, path: str, *names: str) -> Product:
        """Stack the layers of these names at a path, or the one that is there."""
        paths = [f"{path}.{name}" for name in names] or [path]
        return stack([self._network.read_linear(one) for one in paths], self._precision)

    def feed_forward(self, path: str) -> FeedForward:
        """Stack the feed-forward of a layer at a path."""
        config = self._network.config
        gated = is_gated(config)
        return FeedForward(
            norm=self._network.read_weight(f"{path}.layer_norm"),
            epsilon=config.layer_norm_epsilon,
            widen=self(f"{path}.DenseReluDense", *(("wi_0", "wi_1") if gated else ("wi",))),
            narrow=self(f"{path}.DenseReluDense", "wo"),
            gated=gated,
            activation=ACTIVATIONS.index(config.dense_act_fn),
        )


def stack(layers: Sequence[Cascade[Floats]], precision: Precision) -> Product:
    """Stack linear layers of one input.

    Args:
        layers: The layers.
        precision: Number format of their weights.
    """
    weights = [weight for layer in layers for weight in (layer.weight, *layer.dendrites)]
    outs, ins = sum(map(len, weights)), weights[0].shape[1]
    blocks = -(-outs // OUTPUTS)
    growth = _lay_growth(layers)
    placed = zip(weights, accumulate(map(len, weights), initial=0), strict=False)
    if precision == "int8":
        rounded = map_array((blocks, -(-ins // 8), 8 * OUTPUTS), np.int8)
        scales = np.zeros(blocks * OUTPUTS, np.float32)
        sums = np.zeros((blocks, -(-ins // GROUP), OUTPUTS), np.float32)
        most = min(lay_rounded(weight, first, (rounded, scales, sums)) for weight, first in placed)
        return Product(rounded, scales, sums, float(most), growth)
    laid = map_array((blocks, ins, OUTPUTS), np.uint16 if precision == "bf16" else np.float32)
    for weight, first in placed:
        lay_out(_cut_bits(weight) if precision == "bf16" else weight, first, laid)
    return Product(laid, _NONE, np.empty((0, 0, OUTPUTS), np.float32), 0.0, growth)


def _cut_bits(weight: Floats) -> Bits:
    """Round floats to bfloat16, to even where two are as near, and return their bits."""
    bits = weight.view(np.uint32)
    rounded: Bits = ((bits + np.uint32(0x7FFF) + (bits >> 16 & 1)) >> 16).astype(np.uint16)
    return rounded


def _lay_growth(layers: Sequence[Cascade[Floats]]) -> Growth:
    """Lay the dendrites of layers one behind the other."""
    told = [
        (len(layer.weight), len(layer.dendrites), ACTIVATIONS.index(layer.activation)) for layer in layers
    ]
    tops = [layer.to_output.ravel() for layer in layers if layer.to_output is not None]
    links = [link.ravel() for layer in layers for link in layer.links]
    return Growth(np.array(told), *(np.concatenate([_NONE, *some]) for some in (tops, links)))
