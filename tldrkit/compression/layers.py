"""Fewer layers: which ones are kept, and what must move with them.

Knows a network by its anatomy. Does not know weights: the layers kept are as they were.
"""

import copy
from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity
from transformers import PreTrainedModel

from tldrkit.compression.calibration import CalibrationExample, run_calibration
from tldrkit.families.anatomy import SideName, find_layers, find_side, write_sizes


def choose_layers(present: int, kept: int) -> list[int]:
    """Choose ``kept`` of ``present`` layers, evenly spaced, with the first and the last.

    A single kept layer is the first (Shleifer & Rush 2020, "Pre-trained Summarization Distillation", 3.2).
    """
    if kept == 1:
        return [0]
    gaps = kept - 1
    return [(2 * index * (present - 1) + gaps) // (2 * gaps) for index in range(kept)]  # rounded half up


def measure_change(
    network: PreTrainedModel, side: SideName, examples: Sequence[CalibrationExample]
) -> Tensor:
    """Measure how much each layer of one side changes the residual stream: mean of 1 - cos(before, after).

    Men et al. 2024, "ShortGPT: Layers in Large Language Models are More Redundant Than You Expect", 3.1
    (block influence).

    Shape:
        result: (layers,)
    """
    layers = find_layers(network, side)
    changes = torch.zeros(len(layers), dtype=torch.float64)
    tokens = torch.zeros(len(layers), dtype=torch.float64)

    def add(
        index: int, _layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor | tuple[Tensor]
    ) -> None:
        after = output if isinstance(output, Tensor) else output[0]
        similarity = cosine_similarity(inputs[0].double(), after.double(), dim=-1)
        changes[index] += (1 - similarity).sum().cpu()
        tokens[index] += similarity.numel()

    hooks = [layer.register_forward_hook(partial(add, index)) for index, layer in enumerate(layers)]
    run_calibration(network, examples, hooks)
    return changes / tokens


def measure_loss_without(
    network: PreTrainedModel, side: SideName, examples: Sequence[CalibrationExample]
) -> Tensor:
    """Measure the loss of a label token with each layer of one side left out in turn, nats.

    Shape:
        result: (layers,)
    """
    count = len(find_layers(network, side))
    losses = []
    for left_out in range(count):
        rest = copy.deepcopy(network)
        keep_layers(rest, side, [index for index in range(count) if index != left_out])
        losses.append(run_calibration(rest, examples))
    return torch.tensor(losses, dtype=torch.float64)


def keep_layers(network: PreTrainedModel, side: SideName, kept: Sequence[int]) -> None:
    """Drop all layers of one side but the ``kept`` ones, in place; order and numbers in the configs follow.

    The first layer holds the relative position bias that all layers use, if there is one: it moves to the new
    first one.
    """
    layers = find_layers(network, side)
    remaining = [layers[index] for index in kept]
    if find_side(network, side).bias and kept[0] != 0:
        _move_position_bias(network, side, kept[0])
    del layers[:]
    layers.extend(remaining)
    for index, layer in enumerate(layers):
        for module in layer.modules():
            if hasattr(module, "layer_idx"):  # attentions find their place in the cache by it
                module.layer_idx = index  # type: ignore[assignment]
    write_sizes(network)


def _move_position_bias(network: PreTrainedModel, side: SideName, first: int) -> None:
    described = find_side(network, side)
    giver, taker = (
        network.get_submodule(described.layers[number].own.query.rpartition(".")[0]) for number in (0, first)
    )
    taker.relative_attention_bias = giver.relative_attention_bias
    taker.has_relative_attention_bias = True
