"""The loss of a BART over packed tokens, with the parameters of a network of Hugging Face's or of ours.

Computes what ``BartForConditionalGeneration`` computes, for plain and grown networks, and leaves out what
padding would cost. Knows the anatomy of BART's modules; knows no optimizer.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import embedding, layer_norm

from tldrkit.training.packed.attention import Attention, Manner
from tldrkit.training.packed.functions import apply
from tldrkit.training.packed.layout import Packed, cut_into_chunks
from tldrkit.training.packed.network import PackedNetwork


class PackedBart(PackedNetwork):
    """Compute the summed loss of rows of tokens with a BART, plain, of ours, or growing."""

    def compute_logits(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> Tensor:
        """Compute the logits of every token of all targets, each from those before it.

        Shape:
            result: (target tokens, vocabulary).
        """
        network = self._network
        source, target = Packed([len(row) for row in sources]), Packed([len(row) for row in targets])
        read = self._run(network.model.encoder, [token for row in sources for token in row], source)
        written = self._run(network.model.decoder, self._shift(targets), target, read, source)
        logits = self._linears(written, network.lm_head)
        # Zeros in every network that is known; in place, since nothing reads the product without it.
        return logits.add_(network.final_logits_bias) if network.final_logits_bias.any() else logits

    def _run(
        self,
        stack: Any,  # noqa: ANN401  (transformers is not typed)
        tokens: Sequence[int],
        own: Packed,
        read: Tensor | None = None,
        source: Packed | None = None,
    ) -> Tensor:
        """Run the encoder, or the decoder over what the encoder read.

        Shape:
            tokens: (own tokens,).
            read: (source tokens, width), in the number format to multiply in.
            result: (own tokens, width), in the number format to multiply in.
        """
        heads = stack.layers[0].self_attn.num_heads if len(stack.layers) else 1
        inner = cut_into_chunks(own, own, heads, causal=source is not None)
        cross = cut_into_chunks(own, source, heads, causal=False) if source else []
        future = _hide_later(max(own.lengths), self._dtype) if source else None
        hidden = self._drop(self._enter(stack.layernorm_embedding, self._embed(stack, tokens, own)))
        for layer in stack.layers:
            change = self._attend(layer.self_attn, hidden, None, inner, future)
            hidden = self._norm(layer.self_attn_layer_norm, self._add(hidden, change))
            if read is not None:
                change = self._attend(layer.encoder_attn, hidden, read, cross, None)
                hidden = self._norm(layer.encoder_attn_layer_norm, self._add(hidden, change))
            hidden = self._norm(layer.final_layer_norm, self._add(hidden, self._feed(layer, hidden)))
        hidden = hidden.to(self._dtype)
        return self._linears(hidden, stack.out_proj) if hasattr(stack, "out_proj") else hidden

    def _enter(self, entrance: Any, hidden: Tensor) -> Tensor:  # noqa: ANN401  (transformers is not typed)
        """Bring embeddings in: through their norm and, into a decoder of another width, a projection."""
        if not hasattr(entrance, "proj"):
            return self._norm(entrance, hidden)
        normed = self._norm(entrance.norm, hidden).to(self._dtype)
        return self._linears(normed, entrance.proj).to(hidden.dtype)

    def _embed(self, stack: Any, tokens: Sequence[int], own: Packed) -> Tensor:  # noqa: ANN401  (as above)
        """Embed tokens, each at its place in its row."""
        places = torch.cat([torch.arange(length) for length in own.lengths])
        words, positions = stack.embed_tokens, stack.embed_positions
        hidden = embedding(torch.tensor(tokens), words.weight, words.padding_idx)
        if words.embed_scale != 1.0:
            hidden = hidden * words.embed_scale
        return hidden + embedding(places + positions.offset, positions.weight)

    def _attend(
        self,
        attention: Any,  # noqa: ANN401  (transformers is not typed)
        hidden: Tensor,
        read: Tensor | None,
        chunks: Sequence[Any],
        future: Tensor | None,
    ) -> Tensor:
        query, key, value = attention.q_proj, attention.k_proj, attention.v_proj
        seeking = hidden.to(self._dtype)
        if read is None:
            queries, seen = self._linears(seeking, query, key, value), None
        else:
            queries, seen = self._linears(seeking, query), self._linears(read, key, value)
        manner = Manner(chunks, self._use(self._dropout.attention), attention.scaling)
        mixed = apply(Attention, queries, seen, future, manner)
        return self._linears(mixed, attention.out_proj)

    def _feed(self, layer: Any, hidden: Tensor) -> Tensor:  # noqa: ANN401  (transformers is not typed)
        between = layer.activation_fn(self._linears(hidden.to(self._dtype), layer.fc1))
        masks = self._use(self._dropout.activation)
        if masks is not None:
            between = between * masks.draw(between.shape)
        return self._linears(between, layer.fc2)

    @staticmethod
    def _norm(norm: Any, hidden: Tensor) -> Tensor:  # noqa: ANN401  (transformers is not typed)
        return layer_norm(hidden, norm.normalized_shape, norm.weight, norm.bias, norm.eps)


def _hide_later(length: int, dtype: torch.dtype) -> Tensor:
    """Build what is added to the scores of a row that may not look ahead.

    Shape:
        result: (1, length, length).
    """
    return torch.full((1, length, length), float("-inf"), dtype=dtype).triu(1)
