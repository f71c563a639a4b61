"""Fewer attention heads: those that write least go.

Knows attentions by the blueprint. Does not choose the number.
"""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from tldrkit.compression.calibration import CalibrationExample
from tldrkit.compression.importance import measure_written
from tldrkit.families.anatomy import find_blueprint
from tldrkit.families.blueprint import AttentionPaths, Side
from tldrkit.families.rebuilding import StateDict, rebuild, resize


def narrow_attentions(
    network: PreTrainedModel, heads: int, examples: Sequence[CalibrationExample]
) -> PreTrainedModel:
    """Build a network that keeps the ``heads`` most important heads of every attention, in their order.

    The self-attentions of one side keep the same heads where they share one position bias by head. Where
    heads share out the width of the hidden states (BART), the network is of our class.

    Args:
        network: The wider one, which is left alone.
        heads: Kept; a side that has no more stays as it is.
        examples: What importance is measured on.

    Raises:
        ModelError: Neither the network's class nor ours has heads whose number is free.
    """
    kind, config = resize(network, heads=heads)
    state = {name: tensor.detach() for name, tensor in network.state_dict().items()}
    sides = [side for side in find_blueprint(network).sides if side.heads > heads]
    groups = [(side, group) for side in sides for group in _group(side)]
    together = [(side, attention) for side, group in groups for attention in group]
    scores = iter(measure_heads(network, together, examples))
    for side, group in groups:
        importance = torch.stack([next(scores) for _ in group]).sum(0)
        kept = importance.topk(heads).indices.sort().values
        for attention in group:
            _keep_heads(state, attention, kept, side.head_width)
        if side.bias and group[0] is side.layers[0].own:
            state[side.bias] = state[side.bias][:, kept]
    return rebuild(network, kind, config, state)


def measure_heads(
    network: PreTrainedModel,
    attentions: Sequence[tuple[Side, AttentionPaths]],
    examples: Sequence[CalibrationExample],
) -> list[Tensor]:
    """Measure how much each head adds to the hidden states.

    The importances of a head's features are summed, and taken as a share of the attention's sum.

    Shape:
        each result: (heads,)
    """
    writers = [cast(nn.Linear, network.get_submodule(attention.out)) for _, attention in attentions]
    written = measure_written(network, writers, examples)
    by_head = [one.view(side.heads, -1).sum(1) for one, (side, _) in zip(written, attentions, strict=True)]
    return [one / one.sum() for one in by_head]


def _group(side: Side) -> list[list[AttentionPaths]]:
    """Group the attentions of a side that must keep the same heads."""
    own = [layer.own for layer in side.layers]
    crosses = [[layer.cross] for layer in side.layers if layer.cross]
    return [own, *crosses] if side.bias else [*([one] for one in own), *crosses]


def _keep_heads(state: StateDict, attention: AttentionPaths, heads: Tensor, width: int) -> None:
    """Keep the rows of queries, keys and values, and the columns of the output, that belong to some heads."""
    features = (heads[:, None] * width + torch.arange(width, device=heads.device)).flatten()
    for path in (attention.query, attention.key, attention.value):
        for name in (f"{path}.weight", f"{path}.bias"):
            if name in state:
                state[name] = state[name][features]
    state[f"{attention.out}.weight"] = state[f"{attention.out}.weight"][:, features]
