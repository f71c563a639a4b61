"""How far a run of the loop has come."""

import time
from dataclasses import dataclass, field
from typing import Any

from torch import nn
from torch.optim import Optimizer
from transformers import PreTrainedModel

from tldrkit.training.averaging import Average
from tldrkit.training.objective import Objective
from tldrkit.training.validation import WORST, Score


@dataclass(kw_only=True)
class Progress:
    """What changes while the loop runs."""

    network: nn.Module
    optimizer: Optimizer
    objective: Objective
    average: Average | None = None
    """Of the weights since the optimizer was built; None where none is asked for."""
    built_at: int = 0
    """Step at which the optimizer was built."""
    rate: float = 1.0
    """Share of the learning rate that is left since the network has grown."""
    cuts: int = 0
    """How often the learning rate was cut since then."""
    step: int = 0
    tokens: int = 0
    halvings: int = 0
    """How often memory ran out and the parts of a batch were made half as large."""
    best: Score = WORST
    best_step: int = 0
    best_tokens: int = 0
    """Tokens seen when the best network was validated."""
    best_network: PreTrainedModel | None = None
    stale: int = 0
    validations: list[dict[str, Any]] = field(default_factory=list)
    restructurings: list[dict[str, Any]] = field(default_factory=list)
    validation_seconds: float = 0.0
    seconds_before: float = 0.0
    """What the run had taken when it was killed, and this one went on."""

    @property
    def since_build(self) -> int:
        """Steps since the optimizer was built."""
        return self.step - self.built_at


@dataclass
class Window:
    """The steps since the last log line."""

    loss: float = 0.0
    tokens: int = 0
    steps: int = 0
    started: float = field(default_factory=time.monotonic)

    def add(self, loss: float, tokens: int) -> None:
        """Count a step."""
        self.loss, self.tokens, self.steps = self.loss + loss, self.tokens + tokens, self.steps + 1
