"""Greedy summaries by a T5 on a processor: no work on padding, none for rows that have ended.

Writes what Hugging Face's ``generate`` writes, for plain, asymmetric and grown networks. Knows token ids
alone.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, softmax

from tldrkit.models.packed.functions import RmsNorm, apply
from tldrkit.models.packed.layout import Packed, cut_rows, find_padding
from tldrkit.models.packed.linear import Cascade, Stacked
from tldrkit.models.packed.t5 import PackedT5

_SHRINK = 0.75
"""Rows are moved together once less than this share of them is unfinished: moving copies their caches."""


@dataclass
class _Cache:
    """What one decoder layer has seen, by row and head.

    Shape:
        keys, values: (rows * heads, longest summary, head width).
        read_keys, read_values: (rows * heads, longest source, head width).
    """

    keys: Tensor
    values: Tensor
    read_keys: Tensor
    read_values: Tensor

    def keep(self, rows: Tensor, of: int) -> None:
        """Keep some of the rows, `of` so many."""
        for name, tensor in vars(self).items():
            by_row = tensor.view(of, -1, *tensor.shape[1:])
            setattr(self, name, by_row[rows].flatten(0, 1))


@dataclass
class _Batch:
    """Rows that are written together.

    Shape:
        blocked: (rows, 1, longest source), True at padding; None where there is none.
    """

    caches: list[_Cache]
    rows: int
    blocked: Tensor | None

    def keep(self, rows: Tensor) -> None:
        """Keep some of the rows."""
        for cache in self.caches:
            cache.keep(rows, self.rows)
        self.rows = len(rows)
        self.blocked = None if self.blocked is None else self.blocked[rows]


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
        scores = _score(query, cache.keys[:, :length])
        scores.view(len(normed), -1, length).add_(bias)
        return self.own_out(_mix(scores, cache.values[:, :length], len(normed)))

    def attend_source(self, normed: Tensor, blocked: Tensor | None, cache: _Cache) -> Tensor:
        """Attend to the source.

        Shape:
            normed, result: (rows, width of the decoder).
        """
        query = self.query(normed).view(len(normed), -1, self.head_width)
        scores = _score(query, cache.read_keys)
        if blocked is not None:
            scores.view(len(normed), -1, scores.shape[-1]).masked_fill_(blocked, float("-inf"))
        return self.cross_out(_mix(scores, cache.read_values, len(normed)))

    def feed(self, normed: Tensor) -> Tensor:
        """Apply the feed-forward."""
        between = self.widen(normed)
        if self.gated:
            gate, value = between.chunk(2, dim=1)
            return self.narrow(self.act(gate) * value)
        return self.narrow(self.act(between))


def _score(query: Tensor, keys: Tensor) -> Tensor:
    """Multiply, unscaled as T5 does.

    Shape:
        query: (rows, heads, head width).
        keys: (rows * heads, places, head width).
        result: (rows * heads, 1, places).
    """
    return torch.bmm(query.flatten(0, 1)[:, None], keys.transpose(1, 2))


def _mix(scores: Tensor, values: Tensor, rows: int) -> Tensor:
    return torch.bmm(softmax(scores, -1), values).view(rows, -1)


class GreedyT5:
    """Write summaries with the most likely piece at every place; a snapshot of the network's weights.

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

    def __call__(
        self, sources: Sequence[Sequence[int]], max_tokens: int, ends: Collection[int]
    ) -> list[list[int]]:
        """Write a summary of each source.

        Args:
            sources: Piece ids of each document.
            max_tokens: Longest summary.
            ends: Pieces that end a summary; the end is part of it.

        Returns:
            Piece ids of each summary.
        """
        start = int(self._network.config.decoder_start_token_id)
        batch = _Batch(self._read(sources, max_tokens), len(sources), self._find_blocked(sources))
        bias = self._compute_bias(max_tokens)
        written: list[list[int]] = [[] for _ in sources]
        rows: list[int] = list(range(len(sources)))  # which source each row of the batch is of
        pieces = torch.full((len(rows),), start)
        for place in range(max_tokens):
            pieces = self._step(pieces, bias[:, place, : place + 1], batch)
            for row, piece in zip(rows, pieces.tolist(), strict=True):
                if not (written[row] and written[row][-1] in ends):
                    written[row].append(piece)
            going = [index for index, row in enumerate(rows) if written[row][-1] not in ends]
            if not going:
                break
            if len(going) < _SHRINK * len(rows):
                kept = torch.tensor(going)
                rows, pieces = [rows[index] for index in going], pieces[kept]
                batch.keep(kept)
        return written

    def _read(self, sources: Sequence[Sequence[int]], max_tokens: int) -> list[_Cache]:
        """Read the sources, and prepare what each layer sees of them."""
        read = self._encoder.encode(sources)
        packed = Packed([len(row) for row in sources])
        caches = []
        for layer in self._layers:
            span = cut_rows(packed, 0, len(sources), layer.heads)
            keys, values = layer.key_value(read).chunk(2, dim=1)
            own = keys.new_empty(len(sources) * layer.heads, max_tokens, layer.head_width)
            caches.append(_Cache(own, torch.empty_like(own), span.pad(keys), span.pad(values)))
        return caches

    def _find_blocked(self, sources: Sequence[Sequence[int]]) -> Tensor | None:
        lengths = [len(row) for row in sources]
        if min(lengths) == max(lengths):
            return None
        return find_padding(Packed(lengths), 0, len(lengths))[:, 0]

    def _compute_bias(self, length: int) -> Tensor:
        """Compute the bias of every place towards those before it.

        Shape:
            result: (heads, length, length).
        """
        attention = self._network.decoder.block[0].layer[0].SelfAttention
        bias: Tensor = attention.compute_bias(length, length)[0].to(self._dtype)
        return bias

    def _step(self, pieces: Tensor, bias: Tensor, batch: _Batch) -> Tensor:
        """Choose the next piece of every row.

        Shape:
            pieces: (rows,).
            bias: (heads, places so far).
            result: (rows,).
        """
        decoder = self._network.decoder
        hidden = embedding(pieces, decoder.embed_tokens.weight)
        if self._in is not None:
            hidden = self._in(hidden.to(self._dtype)).to(hidden.dtype)
        for layer, cache in zip(self._layers, batch.caches, strict=True):
            own, cross, feed = (self._norm(norm) for norm in layer.norms)
            hidden = hidden + layer.attend(own(hidden), bias, cache)
            hidden = hidden + layer.attend_source(cross(hidden), batch.blocked, cache)
            hidden = hidden + layer.feed(feed(hidden))
        hidden = self._norm(decoder.final_layer_norm)(hidden)
        if self._out is not None:
            hidden = self._out(hidden)
        if self._network.config.scale_decoder_outputs:
            hidden = hidden * self._network.model_dim**-0.5
        return self._head(hidden).argmax(-1)

    def _norm(self, norm: Any) -> Callable[[Tensor], Tensor]:  # noqa: ANN401  (transformers is not typed)
        return lambda hidden: apply(RmsNorm, hidden, norm.weight, norm.variance_epsilon, self._dtype)
