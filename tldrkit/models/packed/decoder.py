"""The decoder of a T5 on a processor, a piece at a time: no work on padding, none twice.

Computes the logits that Hugging Face's decoder computes with its cache, for plain, asymmetric and grown
networks. Knows token ids alone, and not which of them are chosen.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, rms_norm, softmax

from tldrkit.models.packed.batch import Batch, Cache, Group, cut_groups
from tldrkit.models.packed.frozen import Frozen, Stacked
from tldrkit.models.packed.layout import Packed, cut_rows, find_padding
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

    def attend(self, normed: Tensor, bias: Tensor, batch: Batch, cache: Cache) -> Tensor:
        """Attend to the summary so far, and take note of its newest piece.

        Shape:
            normed, result: (rows, width of the decoder).
            bias: see ``Batch.advance``.
        """
        parts = self.query_key_value(normed).view(-1, batch.beams, 3, self.heads, self.head_width)
        query, key, value = parts.transpose(1, 3).unbind(2)  # (sources, heads, beams, head width)
        written = bias.shape[-1]
        newest = slice(written - batch.beams, written)
        cache.keys[:, newest] = key.flatten(0, 1)
        cache.values[:, newest] = value.flatten(0, 1)
        scores = torch.bmm(query.flatten(0, 1), cache.keys[:, :written].transpose(1, 2))
        scores.view(-1, self.heads, batch.beams, written).add_(bias)
        mixed = torch.bmm(softmax(scores, -1), cache.values[:, :written])
        return self.own_out(self._join_heads(mixed, batch.beams))

    def _join_heads(self, mixed: Tensor, beams: int) -> Tensor:
        by_source = mixed.view(-1, self.heads, beams, self.head_width).transpose(1, 2)
        return by_source.reshape(-1, self.heads * self.head_width)

    def attend_source(self, normed: Tensor, batch: Batch, cache: Cache) -> Tensor:
        """Attend to the source, all rows of one together.

        Shape:
            normed, result: (rows, width of the decoder).
        """
        queries = self.query(normed).view(-1, batch.beams, self.heads, self.head_width)
        mixed = torch.empty_like(queries)
        first = 0
        for group, keys, values in zip(batch.groups, cache.read_keys, cache.read_values, strict=True):
            own = slice(first, first := first + group.sources)
            scores = torch.bmm(queries[own].transpose(1, 2).flatten(0, 1), keys)
            if group.blocked is not None:
                scores.view(group.sources, -1, scores.shape[-1]).masked_fill_(group.blocked, float("-inf"))
            by_head = torch.bmm(softmax(scores, -1), values)
            mixed[own] = by_head.view(group.sources, self.heads, batch.beams, -1).transpose(1, 2)
        return self.cross_out(mixed.view(len(normed), -1))

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
        caches = []
        for layer in self._layers:
            shape = len(sources) * layer.heads, max_tokens * beams, layer.head_width
            own = torch.empty(shape, dtype=self._dtype)
            caches.append(Cache(own, torch.empty_like(own), [], []))
        groups = []
        for some in cut_groups(sources):
            packed = Packed([len(source) for source in some])
            read = self._encoder.encode(some)
            span = cut_rows(packed, 0, len(some), self._layers[0].heads)  # all layers have as many
            for layer, cache in zip(self._layers, caches, strict=True):
                keys, values = layer.key_value(read).chunk(2, dim=1)
                cache.read_keys.append(span.pad(keys).transpose(1, 2).contiguous())
                cache.read_values.append(span.pad(values))
            padded = min(packed.lengths) < max(packed.lengths)
            groups.append(Group(len(some), find_padding(packed, 0, len(some))[:, 0] if padded else None))
        attention = self._network.decoder.block[0].layer[0].SelfAttention
        bias = attention.compute_bias(max_tokens, max_tokens)[0].to(self._dtype)
        ancestors = torch.zeros(len(sources), beams, max_tokens, dtype=torch.long)
        return Batch(caches, groups, beams, bias, ancestors)

    def step(self, pieces: Tensor, batch: Batch) -> Tensor:
        """Compute the logits of every row's next piece, from its newest.

        Shape:
            pieces: (rows,).
            result: (rows, pieces of the vocabulary).
        """
        bias = batch.advance()
        decoder = self._network.decoder
        hidden = embedding(pieces, decoder.embed_tokens.weight)
        if self._in is not None:
            hidden = self._in(hidden.to(self._dtype)).to(hidden.dtype)
        for layer, cache in zip(self._layers, batch.caches, strict=True):
            own, cross, feed = layer.norms
            hidden = hidden + layer.attend(self._norm(own, hidden), bias, batch, cache)
            hidden = hidden + layer.attend_source(self._norm(cross, hidden), batch, cache)
            hidden = hidden + layer.feed(self._norm(feed, hidden))
        hidden = self._norm(decoder.final_layer_norm, hidden)
        if self._out is not None:
            hidden = self._out(hidden)
        if self._network.config.scale_decoder_outputs:
            hidden = hidden * self._network.model_dim**-0.5
        return self._head(hidden)

    def _norm(self, norm: Any, hidden: Tensor) -> Tensor:  # noqa: ANN401  (transformers is not typed)
        return rms_norm(hidden, norm.weight.shape, norm.weight, norm.variance_epsilon).to(self._dtype)
