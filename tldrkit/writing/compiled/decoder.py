"""The decoder in the compiled engine: logits of the next token of every row, by a KV cache, without padding.

They are those that the network computes in transformers, its dendrites included. Knows token ids, and not
which of them are chosen (``search.py``).
"""

from collections.abc import Sequence
from functools import partial

import numpy as np

from tldrkit.errors import ModelError
from tldrkit.families.blueprint import LayerPaths
from tldrkit.specs import Precision
from tldrkit.writing.compiled.batch import Batch, Cache, build_cache, count_room, place_sources
from tldrkit.writing.compiled.encoder import Encoder, cut_groups
from tldrkit.writing.compiled.kernels.arrays import DecoderLayer, Floats, Integers, KVCache, Product
from tldrkit.writing.compiled.kernels.attention import store
from tldrkit.writing.compiled.kernels.elementary import normalize
from tldrkit.writing.compiled.kernels.layer import write_layer
from tldrkit.writing.compiled.kernels.products import multiply
from tldrkit.writing.compiled.parameters import FrozenNetwork
from tldrkit.writing.compiled.positions import Entrance, PositionBiases
from tldrkit.writing.compiled.rules import find_start
from tldrkit.writing.compiled.sharing import share
from tldrkit.writing.compiled.stacking import Stacks


class Decoder:
    """Runs the encoder on sources, then the decoder a token at a time.

    Args:
        network: The network; its weights must not change.
        precision: Number format of the weights of linear layers. With int8, the KV cache has 8 bits, too.
    """

    def __init__(self, network: FrozenNetwork, precision: Precision) -> None:
        self._blueprint = blueprint = network.blueprint
        start = find_start(network.generation_config)
        self._start = blueprint.start if start is None else start
        self._side = side = blueprint.decoder
        self._rounded = precision == "int8"
        stacks = Stacks(network, precision)
        embeddings = {name: network.read(name) for name in {one.embeddings for one in blueprint.sides}}
        self._entrance = Entrance(network, side, embeddings[side.embeddings])
        self._encoder = Encoder(network, stacks, embeddings[blueprint.encoder.embeddings])
        self._layers = [_build_layer(network, stacks, layer) for layer in side.layers]
        crossings = [layer.cross for layer in side.layers if layer.cross]
        self._key_values = [stacks(cross.key, cross.value) for cross in crossings]
        self._biases = PositionBiases(network, side, causal=True)
        self._norm = network.read_norm(side.last_norm) if side.last_norm else None
        inner, outer = blueprint.projections or (None, None)
        self._in = stacks(inner) if inner else None
        self._out = stacks(outer) if outer else None
        self._head = stacks(blueprint.head)
        bias = network.read(blueprint.logits_bias).ravel() if blueprint.logits_bias else None
        self._logits_bias = bias if bias is not None and bias.any() else None

    @property
    def start(self) -> int:
        """The token before the first one.

        Raises:
            ModelError: Neither the generation defaults nor the configuration say it.
        """
        if self._start is None:
            raise ModelError(
                "The model does not say which token a summary begins behind.",
                hint="Set decoder_start_token_id in its generation_config.json.",
            )
        return self._start

    def begin(
        self, sources: Sequence[Sequence[int]], max_tokens: int, beams: int = 1, threads: int = 1
    ) -> Batch:
        """Run the encoder on sources, and fill the KV caches with each layer's keys and values of them.

        Args:
            sources: Token ids of each document.
            max_tokens: Tokens of the longest summary.
            beams: Rows of each source.
            threads: Processor threads that share the work.
        """
        lengths = [len(source) for source in sources]
        starts = place_sources(lengths)
        counts = len(sources) * count_room(max_tokens * beams), int(starts[-1])
        heads = self._side.heads, self._side.head_width
        caches = [
            Cache(*(build_cache(count, *heads, rounded=self._rounded) for count in counts))
            for _ in self._layers
        ]
        entries = np.concatenate(
            [first + np.arange(length) for first, length in zip(starts, lengths, strict=False)]
        )
        for some in cut_groups(sources):
            read = self._encoder(some, threads)
            own, entries = entries[: len(read)], entries[len(read) :]
            for key_value, cache in zip(self._key_values, caches, strict=True):
                share(len(read), threads, partial(_fill_cache, read, key_value, cache.read, own))
        return Batch.begin(caches, self._biases(max_tokens)[:, :max_tokens], lengths, beams)

    def step(self, tokens: Integers, batch: Batch) -> Floats:
        """Compute the logits of every row's next token, and store keys and values of its newest.

        Args:
            tokens: The newest token of each row.
            batch: What was computed before; changed.

        Shape:
            tokens: (rows,).
            result: (rows, vocabulary).
        """
        hidden = self._entrance(tokens, batch.place)
        entries = batch.advance()
        views = batch.view_written(), batch.read
        if self._in is not None:
            hidden = multiply(hidden, self._in)
        for layer, cache in zip(self._layers, batch.caches, strict=True):
            write_layer(hidden, layer, (cache.own, cache.read), views, entries)
        if self._norm is not None:
            normalize(hidden, self._norm, hidden)
        if self._out is not None:
            hidden = multiply(hidden, self._out)
        if self._blueprint.output_scale != 1.0:
            hidden *= np.float32(self._blueprint.output_scale)
        logits = multiply(hidden, self._head)
        if self._logits_bias is not None:
            logits += self._logits_bias
        return logits


def _fill_cache(
    read: Floats, key_value: Product, cache: KVCache, entries: Integers, first: int, last: int
) -> None:
    """Compute a layer's keys and values of some tokens of the sources, and store them.

    Args:
        read: Hidden states of all tokens.
        key_value: The layers that compute keys and values.
        cache: Written to.
        entries: Entries of all tokens.
        first: Index of the first token to do.
        last: Index behind that of the last one.
    """
    projected = multiply(read[first:last], key_value)
    store(projected.reshape(len(projected), 2, len(cache.keys), -1), cache, entries[first:last])


def _build_layer(network: FrozenNetwork, stacks: Stacks, layer: LayerPaths) -> DecoderLayer:
    own, cross = layer.own, layer.cross
    if cross is None:
        raise AssertionError("a decoder's layer attends to the source")
    scale = network.blueprint.decoder.head_width if network.blueprint.scaled else None
    return DecoderLayer(
        own_norm=network.read_norm(own.norm),
        cross_norm=network.read_norm(cross.norm),
        query_key_value=stacks(*own.linears[:3], query_width=scale),
        own_out=stacks(own.out),
        query=stacks(cross.query, query_width=scale),
        cross_out=stacks(cross.out),
        feed=stacks.feed_forward(layer.feed),
    )
