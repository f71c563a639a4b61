"""How much the features that linear layers read are worth: neurons, and the features of heads."""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from tldrkit.compression.calibration import CalibrationExample, run_calibration


def measure_written(
    network: PreTrainedModel, writers: Sequence[nn.Linear], examples: Sequence[CalibrationExample]
) -> list[Tensor]:
    """Measure how much of what layers write to the residual stream each of their inputs accounts for.

    An input's importance is its mean absolute value on the calibration tokens times the norm of its outgoing
    weights: the mean size of what it writes (after Wanda, Sun et al. 2024, which scores single weights). The
    sum stands for the mean: only the order counts.

    Shape:
        each result: (inputs of the layer,)
    """
    sums = [writer.weight.new_zeros(writer.in_features, dtype=torch.float64) for writer in writers]

    def add(index: int, _module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        sums[index] += inputs[0].abs().flatten(0, -2).sum(0, dtype=torch.float64)

    hooks = [writer.register_forward_pre_hook(partial(add, index)) for index, writer in enumerate(writers)]
    run_calibration(network, examples, hooks)
    return [total * writer.weight.detach().norm(dim=0) for total, writer in zip(sums, writers, strict=True)]
