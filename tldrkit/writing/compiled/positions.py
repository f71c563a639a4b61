"""Positions of tokens: embeddings that are added to theirs, or biases of the scores of attention."""

import numpy as np

from tldrkit.families.blueprint import Side
from tldrkit.families.positions import compute_sinusoids, find_buckets
from tldrkit.writing.compiled.kernels.arrays import Floats, Integers
from tldrkit.writing.compiled.kernels.elementary import normalize
from tldrkit.writing.compiled.parameters import FrozenNetwork


class Entrance:
    """Computes what goes into the first layer of a side: embeddings of tokens and of their positions.

    Args:
        network: The network.
        side: Its encoder or its decoder.
        embeddings: Of tokens, (vocabulary, width).
    """

    def __init__(self, network: FrozenNetwork, side: Side, embeddings: Floats) -> None:
        self._embeddings = embeddings
        self._scale = np.float32(network.blueprint.embedding_scale)
        self._positions = _read_positions(network, side)
        self._norm = network.read_norm(side.first_norm) if side.first_norm else None

    def __call__(self, tokens: Integers, places: Integers | int) -> Floats:
        """Embed tokens.

        Args:
            tokens: Their ids.
            places: Their positions, from 0 on.

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
    """Read the embeddings of positions; compute sinusoids, which do not train, and which a file may lack.

    Returns:
        (positions, width), from position 0 on; None where a side has none.
    """
    if side.positions is None:
        return None
    if side.sinusoidal:
        return compute_sinusoids(side.places, side.width)
    return network.read(side.positions)[side.offset :]


class PositionBiases:
    """Computes T5's bias of the scores of attention, for every distance of a key from a query.

    Networks without one have zeros.

    Args:
        network: The network.
        side: Its encoder or its decoder.
        causal: Whether queries attend to no later key, as in a decoder.
    """

    def __init__(self, network: FrozenNetwork, side: Side, *, causal: bool) -> None:
        self._weight = network.read(side.bias) if side.bias else None
        self._heads, self._reach, self._causal = side.heads, network.blueprint.reach, causal

    def __call__(self, longest: int) -> Floats:
        """Compute the biases of texts of at most ``longest`` tokens, as ``compute_bias`` does."""
        if self._weight is None:
            return np.zeros((self._heads, 2 * longest - 1), np.float32)
        return compute_bias(self._weight, longest, self._reach, causal=self._causal)


def compute_bias(weight: Floats, longest: int, reach: int, *, causal: bool) -> Floats:
    """Compute the bias of every distance, which is the position of a key minus that of a query.

    Args:
        weight: Bias of each bucket of distances and each head.
        longest: Tokens of a text at most.
        reach: Distance from which on all share a bucket.
        causal: As in ``PositionBiases``.

    Shape:
        weight: (buckets, heads).
        result: (heads, 2 * longest - 1), distances from 1 - longest on; the middle one is of the distance 0.
    """
    distances = np.arange(1 - longest, longest)
    return np.ascontiguousarray(weight[find_buckets(distances, len(weight), reach, causal=causal)].T)
