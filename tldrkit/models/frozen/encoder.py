"""The encoder of a T5 on a processor: no work on padding. Knows piece ids, and no texts."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import accumulate, pairwise

import numpy as np

from tldrkit.models.frozen.kernels.arrays import EncoderLayer, Floats
from tldrkit.models.frozen.kernels.attention import attend_within
from tldrkit.models.frozen.kernels.elementary import normalize
from tldrkit.models.frozen.kernels.layer import add, feed_forward
from tldrkit.models.frozen.kernels.products import multiply
from tldrkit.models.frozen.parameters import FrozenT5
from tldrkit.models.frozen.positions import compute_bias
from tldrkit.models.frozen.sharing import share
from tldrkit.models.frozen.stacking import Stacks

_TOKENS = 1024
"""Tokens read together: what lies between the layers then stays in the processor's cache."""


class Encoder:
    """Reads documents.

    Args:
        network: The T5.
        stacks: Stacks its linear layers.
        embeddings: Of its pieces.
    """

    def __init__(self, network: FrozenT5, stacks: Stacks, embeddings: Floats) -> None:
        self._config = network.config
        self._embeddings = embeddings
        self._layers = [
            EncoderLayer(
                norm=network.read_weight(f"{layer}.0.layer_norm"),
                epsilon=network.config.layer_norm_epsilon,
                query_key_value=stacks(f"{layer}.0.SelfAttention", "q", "k", "v"),
                out=stacks(f"{layer}.0.SelfAttention", "o"),
                feed=stacks.feed_forward(f"{layer}.1"),
            )
            for layer in (f"encoder.block.{place}.layer" for place in range(network.config.num_layers))
        ]
        first = "encoder.block.0.layer.0.SelfAttention"
        self._bias = network.read_weight(f"{first}.relative_attention_bias")
        self._norm = network.read_weight("encoder.final_layer_norm")

    def __call__(self, sources: Sequence[Sequence[int]], threads: int = 1) -> Floats:
        """Read some documents.

        Args:
            sources: Piece ids of each.
            threads: Processor threads that share the work.

        Shape:
            result: (tokens of all sources, width).
        """
        config = self._config
        hidden = self._embeddings[np.concatenate([np.asarray(source) for source in sources])]
        starts = [0, *accumulate(map(len, sources))]
        longest, reach = max(map(len, sources)), config.relative_attention_max_distance
        bias = compute_bias(self._bias, longest, reach, causal=False)
        projected = np.empty((len(hidden), 3, config.num_heads, config.d_kv), np.float32)
        for layer in self._layers:
            share(len(hidden), threads, partial(_project, hidden, layer, projected))
            share(len(hidden), threads, partial(_finish, hidden, layer, projected, starts, bias))
        normed: Floats = np.empty_like(hidden)
        normalize(hidden, self._norm, config.layer_norm_epsilon, normed)
        return normed


def _project(hidden: Floats, layer: EncoderLayer, projected: Floats, first: int, last: int) -> None:
    """Compute queries, keys and values of some tokens.

    Shape:
        hidden: (tokens, width).
        projected: (tokens, 3, heads, head width), written to.
    """
    normed = np.empty((last - first, hidden.shape[1]), np.float32)
    normalize(hidden[first:last], layer.norm, layer.epsilon, normed)
    projected[first:last] = multiply(normed, layer.query_key_value).reshape(-1, *projected.shape[1:])


def _finish(
    hidden: Floats,
    layer: EncoderLayer,
    projected: Floats,
    starts: list[int],
    bias: Floats,
    first: int,
    last: int,
) -> None:
    """Run what is left of a layer for some tokens.

    Args:
        hidden: Of all tokens; changed in place.
        layer: The layer.
        projected: Of all tokens.
        starts: Where each source begins, and where the last one ends.
        bias: As of ``attend_within``.
        first: The first of the tokens.
        last: The one behind the last.
    """
    mixed = np.empty((last - first, *projected.shape[2:]), np.float32)
    for start, stop in pairwise(starts):
        a, b = max(start, first), min(stop, last)
        if a < b:
            attend_within(projected[start:stop], a - start, bias, mixed[a - first : b - first])
    own = hidden[first:last]
    add(own, multiply(mixed.reshape(last - first, -1), layer.out))
    feed_forward(own, layer.feed)


def cut_groups(sources: Sequence[Sequence[int]]) -> Iterator[list[Sequence[int]]]:
    """Cut sources into groups that are read together."""
    group, tokens = list[Sequence[int]](), 0
    for source in sources:
        tokens += len(source)
        if group and tokens > _TOKENS:
            yield group
            group, tokens = [], len(source)
        group.append(source)
    yield group
