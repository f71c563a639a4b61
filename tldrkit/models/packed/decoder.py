"""The decoder of a T5 on a processor, a piece at a time: no work on padding, none twice.

Computes the logits that Hugging Face's decoder computes with its cache, for plain, asymmetric and grown
networks. Knows token ids alone, and not which of them are chosen.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, softmax

from tldrkit.models.packed.functions import RmsNorm, apply
from tldrkit.models.packed.layout import Packed, cut_rows, find_padding
from tldrkit.models.packed.linear import Cascade, Stacked
from tldrkit.models.packed.t5 import PackedT5


@dataclass
class _Cache:
    """What one decoder layer has seen, by head.

    Shape:
        keys, values: (rows * heads, longest summary, head width).
        read_keys, read_values: (sources * heads, longest source, head width).
    """

    keys: Tensor
    values: Tensor
    read_keys: Tensor
    read_values: Tensor


@dataclass
class Batch:
    """Summaries that are written together: one row each, or `beams` rows in a row for each source.

    Shape:
        bias: (heads, longest summary, longest summary), of every place towards the others.
        blocked: (sources, 1, longest source), True at padding; None where there is none.
    """

    caches: list[_Cache]
    sources: int
    beams: int
    bias: Tensor
    blocked: Tensor | None
    place: int = 0
    """Pieces written so far."""

    def keep_sources(self, kept: Tensor) -> None:
        """Keep some of the sources and their rows.

        Shape:
            kept: (sources kept,).
        """
        for cache in self.caches:
            cache.read_keys = _select(cache.read_keys, self.sources, kept)
            cache.read_values = _select(cache.read_values, self.sources, kept)
        self.blocked = None if self.blocked is None else self.blocked[kept]
        rows = (kept[:, None] * self.beams + torch.arange(self.beams)).flatten()
        before, self.sources = self.sources * self.beams, len(kept)
        self._take_rows(rows, before)

    def take_rows(self, rows: Tensor) -> None:
        """Let each row go on from another one of the same source.

        Shape:
            rows: (sources * beams,).
        """
        if not torch.equal(rows, torch.arange(len(rows))):
            self._take_rows(rows, len(rows))

    def _take_rows(self, rows: Tensor, before: int) -> None:
        for cache in self.caches:
            for name in ("keys", "values"):
                old = getattr(cache, name)
                by_row = old.view(before, -1, *old.shape[1:])
                new = old.new_empty(len(rows), *by_row.shape[1:])
                new[:, :, : self.place] = by_row[:, :, : self.place].index_select(0, rows)
                setattr(cache, name, new.flatten(0, 1))


def _select(tensor: Tensor, groups: int, kept: Tensor) -> Tensor:
    return tensor.view(groups, -1, *tensor.shape[1:]).index_select(0, kept).flatten(0, 1)


class _Layer:
    """One decoder layer, its weights stacked."""

    def __init__(
        self,
        block: Any,  # noqa: ANN401  (transformers is not typed)
        read_linear: Callable[[nn.Module], Cascade],
        dtype: torch.dtype,
    ) -> None:
        def stack(part: Any, *names: str) -> Stacked:  # noqa: ANN401  (as above)
            return Stacked([read_linear(getattr(part, name)) for name in names], dtype)

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

    def attend(self, normed: Tensor, bias: Tensor, cache: _Cache) -> Tensor:
        """Attend to the summary so far, and take note of its newest piece.

        Shape:
            normed, result: (rows, width of the decoder).
            bias: (heads, places so far).
        """
        query, key, value = self.query_key_value(normed).view(len(normed), 3, -1, self.head_width).unbind(1)
        length = bias.shape[1]
        cache.keys[:, length - 1] = key.flatten(0, 1)
        cache.values[:, length - 1] = value.flatten(0, 1)
        scores = torch.bmm(query.flatten(0, 1)[:, None], cache.keys[:, :length].transpose(1, 2))
        scores.view(len(normed), -1, length).add_(bias)
        mixed = torch.bmm(softmax(scores, -1), cache.values[:, :length])
        return self.own_out(mixed.view(len(normed), -1))

    def attend_source(self, normed: Tensor, batch: Batch, cache: _Cache) -> Tensor:
        """Attend to the source, all rows of one together.

        Shape:
            normed, result: (rows, width of the decoder).
        """
        query = self.query(normed).view(batch.sources, batch.beams, -1, self.head_width).transpose(1, 2)
        scores = torch.bmm(query.flatten(0, 1), cache.read_keys.transpose(1, 2))
        if batch.blocked is not None:
            scores.view(batch.sources, -1, scores.shape[-1]).masked_fill_(batch.blocked, float("-inf"))
        mixed = torch.bmm(softmax(scores, -1), cache.read_values)
        by_row = mixed.view(batch.sources, -1, batch.beams, self.head_width).transpose(1, 2)
        return self.cross_out(by_row.reshape(len(normed), -1))

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
        dtype: Number format of products.
    """

    def __init__(
        self, network: nn.Module, read_linear: Callable[[nn.Module], Cascade], dtype: torch.dtype
    ) -> None:
        self._network: Any = network
        self._dtype = dtype
        self._encoder = PackedT5(network, read_linear, dtype, None)
        decoder: Any = self._network.decoder
        self._layers = [_Layer(block, read_linear, dtype) for block in decoder.block]
        head: Any = self._network.lm_head
        self._head = Stacked([read_linear(head)], dtype)
        narrow = hasattr(decoder, "in_proj")
        self._in = Stacked([read_linear(decoder.in_proj)], dtype) if narrow else None
        self._out = Stacked([read_linear(decoder.out_proj)], dtype) if narrow else None

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
        read = self._encoder.encode(sources)
        packed = Packed([len(row) for row in sources])
        caches = []
        for layer in self._layers:
            span = cut_rows(packed, 0, len(sources), layer.heads)
            keys, values = layer.key_value(read).chunk(2, dim=1)
            own = keys.new_empty(len(sources) * beams * layer.heads, max_tokens, layer.head_width)
            caches.append(_Cache(own, torch.empty_like(own), span.pad(keys), span.pad(values)))
        padded = min(packed.lengths) < max(packed.lengths)
        blocked = find_padding(packed, 0, len(sources))[:, 0] if padded else None
        attention = self._network.decoder.block[0].layer[0].SelfAttention
        bias = attention.compute_bias(max_tokens, max_tokens)[0].to(self._dtype)
        return Batch(caches, len(sources), beams, bias, blocked)

    def step(self, pieces: Tensor, batch: Batch) -> Tensor:
        """Compute the logits of every row's next piece, from its newest.

        Shape:
            pieces: (rows,).
            result: (rows, pieces of the vocabulary).
        """
        bias = batch.bias[:, batch.place, : batch.place + 1]
        batch.place += 1
        decoder = self._network.decoder
        hidden = embedding(pieces, decoder.embed_tokens.weight)
        if self._in is not None:
            hidden = self._in(hidden.to(self._dtype)).to(hidden.dtype)
        for layer, cache in zip(self._layers, batch.caches, strict=True):
            own, cross, feed = layer.norms
            hidden = hidden + layer.attend(self._norm(own, hidden), bias, cache)
            hidden = hidden + layer.attend_source(self._norm(cross, hidden), batch, cache)
            hidden = hidden + layer.feed(self._norm(feed, hidden))
        hidden = self._norm(decoder.final_layer_norm, hidden)
        if self._out is not None:
            hidden = self._out(hidden)
        if self._network.config.scale_decoder_outputs:
            hidden = hidden * self._network.model_dim**-0.5
        return self._head(hidden)

    def _norm(self, norm: Any, hidden: Tensor) -> Tensor:  # noqa: ANN401  (transformers is not typed)
        return apply(RmsNorm, hidden, norm.weight, norm.variance_epsilon, self._dtype)
