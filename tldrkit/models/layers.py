"""Fewer layers: which ones are kept, and what must move with them.

Knows T5 and BART by their anatomy. Does not know weights: the layers kept are as they were.
"""

from collections.abc import Sequence

from torch import nn
from transformers import PreTrainedModel

from tldrkit.models.anatomy import T5, Side, find_family, find_layers, write_sizes


def choose_layers(present: int, kept: int) -> list[int]:
    """Choose ``kept`` of ``present`` layers, evenly spaced, with the first and the last.

    A single kept layer is the first (Shleifer & Rush 2020, "Pre-trained Summarization Distillation", 3.2).
    """
    if kept == 1:
        return [0]
    gaps = kept - 1
    return [(2 * index * (present - 1) + gaps) // (2 * gaps) for index in range(kept)]  # rounded half up


def keep_layers(network: PreTrainedModel, side: Side, kept: Sequence[int]) -> None:
    """Drop all layers of one side but the ``kept`` ones, in place; order and numbers in the configs follow.

    T5's first layer holds the relative position bias all layers use: it moves to the new first one.
    """
    layers = find_layers(network, side)
    remaining = [layers[index] for index in kept]
    if find_family(network) is T5 and kept[0] != 0:
        _move_position_bias(layers[0], remaining[0])
    del layers[:]
    layers.extend(remaining)
    for index, layer in enumerate(layers):
        for module in layer.modules():
            if hasattr(module, "layer_idx"):  # attentions find their place in the cache by it
                module.layer_idx = index  # type: ignore[assignment]
    write_sizes(network)


def _move_position_bias(source: nn.Module, target: nn.Module) -> None:
    giver, taker = source.layer[0].SelfAttention, target.layer[0].SelfAttention  # type: ignore[union-attr,index]
    taker.relative_attention_bias = giver.relative_attention_bias
    taker.has_relative_attention_bias = True
