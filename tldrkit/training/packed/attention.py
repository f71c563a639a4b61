"""Attention, with a learned position bias or without, chunk by chunk, with its gradient written out.

Torch's fused kernels give no gradient of the bias, and know no dropout on a processor.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from tldrkit.training.packed.dropout import DropoutMasks
from tldrkit.training.packed.layout import Chunk


class Manner(NamedTuple):
    """How attention is computed.

    Attributes:
        chunks: The rows, cut.
        masks: Dropout of the weights; None for none.
        scale: What queries are multiplied with: 1 in T5, whose weights hold it.
    """

    chunks: Sequence[Chunk]
    masks: DropoutMasks | None = None
    scale: float = 1.0


class Attention(torch.autograd.Function):
    """Attend: scaled scores plus bias, softmax, dropout, weighted sum."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401  (torch's contexts take any attribute)
        queries: Tensor,
        seen: Tensor | None,
        bias: Tensor | None,
        manner: Manner,
    ) -> Tensor:
        """Attend.

        Shape:
            queries: (query tokens, inner), or (tokens, 3 * inner) of queries, keys and values where ``seen``
                is None.
            seen: (key tokens, 2 * inner) of keys and values.
            bias: (heads, longest query row, longest key row), masked by ``-inf``; None for none.
            result: (query tokens, inner).
        """
        chunks, masks, scale = manner
        query, key, value = _split(queries, seen)
        mixed = torch.empty_like(query, memory_format=torch.contiguous_format)
        weights, dropped = [], []
        for chunk in chunks:
            scores = torch.bmm(_scale(chunk.queries.pad(query), scale), chunk.keys.pad(key).transpose(1, 2))
            by_row = scores.view(chunk.queries.rows, chunk.queries.heads, *scores.shape[1:])
            if bias is not None:
                by_row.add_(bias[:, : chunk.queries.width, : chunk.keys.width])
            if chunk.blocked is not None:
                by_row.masked_fill_(chunk.blocked, float("-inf"))
            weight = torch.softmax(scores, -1)
            mask = None if masks is None else masks.draw(weight.shape)
            kept = weight if mask is None else torch.mul(weight, mask, out=scores)
            chunk.queries.unpad(torch.bmm(kept, chunk.keys.pad(value)), mixed)
            weights.append(weight)
            dropped.append(mask)
        ctx.save_for_backward(queries, *(() if seen is None else (seen,)))
        ctx.bias_shape = bias.shape if bias is not None and bias.requires_grad else None
        ctx.chunks, ctx.weights, ctx.masks, ctx.scale = chunks, weights, dropped, scale
        return mixed

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401  (as above)
        """Return the gradients of queries, seen and bias."""
        queries, seen = ctx.saved_tensors if len(ctx.saved_tensors) == 2 else (*ctx.saved_tensors, None)
        query, key, value = _split(queries, seen)
        grad_queries = torch.empty_like(queries)
        grad_seen = None if seen is None else torch.empty_like(seen)
        grad_query, grad_key, grad_value = _split(grad_queries, grad_seen)
        grad_bias = None if ctx.bias_shape is None else grad.new_zeros(ctx.bias_shape, dtype=torch.float32)
        for chunk, weight, mask in zip(ctx.chunks, ctx.weights, ctx.masks, strict=True):
            grad_mixed = chunk.queries.pad(grad)
            kept = weight if mask is None else weight * mask
            chunk.keys.unpad(torch.bmm(kept.transpose(1, 2), grad_mixed), grad_value)
            grad_weight = torch.bmm(grad_mixed, chunk.keys.pad(value).transpose(1, 2))
            if mask is not None:
                grad_weight.mul_(mask)
            grad_score = torch._softmax_backward_data(grad_weight, weight, -1, weight.dtype)
            if grad_bias is not None:
                by_row = grad_score.view(chunk.queries.rows, chunk.queries.heads, *grad_score.shape[1:])
                grad_bias[:, : by_row.shape[2], : by_row.shape[3]] += by_row.sum(0, dtype=torch.float32)
            chunk.queries.unpad(_scale(torch.bmm(grad_score, chunk.keys.pad(key)), ctx.scale), grad_query)
            grad_keys = torch.bmm(grad_score.transpose(1, 2), _scale(chunk.queries.pad(query), ctx.scale))
            chunk.keys.unpad(grad_keys, grad_key)
        ctx.weights = ctx.masks = None
        return grad_queries, grad_seen, grad_bias, None


def _scale(queries: Tensor, scale: float) -> Tensor:
    return queries if scale == 1.0 else queries * scale


def _split(queries: Tensor, seen: Tensor | None) -> Sequence[Tensor]:
    """Tell queries, keys and values apart, as views."""
    return queries.chunk(3, dim=1) if seen is None else (queries, *seen.chunk(2, dim=1))
