"""A T5 on a processor that writes a piece at a time: no work on padding, none twice.

Computes the logits that Hugging Face's decoder computes with its cache, for plain, asymmetric and grown
networks. Knows token ids alone, and not which of them are chosen.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np

from tldrkit.models.frozen.batch import Batch, Cache, remember
from tldrkit.models.frozen.encoder import Encoder, cut_groups
from tldrkit.models.frozen.kernels.arrays import DecoderLayer, Floats, Integers, Memory, Product
from tldrkit.models.frozen.kernels.attention import keep
from tldrkit.models.frozen.kernels.elementary import normalize
from tldrkit.models.frozen.kernels.layer import write_layer
from tldrkit.models.frozen.kernels.products import multiply
from tldrkit.models.frozen.parameters import FrozenT5, find_decoder_width
from tldrkit.models.frozen.positions import compute_bias
from tldrkit.models.frozen.sharing import share
from tldrkit.models.frozen.stacking import Stacks
from tldrkit.specs import Precision


class Decoder:
    """Reads sources and gives the logits of the next pieces.

    Args:
        network: The T5; its weights must stay as they are.
        precision: Number format of the weights of linear layers. In int8 keys and values are kept in 8 bits,
            too.
    """

    def __init__(self, network: FrozenT5, precision: Precision) -> None:
        self._config = config = network.config
        self._rounded = precision == "int8"
        stacks = Stacks(network, precision)
        self._embeddings = network.read_weight("shared")
        self._encoder = Encoder(network, stacks, self._embeddings)
        paths = [f"decoder.block.{place}.layer" for place in range(config.num_decoder_layers)]
        self._layers = [_build_layer(network, stacks, path) for path in paths]
        self._key_values = [stacks(f"{path}.1.EncDecAttention", "k", "v") for path in paths]
        first = "decoder.block.0.layer.0.SelfAttention"
        self._bias = network.read_weight(f"{first}.relative_attention_bias")
        self._norm = network.read_weight("decoder.final_layer_norm")
        narrow = find_decoder_width(config) != config.d_model
        self._in = stacks("decoder.in_proj") if narrow else None
        self._out = stacks("decoder.out_proj") if narrow else None
        self._head = stacks("lm_head")

    @property
    def start(self) -> int:
        """The piece before the first one."""
        return int(self._config.decoder_start_token_id)

    def begin(
        self, sources: Sequence[Sequence[int]], max_tokens: int, beams: int = 1, threads: int = 1
    ) -> Batch:
        """Read sources, and prepare what each layer sees of them.

        Args:
            sources: Piece ids of each document.
            max_tokens: Longest summary.
            beams: Rows of each source.
            threads: Processor threads that share the work.
        """
        lengths = [len(source) for source in sources]
        counts = len(sources) * max_tokens * beams, sum(lengths)
        heads = self._config.num_heads, self._config.d_kv
        caches = [
            Cache(*(remember(count, *heads, rounded=self._rounded) for count in counts)) for _ in self._layers
        ]
        first = 0
        for some in cut_groups(sources):
            read = self._encoder(some, threads)
            for key_value, cache in zip(self._key_values, caches, strict=True):
                share(len(read), threads, partial(_remember, read, key_value, cache.read, first))
            first += len(read)
        reach = self._config.relative_attention_max_distance
        bias = compute_bias(self._bias, max_tokens, reach, causal=True)[:, :max_tokens]
        return Batch.begin(caches, bias, lengths, beams)

    def step(self, pieces: Integers, batch: Batch) -> Floats:
        """Compute the logits of every row's next piece, from its newest.

        Shape:
            pieces: (rows,).
            result: (rows, pieces of the vocabulary).
        """
        entries = batch.advance()
        views = batch.view_written(), batch.read
        hidden = self._embeddings[pieces]
        if self._in is not None:
            hidden = multiply(hidden, self._in)
        for layer, cache in zip(self._layers, batch.caches, strict=True):
            write_layer(hidden, layer, (cache.own, cache.read), views, entries)
        normed = np.empty_like(hidden)
        normalize(hidden, self._norm, self._config.layer_norm_epsilon, normed)
        if self._out is not None:
            normed = multiply(normed, self._out)
        if self._config.scale_decoder_outputs:
            normed *= np.float32(self._config.d_model**-0.5)
        return multiply(normed, self._head)


def _remember(read: Floats, key_value: Product, memory: Memory, entry: int, first: int, last: int) -> None:
    """Take note of keys and values of some tokens that the encoder read.

    Args:
        read: All of them.
        key_value: What computes keys and values.
        memory: Written to.
        entry: Of the first of all.
        first: The first of the tokens.
        last: The one behind the last.
    """
    heads, _, width = memory.keys.shape
    projected = multiply(read[first:last], key_value).reshape(-1, 2, heads, width)
    keep(projected, memory, np.arange(entry + first, entry + last))


def _build_layer(network: FrozenT5, stacks: Stacks, path: str) -> DecoderLayer:
    return DecoderLayer(
        norms=np.stack([network.read_weight(f"{path}.{part}.layer_norm") for part in range(2)]),
        epsilon=network.config.layer_norm_epsilon,
        query_key_value=stacks(f"{path}.0.SelfAttention", "q", "k", "v"),
        own_out=stacks(f"{path}.0.SelfAttention", "o"),
        query=stacks(f"{path}.1.EncDecAttention", "q"),
        cross_out=stacks(f"{path}.1.EncDecAttention", "o"),
        feed=stacks.feed_forward(f"{path}.2"),
    )
