"""The loss of a network over packed tokens, with the parameters of Hugging Face's classes or of ours.

Computes what the stock class of its blueprint computes, for plain, asymmetric and grown networks, and leaves
out what padding would cost. Knows no optimizer.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, layer_norm
from transformers.activations import ACT2FN

from tldrkit.dendrites.perforated import list_modules, read_block
from tldrkit.families.blueprint import AttentionPaths, Blueprint, FeedForwardPaths, Side
from tldrkit.families.positions import find_buckets
from tldrkit.training.packed.attention import Attention, Manner
from tldrkit.training.packed.dropout import Dropout, DropoutMasks
from tldrkit.training.packed.functions import CrossEntropy, ReluDropout, RmsNorm, apply
from tldrkit.training.packed.layout import Packed, cut_into_chunks
from tldrkit.training.packed.linear import Sprout


class PackedNetwork:
    """Compute the summed loss of rows of tokens.

    Args:
        network: Plain, of ours, or with layers wrapped by PerforatedAI; on a processor.
        blueprint: Its blueprint.
        linears: Applies linear layers of the network to one input.
        dtype: Number format of the input of products and what lies between them; sums, norms and the loss are
            float32.
        dropout: Dropout while the network is in training mode; None for none.
    """

    def __init__(
        self,
        network: nn.Module,
        blueprint: Blueprint,
        linears: Callable[..., Tensor],
        dtype: torch.dtype,
        dropout: Dropout | None,
    ) -> None:
        self._network = network
        self._blueprint = blueprint
        self._linears = linears
        self._dtype = dtype
        self._dropout = dropout or Dropout(None, None, None)
        self._modules: dict[str, Any] = list_modules(network)
        self._activate: Callable[[Tensor], Tensor] = ACT2FN[blueprint.activation]

    def __call__(
        self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], smoothing: float = 0.0
    ) -> Tensor:
        """Sum the cross-entropy over the tokens of all targets.

        Args:
            sources: Token ids of each document.
            targets: Token ids of each summary.
            smoothing: Share of the target probability spread over all tokens.

        Shape:
            result: ().
        """
        labels = torch.tensor([token for row in targets for token in row])
        return apply(CrossEntropy, self.compute_logits(sources, targets), labels, smoothing)

    def compute_logits(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> Tensor:
        """Compute the logits of every token of all targets, each from those before it.

        Shape:
            result: (target tokens, vocabulary).
        """
        blueprint = self._blueprint
        source, target = Packed([len(row) for row in sources]), Packed([len(row) for row in targets])
        read = self.encode(sources)
        hidden = self._run(blueprint.decoder, self._shift(targets), target, read, source)
        if blueprint.output_scale != 1.0:
            hidden = hidden * blueprint.output_scale
        logits = self._linears(hidden, self._modules[blueprint.head])
        if blueprint.logits_bias is None:
            return logits
        bias = self._network.get_buffer(blueprint.logits_bias)
        # Zeros in most networks; in place, since nothing reads the product without it.
        return logits.add_(bias) if bias.any() else logits

    def encode(self, sources: Sequence[Sequence[int]]) -> Tensor:
        """Read documents.

        Shape:
            result: (tokens of all sources, width of the encoder), in the number format to multiply in.
        """
        tokens = [token for row in sources for token in row]
        return self._run(self._blueprint.encoder, tokens, Packed([len(row) for row in sources]))

    def _shift(self, targets: Sequence[Sequence[int]]) -> list[int]:
        """Pack what the decoder reads: each target behind the start mark, without its last token.

        Raises:
            ValueError: No start mark is known.
        """
        if self._blueprint.wraps:
            return [token for row in targets for token in (row[-1], *row[:-1])]
        start = self._blueprint.start
        if start is None:
            raise ValueError("the configuration says no decoder_start_token_id")
        return [token for row in targets for token in (start, *row[:-1])]

    def _run(
        self,
        side: Side,
        tokens: Sequence[int],
        own: Packed,
        read: Tensor | None = None,
        source: Packed | None = None,
    ) -> Tensor:
        """Run the encoder, or the decoder over what the encoder read.

        Shape:
            tokens: (own tokens,).
            read: (source tokens, width of the encoder), in the number format to multiply in.
            result: (own tokens, width of the encoder), likewise.
        """
        blueprint, causal = self._blueprint, source is not None
        bias = self._compute_bias(side, max(own.lengths), causal=causal)
        masks, scale = self._use(self._dropout.attention), side.head_width**-0.5 if blueprint.scaled else 1.0
        inner = Manner(cut_into_chunks(own, own, side.heads, causal=causal), masks, scale)
        cross = cut_into_chunks(own, source, side.heads, causal=False) if source else []
        outer = Manner(cross, masks, scale)
        hidden = self._norm(side.first_norm, self._embed(side, tokens, own))
        into, out_of = blueprint.projections if causal and blueprint.projections else (None, None)
        if into:
            hidden = self._linears(hidden.to(self._dtype), self._modules[into]).to(hidden.dtype)
        hidden = self._drop(hidden)
        for layer in side.layers:
            hidden = self._attend(layer.own, hidden, None, inner, bias)
            if layer.cross:
                hidden = self._attend(layer.cross, hidden, read, outer, None)
            hidden = self._feed(layer.feed, hidden)
        hidden = self._norm(side.last_norm, hidden).to(self._dtype)
        if blueprint.drops_last:
            hidden = self._drop(hidden)
        return self._linears(hidden, self._modules[out_of]) if out_of else hidden

    def _embed(self, side: Side, tokens: Sequence[int], own: Packed) -> Tensor:
        """Embed tokens, each at its place in its row."""
        table = self._find_owner(side.embeddings)
        hidden = embedding(torch.tensor(tokens), table.weight, table.padding_idx)
        if self._blueprint.embedding_scale != 1.0:
            hidden = hidden * self._blueprint.embedding_scale
        if side.positions:
            places = torch.cat([torch.arange(length) for length in own.lengths])
            hidden = hidden + embedding(places + side.offset, self._find_owner(side.positions).weight)
        return hidden

    def _attend(
        self, paths: AttentionPaths, hidden: Tensor, read: Tensor | None, manner: Manner, bias: Tensor | None
    ) -> Tensor:
        query, key, value, out = (self._modules[path] for path in paths.linears)
        norm = self._modules[paths.norm]
        seeking = self._enter(norm, hidden)
        if read is None:
            queries, seen = self._linears(seeking, query, key, value), None
        else:
            queries, seen = self._linears(seeking, query), self._linears(read, key, value)
        mixed = apply(Attention, queries, seen, bias, manner)
        return self._leave(norm, hidden, self._linears(mixed, out))

    def _feed(self, paths: FeedForwardPaths, hidden: Tensor) -> Tensor:
        """Run a feed-forward, and the dendrites of the block it is in, which are feed-forwards like it."""
        output = self._run_feed(paths, self._modules.__getitem__, hidden)
        block = read_block(self._modules[paths.block]) if paths.block else None
        if block is None:
            return output
        outputs = [output]
        for dendrite in block.dendrites:
            find = partial(_find_within, dendrite, f"{paths.block}.")
            outputs.append(self._run_feed(paths, find, hidden))
        return apply(Sprout, torch.cat(outputs, dim=1), block.activation, block.to_output, *block.links)

    def _run_feed(self, paths: FeedForwardPaths, find: Callable[[str], Any], hidden: Tensor) -> Tensor:
        """Run a feed-forward whose modules are found by their paths."""
        norm = find(paths.norm)
        between = self._linears(self._enter(norm, hidden), *map(find, paths.readers))
        masks = self._use(self._dropout.activation)
        if len(paths.readers) == 1 and self._blueprint.activation == "relu":
            mask = None if masks is None else masks.draw(between.shape)
            between = apply(ReluDropout, between, mask, 0.0 if masks is None else masks.rate)
        else:
            if len(paths.readers) == 2:
                gate, value = between.chunk(2, dim=1)
                between = self._activate(gate) * value
            else:
                between = self._activate(between)
            if masks is not None:
                between = between * masks.draw(between.shape).to(between.dtype)
        return self._leave(norm, hidden, self._linears(between, find(paths.writer)))

    def _enter(self, norm: Any, hidden: Tensor) -> Tensor:  # noqa: ANN401  (a module of any kind)
        """Compute what goes into a part of a layer, in the number format to multiply in."""
        return (self._normalize(norm, hidden) if self._blueprint.norm_first else hidden).to(self._dtype)

    def _leave(self, norm: Any, hidden: Tensor, change: Tensor) -> Tensor:  # noqa: ANN401  (as above)
        """Add what comes out of a part of a layer to the hidden states."""
        hidden = self._add(hidden, change)
        return hidden if self._blueprint.norm_first else self._normalize(norm, hidden)

    def _norm(self, path: str | None, hidden: Tensor) -> Tensor:
        return hidden if path is None else self._normalize(self._modules[path], hidden)

    def _normalize(self, norm: Any, hidden: Tensor) -> Tensor:  # noqa: ANN401  (as above)
        epsilon = self._blueprint.epsilon
        if self._blueprint.norm == "rms":
            return apply(RmsNorm, hidden, norm.weight, epsilon, self._dtype)
        return layer_norm(hidden, hidden.shape[-1:], norm.weight, norm.bias, epsilon)

    def _use(self, masks: DropoutMasks | None) -> DropoutMasks | None:
        """Use masks in training alone."""
        return masks if self._network.training else None

    def _drop(self, hidden: Tensor) -> Tensor:
        masks = self._use(self._dropout.hidden)
        return hidden if masks is None else hidden * masks.draw(hidden.shape).to(hidden.dtype)

    def _add(self, hidden: Tensor, change: Tensor) -> Tensor:
        """Add a layer's output, dropped out, to the hidden states."""
        masks = self._use(self._dropout.hidden)
        if masks is None:
            return hidden + change
        return torch.addcmul(hidden, change, masks.draw(change.shape))

    def _compute_bias(self, side: Side, length: int, *, causal: bool) -> Tensor | None:
        """Compute what is added to the scores of the longest row: position biases, and -inf at later places.

        Shape:
            result: (heads, length, length), or (1, length, length) without position biases.
        """
        bias = torch.zeros(1, length, length, dtype=self._dtype) if causal else None
        if side.bias:
            places = np.arange(length)
            reach, weight = self._blueprint.reach, self._find_owner(side.bias).weight
            distances = np.arange(1 - length, length)
            buckets = find_buckets(distances, self._blueprint.buckets, reach, causal=causal)
            by_place = torch.from_numpy(buckets[places[None] - places[:, None] + length - 1])
            bias = embedding(by_place, weight).permute(2, 0, 1).to(self._dtype)
        if bias is not None and causal:
            later = torch.ones(length, length, dtype=torch.bool).triu(1)
            bias = bias.masked_fill(later, float("-inf"))
        return bias

    def _find_owner(self, tensor: str) -> Any:  # noqa: ANN401  (a module of any kind)
        """Find the module that holds a tensor."""
        return self._modules[tensor.rpartition(".")[0]]


def _find_within(block: nn.Module, prefix: str, path: str) -> nn.Module:
    """Find in a copy of a block what has a path in the block."""
    return block.get_submodule(path.removeprefix(prefix))
