"""The decoder of a T5 on a processor, a piece at a time: no work on padding, none twice.

Computes the logits that Hugging Face's decoder computes with its cache, for plain, asymmetric and grown
networks. Knows token ids alone, and not which of them are chosen.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

from tldrkit.models.packed.batch import Batch, Cache, cut_groups, remember
from tldrkit.models.packed.frozen import Frozen, Stacked
from tldrkit.models.packed.kernels import Floats, Memory, View, attend, keep, normalize
from tldrkit.models.packed.linear import Cascade
from tldrkit.models.packed.t5 import PackedT5


class _Layer:
    """One decoder layer, its weights stacked."""

    def __init__(
        self,
        block: Any,  # noqa: ANN401  (transformers is not typed)
        linears: Frozen,
    ) -> None:
        def stack(part: Any, *names: str) -> Stacked:  # noqa: ANN401  (as above)
            return linears.stack(*(getattr(part, name) for name in names))

        own, cross, dense = block.layer[0], block.layer[1], block.layer[2]
        self.norms = (own.layer_norm, cross.layer_norm, dense.layer_norm)
        self.heads = own.SelfAttention.n_heads
        self.head_width = own.SelfAttention.key_value_proj_dim
        self.query_key_value = stack(own.SelfAttention, "q", "k", "v")
        self.own_out = stack(own.SelfAttention, "o")
        self.query = stack(cross.EncDecAttention, "q")
        self.key_value = stack(cross.EncDecAttention, "k", "v")
        self.cross_out = stack(cross.EncDecAttention, "o")
        feed = dense.DenseReluDense
        self.gated = hasattr(feed, "wi_0")
        self.act = feed.act
        self.widen = stack(feed, "wi_0", "wi_1") if self.gated else stack(feed, "wi")
        self.narrow = stack(feed, "wo")

    def attend(self, normed: Tensor, memory: Memory, view: View, entries: Tensor) -> Tensor:
        """Attend to the summary so far, and take note of its newest piece.

        Shape:
            normed, result: (rows, width of the decoder).
            entries: (rows,), of the newest pieces.
        """
        projected = self._cut_heads(self.query_key_value(normed))
        keep(projected, memory, entries.numpy())
        return self.own_out(self._mix(projected, memory, view).to(normed.dtype))

    def attend_source(self, normed: Tensor, memory: Memory, view: View) -> Tensor:
        """Attend to the source.

        Shape:
            normed, result: (rows, width of the decoder).
        """
        projected = self._cut_heads(self.query(normed))
        return self.cross_out(self._mix(projected, memory, view).to(normed.dtype))

    def read(self, read: Tensor, memory: Memory, entries: Tensor) -> None:
        """Take note of what the encoder read.

        Shape:
            read: (tokens, width of the encoder).
            entries: (tokens,).
        """
        keep(self._cut_heads(self.key_value(read)), memory, entries.numpy())

    def _cut_heads(self, projected: Tensor) -> Floats:
        by_head = projected.float().view(len(projected), -1, self.heads, self.head_width)
        array: Floats = by_head.numpy()
        return array

    def _mix(self, projected: Floats, memory: Memory, view: View) -> Tensor:
        mixed = torch.empty(len(projected), self.heads, self.head_width)
        attend(projected, memory, view, mixed.numpy())
        return mixed.flatten(1)

    def feed(self, normed: Tensor) -> Tensor:
        """Apply the feed-forward."""
        between = self.widen(normed)
        if self.gated:
            gate, value = between.chunk(2, dim=1)
            return self.narrow(self.act(gate) * value)
        return self.narrow(self.act(between))


class PackedDecoder:
    """Reads sources and gives the logits of the next pieces; a snapshot of the network's weights.

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
        self._layers = [_Layer(block, linears) for block in decoder.block]
        head: Any = self._network.lm_head
        self._head = linears.stack(head)
        narrow = hasattr(decoder, "in_proj")
        self._in = linears.stack(decoder.in_proj) if narrow else None
        self._out = linears.stack(decoder.out_proj) if narrow else None

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
        entries = batch.advance()
        written = batch.view_written()
        decoder = self._network.decoder
        hidden = embedding(pieces, decoder.embed_tokens.weight)
        if self._in is not None:
            hidden = self._in(hidden.to(self._dtype)).to(hidden.dtype)
        for layer, cache in zip(self._layers, batch.caches, strict=True):
            own, cross, feed = layer.norms
            hidden = hidden + layer.attend(self._norm(own, hidden), cache.own, written, entries)
            hidden = hidden + layer.attend_source(self._norm(cross, hidden), cache.read, batch.read)
            hidden = hidden + layer.feed(self._norm(feed, hidden))
        hidden = self._norm(decoder.final_layer_norm, hidden)
        if self._out is not None:
            hidden = self._out(hidden)
        if self._network.config.scale_decoder_outputs:
            hidden = hidden * self._network.model_dim**-0.5
        return self._head(hidden)

    def _norm(self, norm: Any, hidden: Tensor) -> Tensor:  # noqa: ANN401  (transformers is not typed)
        normed = torch.empty_like(hidden)
        normalize(hidden.numpy(), norm.weight.detach().numpy(), norm.variance_epsilon, normed.numpy())
        return normed.to(self._dtype)
