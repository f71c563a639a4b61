"""What the training loop knows of dendrites: one object that may change the network's shape.

Holds the contract and the policy that never changes anything. Nothing of PerforatedAI is known here.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from torch import nn
from torch.optim import Optimizer
from transformers import PreTrainedModel

from tldrkit.families.footprint import count_parameters


@dataclass(frozen=True)
class Growth:
    """What a growth policy made of one validation.

    Args:
        network: The network to go on with.
        restructured: Whether its parameters are new objects: build the optimizer anew.
        finished: Whether growing ended with this validation; its shape stays as it is from now on.
        event: JSON-able facts for the run's metrics; empty where nothing is worth saying.
        rate: Share of the learning rate to go on with, where the network was restructured.
    """

    network: nn.Module
    restructured: bool
    finished: bool
    event: dict[str, Any] = field(default_factory=dict)
    rate: float = 1.0


class GrowthPolicy(Protocol):
    """Decides when a network grows; the loop asks it after every validation."""

    def attach(self, network: PreTrainedModel) -> nn.Module:
        """Prepare a network for growing, in place, before it is trained."""
        ...

    def use_optimizer(self, optimizer: Optimizer) -> None:
        """Learn which optimizer trains the network, each time one was built."""
        ...

    def after_validation(self, network: nn.Module, score: float) -> Growth:
        """Take note of a score (more is better) and grow the network where it is time."""
        ...

    def save(self, folder: Path) -> None:
        """Write down how the network came to its shape."""
        ...

    def restore(
        self, network: nn.Module, folder: Path, build_optimizer: Callable[[nn.Module], Optimizer]
    ) -> tuple[nn.Module, Optimizer]:
        """Bring a network that was just attached to the shape written down; its weights are the caller's.

        Args:
            network: What ``attach`` returned.
            folder: What ``save`` was given.
            build_optimizer: Builds a network's optimizer and calls ``use_optimizer``.

        Returns:
            The network to go on with, and the optimizer last built for it.
        """
        ...

    def detach(self, network: nn.Module) -> PreTrainedModel:
        """Build the plain torch network to deploy; it shares no memory with the one in training."""
        ...

    def count_deployed(self, network: nn.Module) -> int:
        """Compute how many parameters ``detach`` would return, tied ones counted once."""
        ...


class FixedShape:
    """The policy of a network that never grows."""

    def attach(self, network: PreTrainedModel) -> nn.Module:
        """Return the network as it is."""
        unchanged: nn.Module = network
        return unchanged

    def use_optimizer(self, optimizer: Optimizer) -> None:
        """Need no optimizer."""

    def after_validation(self, network: nn.Module, score: float) -> Growth:  # noqa: ARG002  (the contract)
        """Leave the network as it is."""
        return Growth(network, restructured=False, finished=False)

    def save(self, folder: Path) -> None:
        """Have nothing to write down."""

    def restore(
        self,
        network: nn.Module,
        folder: Path,  # noqa: ARG002  (the contract)
        build_optimizer: Callable[[nn.Module], Optimizer],
    ) -> tuple[nn.Module, Optimizer]:
        """Return the network as it is."""
        return network, build_optimizer(network)

    def detach(self, network: nn.Module) -> PreTrainedModel:
        """Copy the network, ready to be used."""
        copied: PreTrainedModel = copy.deepcopy(network).eval()
        return copied

    def count_deployed(self, network: nn.Module) -> int:
        """Compute the number of parameters, tied ones counted once."""
        return count_parameters(network)
