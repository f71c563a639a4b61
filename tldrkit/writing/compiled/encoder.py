"""The encoder in the compiled engine: the tokens of several sources one behind the other, without padding.

Knows token ids, and no texts.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np

from tldrkit.writing.compiled.kernels.arrays import EncoderLayer, Floats
from tldrkit.writing.compiled.kernels.attention import attend_within
from tldrkit.writing.compiled.kernels.elementary import normalize
from tldrkit.writing.compiled.kernels.layer import enter, feed_forward, leave
from tldrkit.writing.compiled.kernels.products import multiply
from tldrkit.writing.compiled.parameters import FrozenNetwork
from tldrkit.writing.compiled.positions import Entrance, PositionBiases
from tldrkit.writing.compiled.sharing import share
from tldrkit.writing.compiled.stacking import Stacks

_TOKENS = 1024
"""Tokens of a group of sources: their hidden states stay in the processor's cache between layers."""


class Encoder:
    """Computes the last hidden states of documents.

    Args:
        network: The network.
        stacks: Packs its linear layers.
        embeddings: Of tokens, (vocabulary, width).
    """

    def __init__(self, network: FrozenNetwork, stacks: Stacks, embeddings: Floats) -> None:
        self._side = side = network.blueprint.encoder
        self._entrance = Entrance(network, side, embeddings)
        scale = side.head_width if network.blueprint.scaled else None
        self._layers = [
            EncoderLayer(
                norm=network.read_norm(layer.own.norm),
                query_key_value=stacks(*layer.own.linears[:3], query_width=scale),
                out=stacks(layer.own.out),
                feed=stacks.feed_forward(layer.feed),
            )
            for layer in side.layers
        ]
        self._biases = PositionBiases(network, side, causal=False)
        self._norm = network.read_norm(side.last_norm) if side.last_norm else None

    def __call__(self, sources: Sequence[Sequence[int]], threads: int = 1) -> Floats:
        """Run the encoder on some documents.

        Args:
            sources: Token ids of each.
            threads: Processor threads that share the work.

        Returns:
            Hidden states of their tokens, one document behind the other. Shape: (tokens, width).
        """
        side = self._side
        tokens = np.concatenate([np.asarray(source) for source in sources])
        hidden = self._entrance(tokens, np.concatenate([np.arange(len(source)) for source in sources]))
        reading = _Reading(
            hidden,
            np.empty((len(hidden), 3, side.heads, side.head_width), np.float32),
            np.empty((len(hidden), side.heads, side.head_width), np.float32),
            [0, *accumulate(map(len, sources))],
            self._biases(max(map(len, sources))),
        )
        for layer in self._layers:
            share(len(hidden), threads, partial(_project, reading, layer))
            share(len(hidden), threads, partial(_attend, reading), len(hidden))
            share(len(hidden), threads, partial(_finish, reading, layer))
        if self._norm is not None:
            normalize(hidden, self._norm, hidden)
        return hidden


class _Reading(NamedTuple):
    """The arrays that all layers work on, for a group of sources.

    Attributes:
        hidden: (tokens, width), hidden states, changed by every layer.
        projected: (tokens, 3, heads, head width), queries, keys and values in a layer.
        mixed: (tokens, heads, head width), what attention gives, before its last linear layer.
        starts: Index of the first token of each source, and the number of all tokens.
        bias: As in ``attend_within``.
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
    enter(own, layer.norm, normed)
    product = multiply(normed, layer.query_key_value)
    reading.projected[first:last] = product.reshape(reading.projected[first:last].shape)


def _attend(reading: _Reading, first: int, last: int) -> None:
    """Let the tokens from the first to before the last attend to all of their sources."""
    for start, stop in pairwise(reading.starts):
        a, b = max(start, first), min(stop, last)
        if a < b:
            attend_within(reading.projected[start:stop], a - start, reading.bias, reading.mixed[a:b])


def _finish(reading: _Reading, layer: EncoderLayer, first: int, last: int) -> None:
    """Run what comes behind attention in a layer, for the tokens from the first to before the last."""
    own = reading.hidden[first:last]
    leave(own, multiply(reading.mixed[first:last].reshape(last - first, -1), layer.out), layer.norm)
    feed_forward(own, layer.feed)


def cut_groups(sources: Sequence[Sequence[int]]) -> Iterator[list[Sequence[int]]]:
    """Cut sources into groups that the encoder runs on together: of _TOKENS tokens, or of one source."""
    group, tokens = list[Sequence[int]](), 0
    for source in sources:
        tokens += len(source)
        if group and tokens > _TOKENS:
            yield group
            group, tokens = [], len(source)
        group.append(source)
    yield group
