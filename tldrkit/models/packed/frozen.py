"""Linear layers whose weights stay: stacked once and applied often, without gradients, in int8 too."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from tldrkit.models.packed.int8 import Int8Product
from tldrkit.models.packed.linear import Cascade, sprout

Product = Callable[[Tensor], Tensor]
"""Input rows in, output rows out."""


class Stacked:
    """Several layers of one input, whose weights are stacked.

    Args:
        layers: The layers.
        dtype: Number format to multiply in.
    """

    def __init__(self, layers: list[Cascade], dtype: torch.dtype) -> None:
        weights = [weight for layer in layers for weight in (layer.weight, *layer.dendrites)]
        stacked = (weights[0] if len(weights) == 1 else torch.cat(weights)).detach()
        self._product = _build_product(stacked, dtype)
        self._layers = layers

    def __call__(self, hidden: Tensor) -> Tensor:
        """Apply the layers.

        Shape:
            hidden: (tokens, in).
            result: (tokens, sum of out).
        """
        return sprout(self._product(hidden), self._layers)


class Frozen:
    """The linear layers of a network, each stacked with those beside it when first met.

    Args:
        read: Reads the parameters of a linear layer.
        dtype: Number format to multiply in: float32, bfloat16 or int8.
    """

    def __init__(self, read: Callable[[nn.Module], Cascade], dtype: torch.dtype) -> None:
        self._read = read
        self._dtype = dtype
        self._stacked: dict[tuple[nn.Module, ...], Stacked] = {}

    def stack(self, *layers: nn.Module) -> Stacked:
        """Stack layers of one input."""
        if layers not in self._stacked:
            self._stacked[layers] = Stacked([self._read(layer) for layer in layers], self._dtype)
        return self._stacked[layers]

    def __call__(self, hidden: Tensor, *layers: nn.Module) -> Tensor:
        """Apply layers to one input, in one product.

        Shape:
            hidden: (tokens, in).
            result: (tokens, sum of out).
        """
        return self.stack(*layers)(hidden)


def _build_product(weight: Tensor, dtype: torch.dtype) -> Product:
    if dtype == torch.int8:
        return Int8Product(weight)
    converted = weight.to(dtype).t()
    return lambda hidden: torch.mm(hidden, converted)
