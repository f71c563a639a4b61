"""The loss of a T5 over packed tokens, with the parameters of a network of Hugging Face's or of ours.

Computes what ``T5ForConditionalGeneration`` computes, for plain, asymmetric and grown networks, and leaves
out what padding would cost. Knows the anatomy of T5's modules; knows no optimizer.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

from tldrkit.training.packed.attention import Attention, Manner
from tldrkit.training.packed.functions import ReluDropout, RmsNorm, apply
from tldrkit.training.packed.layout import Packed, cut_into_chunks
from tldrkit.training.packed.network import PackedNetwork


class PackedT5(PackedNetwork):
    """Compute the summed loss of rows of tokens with a T5, plain, of ours, or growing."""

    def compute_logits(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> Tensor:
        """Compute the logits of every token of all targets, each from those before it.

        Shape:
            result: (target tokens, pieces).
        """
        network = self._network
        source, target = Packed([len(row) for row in sources]), Packed([len(row) for row in targets])
        read = self.encode(sources)
        written = self._run(network.decoder, torch.tensor(self._shift(targets)), target, read, source)
        if network.config.scale_decoder_outputs:
            written = written * network.model_dim**-0.5
        return self._linears(written, network.lm_head)

    def encode(self, sources: Sequence[Sequence[int]]) -> Tensor:
        """Read documents.

        Shape:
            result: (tokens of all sources, width of the encoder).
        """
        pieces = torch.tensor([piece for row in sources for piece in row])
        return self._run(self._network.encoder, pieces, Packed([len(row) for row in sources]))

    def _run(
        self,
        stack: Any,  # noqa: ANN401  (transformers is not typed)
        pieces: Tensor,
        own: Packed,
        read: Tensor | None = None,
        source: Packed | None = None,
    ) -> Tensor:
        """Run the encoder, or the decoder over what the encoder read.

        Shape:
            pieces: (own tokens,).
            read: (source tokens, width of the encoder).
            result: (own tokens, width of the encoder).
        """
        attention = stack.block[0].layer[0].SelfAttention
        bias = self._compute_bias(attention, max(own.lengths))
        inner = cut_into_chunks(own, own, attention.n_heads, causal=stack.is_decoder)
        cross = cut_into_chunks(own, source, attention.n_heads, causal=False) if source else []
        hidden = embedding(pieces, stack.embed_tokens.weight)
        if hasattr(stack, "in_proj"):
            narrow = self._linears(hidden.to(self._dtype), stack.in_proj)
            hidden = narrow.to(hidden.dtype)
        hidden = self._drop(hidden)
        for block in stack.block:
            hidden = self._attend(block.layer[0], hidden, None, inner, bias)
            if read is not None:
                hidden = self._attend(block.layer[1], hidden, read, cross, None)
            hidden = self._feed(block.layer[-1], hidden)
        hidden = self._drop(self._norm(stack.final_layer_norm, hidden))
        if hasattr(stack, "out_proj"):
            hidden = self._linears(hidden, stack.out_proj)
        return hidden

    def _attend(
        self,
        layer: Any,  # noqa: ANN401  (transformers is not typed)
        hidden: Tensor,
        read: Tensor | None,
        chunks: Sequence[Any],
        bias: Tensor | None,
    ) -> Tensor:
        attention = layer.SelfAttention if read is None else layer.EncDecAttention
        query, key, value, out = (getattr(attention, name) for name in "qkvo")
        normed = self._norm(layer.layer_norm, hidden)
        if read is None:
            queries, seen = self._linears(normed, query, key, value), None
        else:
            queries, seen = self._linears(normed, query), self._linears(read, key, value)
        mixed = apply(Attention, queries, seen, bias, Manner(chunks, self._use(self._dropout.hidden)))
        return self._add(hidden, self._linears(mixed, out))

    def _feed(self, layer: Any, hidden: Tensor) -> Tensor:  # noqa: ANN401  (transformers is not typed)
        dense = layer.DenseReluDense
        normed = self._norm(layer.layer_norm, hidden)
        masks = self._use(self._dropout.hidden)
        if hasattr(dense, "wi_0"):
            both = self._linears(normed, dense.wi_0, dense.wi_1)
            gate, value = both.chunk(2, dim=1)
            between = self._drop(dense.act(gate) * value)
        elif isinstance(dense.act, nn.ReLU):
            between = self._linears(normed, dense.wi)
            mask = None if masks is None else masks.draw(between.shape)
            between = apply(ReluDropout, between, mask, 0.0 if masks is None else masks.rate)
        else:
            between = self._drop(dense.act(self._linears(normed, dense.wi)))
        return self._add(hidden, self._linears(between, dense.wo))

    def _norm(self, norm: Any, hidden: Tensor) -> Tensor:  # noqa: ANN401  (transformers is not typed)
        return apply(RmsNorm, hidden, norm.weight, norm.variance_epsilon, self._dtype)

    def _compute_bias(self, attention: Any, length: int) -> Tensor:  # noqa: ANN401  (transformers is not typed)
        """Compute the position bias of the longest row, causality included.

        Shape:
            result: (heads, length, length).
        """
        bias: Tensor = attention.compute_bias(length, length)[0].to(self._dtype)
        if attention.is_causal:
            later = torch.ones(length, length, dtype=torch.bool).triu(1)
            bias = bias.masked_fill(later, float("-inf"))
        return bias
