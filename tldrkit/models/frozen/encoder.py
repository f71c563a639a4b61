"""The encoder of a T5 on a processor: no work on padding. Knows piece ids, and no texts."""

from collections.abc import Iterator, Sequence
from itertools import accumulate

import numpy as np

from tldrkit.models.frozen.kernels.arrays import EncoderLayer, Floats
from tldrkit.models.frozen.kernels.elementary import normalize
from tldrkit.models.frozen.kernels.layer import project_layer, read_layer
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
        starts = np.array([0, *accumulate(map(len, sources))])
        longest, reach = max(map(len, sources)), config.relative_attention_max_distance
        bias = compute_bias(self._bias, longest, reach, causal=False)
        hidden = self._embeddings[np.concatenate([np.asarray(source) for source in sources])]
        projected = np.empty((len(hidden), 3, config.num_heads, config.d_kv), np.float32)
        for layer in self._layers:
            share(len(hidden), threads, project_layer, hidden, layer, projected)
            share(len(hidden), threads, read_layer, hidden, layer, projected, starts, bias)
        normed: Floats = np.empty_like(hidden)
        normalize(hidden, self._norm, config.layer_norm_epsilon, normed)
        return normed


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
