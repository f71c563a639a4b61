"""The encoder of a T5 on a processor: no work on padding. Knows piece ids, and no texts."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import accumulate, pairwise
from typing import NamedTuple

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
        longest, reach = max(map(len, sources)), config.relative_attention_max_distance
        reading = _Reading(
            hidden,
            np.empty((len(hidden), 3, config.num_heads, config.d_kv), np.float32),
            np.empty((len(hidden), config.num_heads, config.d_kv), np.float32),
            [0, *accumulate(map(len, sources))],
            compute_bias(self._bias, longest, reach, causal=False),
        )
        for layer in self._layers:
            share(len(hidden), threads, partial(_project, reading, layer))
            share(len(hidden), threads, partial(_attend, reading), len(hidden))
            share(len(hidden), threads, partial(_finish, reading, layer))
        normed: Floats = np.empty_like(hidden)
        normalize(hidden, self._norm, config.layer_norm_epsilon, normed)
        return normed


class _Reading(NamedTuple):
    """What is known of all tokens while they are read.

    Attributes:
        hidden: (tokens, width), the residual stream.
        projected: (tokens, 3, heads, head width), queries, keys and values in a layer.
        mixed: (tokens, heads, head width), what they attend to.
        starts: Where each source begins, and where the last one ends.
        bias: As of ``attend_within``.
    """

    hidden: Floats
    projected: Floats
    mixed: Floats
    starts: list[int]
    bias: Floats


def _project(reading: _Reading, layer: EncoderLayer, first: int, last: int) -> None:
    """Compute queries, keys and values of the tokens from the first to before the last."""
    own = reading.hidden[first:last]
    normed = np.empty_like(own)
    normalize(own, layer.norm, layer.epsilon, normed)
    product = multiply(normed, layer.query_key_value)
    reading.projected[first:last] = product.reshape(reading.projected[first:last].shape)


def _attend(reading: _Reading, first: int, last: int) -> None:
    """Let the tokens from the first to before the last attend to all of their sources."""
    for start, stop in pairwise(reading.starts):
        a, b = max(start, first), min(stop, last)
        if a < b:
            attend_within(reading.projected[start:stop], a - start, reading.bias, reading.mixed[a:b])


def _finish(reading: _Reading, layer: EncoderLayer, first: int, last: int) -> None:
    """Run what is left of a layer for the tokens from the first to before the last."""
    own = reading.hidden[first:last]
    add(own, multiply(reading.mixed[first:last].reshape(last - first, -1), layer.out))
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
