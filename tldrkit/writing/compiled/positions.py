"""How networks tell positions apart: by a learned bias of each head and distance, or by an embedding."""

import numpy as np

from tldrkit.families.blueprint import Side
from tldrkit.families.positions import compute_sinusoids, find_buckets
from tldrkit.writing.compiled.kernels.arrays import Floats, Integers
from tldrkit.writing.compiled.kernels.elementary import normalize
from tldrkit.writing.compiled.parameters import FrozenNetwork


class Entrance:
    """What goes into the first layer of a side: tokens embedded, each at its place.

    Args:
        network: The network.
        side: One of its sides.
        embeddings: Those of its tokens.
    """

    def __init__(self, network: FrozenNetwork, side: Side, embeddings: Floats) -> None:
        self._embeddings = embeddings
        self._scale = np.float32(network.blueprint.embedding_scale)
        self._positions = _read_positions(network, side)
        self._norm = network.read_norm(side.first_norm) if side.first_norm else None

    def __call__(self, tokens: Integers, places: Integers | int) -> Floats:
        """Embed tokens.

        Shape:
            tokens: (tokens,).
            places: (tokens,), or one for all.
            result: (tokens, width of the embeddings).
        """
        hidden: Floats = self._embeddings[tokens]
        if self._scale != 1:
            hidden *= self._scale
        if self._positions is not None:
            hidden += self._positions[places]
        if self._norm is not None:
            normalize(hidden, self._norm, hidden)
        return hidden


def _read_positions(network: FrozenNetwork, side: Side) -> Floats | None:
    """Read the embeddings of positions, or compute them where they do not train: then a file may lack them.

    Shape:
        result: (positions, width).
    """
    if side.positions is None:
        return None
    if side.sinusoidal:
        return compute_sinusoids(side.places, side.width)
    return network.read(side.positions)[side.offset :]


class PositionBiases:
    """The bias of every distance of keys from queries; zeros where a network has none.

    Args:
        network: The network.
        side: One of its sides.
        causal: Whether keys behind a query are never looked at.
    """

    def __init__(self, network: FrozenNetwork, side: Side, *, causal: bool) -> None:
        self._weight = network.read(side.bias) if side.bias else None
        self._heads, self._reach, self._causal = side.heads, network.blueprint.reach, causal

    def __call__(self, longest: int) -> Floats:
        """Compute those of rows of some length.

        Shape:
            result: (heads, 2 * longest - 1); the middle one is of the distance 0.
        """
        if self._weight is None:
            return np.zeros((self._heads, 2 * longest - 1), np.float32)
        return compute_bias(self._weight, longest, self._reach, causal=self._causal)


def compute_bias(weight: Floats, longest: int, reach: int, *, causal: bool) -> Floats:
    """Compute the bias of every distance of keys from queries.

    Shape:
        weight: (buckets, heads).
        result: (heads, 2 * longest - 1); the middle one is of the distance 0.
    """
    distances = np.arange(1 - longest, longest)
    return np.ascontiguousarray(weight[find_buckets(distances, len(weight), reach, causal=causal)].T)
