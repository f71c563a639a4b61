"""The decoder of a T5 on a processor, a piece at a time: no work on padding, none twice.

Computes the logits that Hugging Face's decoder computes with its cache, for plain, asymmetric and grown
networks. Knows token ids alone, and not which of them are chosen.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

from tldrkit.models.packed.batch import Batch, Cache, cut_groups, remember
from tldrkit.models.packed.frozen import Frozen, Stacked
from tldrkit.models.packed.kernels.arrays import ACTIVATIONS, Layer, Memory
from tldrkit.models.packed.kernels.attention import keep
from tldrkit.models.packed.kernels.elementary import normalize
from tldrkit.models.packed.kernels.layer import run_layer
from tldrkit.models.packed.kernels.products import multiply
from tldrkit.models.packed.linear import Cascade
from tldrkit.models.packed.t5 import PackedT5


class _Layer:
    """One decoder layer, its weights stacked."""

    def __init__(
        self,
        block: Any,  # noqa: ANN401  (transformers is not typed)
        linears: Frozen,
        activation: int,
    ) -> None:
        def stack(part: Any, *names: str) -> Stacked:  # noqa: ANN401  (as above)
            return linears.stack(*(getattr(part, name) for name in names))

        own, cross, dense = block.layer[0], block.layer[1], block.layer[2]
        self.heads = own.SelfAttention.n_heads
        self.head_width = own.SelfAttention.key_value_proj_dim
        self._key_value = stack(cross.EncDecAttention, "k", "v")
        feed = dense.DenseReluDense
        gated = hasattr(feed, "wi_0")
        norms = [part.layer_norm.weight.detach() for part in (own, cross, dense)]
        self.weights = Layer(
            norms=torch.stack(norms).numpy(),
            epsilon=own.layer_norm.variance_epsilon,
            query_key_value=stack(own.SelfAttention, "q", "k", "v").product,
            own_out=stack(own.SelfAttention, "o").product,
            query=stack(cross.EncDecAttention, "q").product,
            cross_out=stack(cross.EncDecAttention, "o").product,
            widen=(stack(feed, "wi_0", "wi_1") if gated else stack(feed, "wi")).product,
            narrow=stack(feed, "wo").product,
            gated=gated,
            activation=activation,
        )

    def read(self, read: Tensor, memory: Memory, entries: Tensor) -> None:
        """Take note of what the encoder read.

        Shape:
            read: (tokens, width of the encoder).
            entries: (tokens,).
        """
        projected = self._key_value(read).float().view(len(read), 2, self.heads, self.head_width)
        keep(projected.numpy(), memory, entries.numpy())


def can_decode(network: nn.Module) -> bool:
    """Tell whether a T5's activation is one of those that are compiled."""
    config: Any = network.config
    return config.dense_act_fn in ACTIVATIONS


class PackedDecoder:
    """Reads sources and gives the logits of the next pieces; the network's weights must stay as they are.

    Args:
        network: T5, plain, of ours, or with layers wrapped by PerforatedAI; on a processor.
        read_linear: Reads the parameters of one of its linear layers.
        dtype: Number format of products: float32, bfloat16 or int8.
    """

    def __init__(
        self, network: nn.Module, read_linear: Callable[[nn.Module], Cascade], dtype: torch.dtype
    ) -> None:
        self._network: Any = network
        self._dtype = torch.float32 if dtype == torch.int8 else dtype
        self._kept = torch.int8 if dtype == torch.int8 else torch.float32
        linears = Frozen(read_linear, dtype)
        self._encoder = PackedT5(network, linears, self._dtype, None)
        decoder: Any = self._network.decoder
        config: Any = self._network.config
        head: Any = self._network.lm_head
        activation = ACTIVATIONS.index(config.dense_act_fn)
        self._layers = [_Layer(block, linears, activation) for block in decoder.block]
        self._head = linears.stack(head).product
        narrow = hasattr(decoder, "in_proj")
        self._in = linears.stack(decoder.in_proj).product if narrow else None
        self._out = linears.stack(decoder.out_proj).product if narrow else None
        self._norm = decoder.final_layer_norm.weight.detach().numpy()

    @property
    def start(self) -> int:
        """The piece before the first one."""
        return int(self._network.config.decoder_start_token_id)

    def begin(self, sources: Sequence[Sequence[int]], max_tokens: int, beams: int = 1) -> Batch:
        """Read sources, and prepare what each layer sees of them.

        Args:
            sources: Piece ids of each document.
            max_tokens: Longest summary.
            beams: Rows of each source.
        """
        lengths = [len(source) for source in sources]
        counts = len(sources) * max_tokens * beams, sum(lengths)
        caches = [
            Cache(*(remember(count, layer.heads, layer.head_width, self._kept) for count in counts))
            for layer in self._layers
        ]
        first = 0
        for some in cut_groups(sources):
            read = self._encoder.encode(some)
            entries = torch.arange(first, first := first + len(read))
            for layer, cache in zip(self._layers, caches, strict=True):
                layer.read(read, cache.read, entries)
        attention = self._network.decoder.block[0].layer[0].SelfAttention
        bias = attention.compute_bias(max_tokens, max_tokens)[0].float().contiguous()
        return Batch.begin(caches, bias, lengths, beams)

    def step(self, pieces: Tensor, batch: Batch) -> Tensor:
        """Compute the logits of every row's next piece, from its newest.

        Shape:
            pieces: (rows,).
            result: (rows, pieces of the vocabulary).
        """
        entries = batch.advance().numpy()
        views = batch.view_written(), batch.read
        hidden = embedding(pieces, self._network.decoder.embed_tokens.weight).numpy()
        if self._in is not None:
            hidden = multiply(hidden, self._in)
        for layer, cache in zip(self._layers, batch.caches, strict=True):
            run_layer(hidden, layer.weights, (cache.own, cache.read), views, entries)
        normed = np.empty_like(hidden)
        normalize(hidden, self._norm, self._network.decoder.final_layer_norm.variance_epsilon, normed)
        if self._out is not None:
            normed = multiply(normed, self._out)
        if self._network.config.scale_decoder_outputs:
            normed *= np.float32(self._network.model_dim**-0.5)
        return torch.from_numpy(multiply(normed, self._head))
