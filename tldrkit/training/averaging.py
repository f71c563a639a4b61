"""The average of a network's weights over the last steps, which is validated and published in their place."""

import torch
from torch import Tensor, nn

from tldrkit.specs import FitSpec


class Average:
    """A running average of all weights that train.

    ``mean += (weights - mean) / min(t, n)`` after step t: the mean of all steps until step n, and then an
    exponential moving average whose decay is ``1 - 1 / n`` (Polyak & Juditsky 1992, "Acceleration of
    Stochastic Approximation by Averaging"). The weights before the first step have no part in it.

    Args:
        network: Its parameters are averaged, as long as they are its parameters.
        steps: n, the horizon.
    """

    def __init__(self, network: nn.Module, steps: int) -> None:
        trained = {name: weight for name, weight in network.named_parameters() if weight.requires_grad}
        self._weights = [weight.detach() for weight in trained.values()]  # the same memory
        self._steps = steps
        self.means = {name: weight.detach().clone() for name, weight in trained.items()}
        """The averages, by the parameters' names."""

    def add(self, step: int) -> None:
        """Take in the weights after a step, counted from 1."""
        torch._foreach_lerp_(list(self.means.values()), self._weights, 1 / min(step, self._steps))

    def swap(self) -> None:
        """Let averages and weights change places; a second time puts them back."""
        for mean, weight in zip(self.means.values(), self._weights, strict=True):
            kept: Tensor = mean.clone()
            mean.copy_(weight)
            weight.copy_(kept)


def build_average(network: nn.Module, spec: FitSpec) -> Average | None:
    """Build the average of a network's weights; None where none is asked for."""
    return Average(network, spec.average_steps) if spec.average_steps else None
