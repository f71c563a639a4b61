"""Fewer attention heads in a T5: those that write least go.

Knows T5's attentions; BART's heads share out its width, so none can go there. Does not choose the number.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from tldrkit.compression.calibration import CalibrationExample
from tldrkit.compression.feed_forward import build_linear
from tldrkit.compression.importance import measure_written
from tldrkit.families.anatomy import write_sizes


def narrow_attentions(network: PreTrainedModel, heads: int, examples: Sequence[CalibrationExample]) -> None:
    """Keep the ``heads`` most important heads of every attention of a T5, in their order, in place.

    The self-attentions of one side keep the same heads, since they share one position bias by head.
    """
    given: Any = network
    own = [
        [block.layer[0].SelfAttention for block in stack.block] for stack in (given.encoder, given.decoder)
    ]
    groups = [*own, *([block.layer[1].EncDecAttention] for block in given.decoder.block)]
    together = [attention for group in groups for attention in group]
    scores = iter(measure_importance(network, together, examples))
    for group in groups:
        importance = torch.stack([next(scores) for _ in group]).sum(0)
        for attention in group:
            _keep_heads(attention, importance.topk(heads).indices.sort().values)
    write_sizes(network)


def measure_importance(
    network: PreTrainedModel, attentions: Sequence[Any], examples: Sequence[CalibrationExample]
) -> list[Tensor]:
    """Measure how much each head adds to the residual stream.

    The importances of a head's features are summed, and taken as a share of the attention's sum.

    Shape:
        each result: (heads,)
    """
    written = measure_written(network, [attention.o for attention in attentions], examples)
    by_head = [one.view(a.n_heads, -1).sum(1) for one, a in zip(written, attentions, strict=True)]
    return [one / one.sum() for one in by_head]


def _keep_heads(attention: Any, heads: Tensor) -> None:  # noqa: ANN401  (transformers is not typed)
    width = attention.key_value_proj_dim
    features = (heads[:, None] * width + torch.arange(width, device=heads.device)).flatten()
    for name in "qkv":
        linear = getattr(attention, name)
        setattr(attention, name, build_linear(linear.weight.detach()[features], None))
    attention.o = build_linear(attention.o.weight.detach()[:, features], None)
    attention.n_heads, attention.inner_dim = len(heads), len(features)
    if attention.has_relative_attention_bias:
        bias = attention.relative_attention_bias
        narrow = nn.Embedding(bias.num_embeddings, len(heads), device="meta")
        narrow.weight = nn.Parameter(bias.weight.detach()[:, heads].clone())
        attention.relative_attention_bias = narrow
