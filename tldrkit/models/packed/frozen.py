"""Linear layers whose weights stay: stacked once and applied often, without gradients, in int8 too."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

from tldrkit.models.packed.int8 import round_weight
from tldrkit.models.packed.kernels.arrays import ACTIVATIONS, Growth, Product
from tldrkit.models.packed.kernels.products import multiply
from tldrkit.models.packed.linear import Cascade, sprout


class Stacked:
    """Several layers of one input, whose weights are stacked.

    Args:
        layers: The layers.
        dtype: Number format of their weights: float32, bfloat16 or int8.
    """

    def __init__(self, layers: list[Cascade], dtype: torch.dtype) -> None:
        weights = [weight for layer in layers for weight in (layer.weight, *layer.dendrites)]
        stacked = (weights[0] if len(weights) == 1 else torch.cat(weights)).detach()
        growth = _lay_growth(layers)
        if dtype == torch.int8:
            self.product = Product(*round_weight(stacked), growth)
        else:
            self._weight = stacked.to(dtype).contiguous()
            bits = self._weight.view(torch.uint16) if dtype == torch.bfloat16 else self._weight
            self.product = Product(bits.numpy(), np.empty(0, np.float32), 0.0, growth)
        self._layers = layers

    def __call__(self, hidden: Tensor) -> Tensor:
        """Apply the layers to many rows, on all of torch's threads.

        Shape:
            hidden: (rows, in).
            result: (rows, sum of out).
        """
        if self.product.weight.dtype != np.int8:
            return sprout(torch.mm(hidden, self._weight.t()), self._layers)
        threads = torch.get_num_threads()
        if threads == 1:
            return torch.from_numpy(multiply(hidden.numpy(), self.product))
        shares = np.array_split(hidden.numpy(), threads)
        parts = _open_pool(threads).map(lambda share: multiply(share, self.product), shares)
        return torch.from_numpy(np.concatenate(list(parts)))


class Frozen:
    """The linear layers of a network, each stacked with those beside it when first met.

    Args:
        read: Reads the parameters of a linear layer.
        dtype: Number format of their weights: float32, bfloat16 or int8.
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


@cache
def _open_pool(threads: int) -> ThreadPoolExecutor:
    """Open the threads that share products; they are kept, since one begins more slowly than most end."""
    return ThreadPoolExecutor(threads, "multiplying")


def _lay_growth(layers: list[Cascade]) -> Growth:
    """Lay the dendrites of layers one behind the other."""
    told = [
        (len(layer.weight), len(layer.dendrites), ACTIVATIONS.index(layer.activation)) for layer in layers
    ]
    tops = [layer.to_output.flatten() for layer in layers if layer.to_output is not None]
    links = [link.flatten() for layer in layers for link in layer.links]
    floats = (torch.cat([torch.empty(0), *some]).detach().float().numpy() for some in (tops, links))
    return Growth(np.array(told), *floats)
