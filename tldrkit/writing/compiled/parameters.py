"""A network as the compiled engine reads it: its blueprint, its generation defaults, its weights by name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tldrkit.dendrites.cascade import Cascade
from tldrkit.families.blueprint import Blueprint, Config
from tldrkit.families.drawing import draw_blueprint
from tldrkit.writing.compiled.kernels.arrays import LOOP_ACTIVATIONS, Floats, Norm


def draw_compiled(config: Config) -> Blueprint | None:
    """Draw the blueprint of a configuration; None where its family, or its activation, is not compiled."""
    blueprint = draw_blueprint(config)
    return blueprint if blueprint and blueprint.activation in LOOP_ACTIVATIONS else None


@dataclass(frozen=True)
class FrozenNetwork:
    """A network whose weights stay as they are, wherever they are read from.

    Args:
        config: Its configuration, by transformers' names.
        generation_config: Its generation defaults, by transformers' names.
        blueprint: Where its weights are, and what is computed with them.
        read_linear: Reads a linear layer, plain or with dendrites, by its path, such as
            ``decoder.block.0.layer.2.DenseReluDense.wi``.
        read: Reads any other tensor by its name, such as ``shared.weight``.
    """

    config: Any
    generation_config: Any
    blueprint: Blueprint
    read_linear: Callable[[str], Cascade[Floats]]
    read: Callable[[str], Floats]

    def read_norm(self, path: str) -> Norm:
        """Read the norm at a path."""
        blueprint = self.blueprint
        bias = self.read(f"{path}.bias") if blueprint.norm == "layer" else np.empty(0, np.float32)
        return Norm(self.read(f"{path}.weight"), bias, blueprint.epsilon, blueprint.norm_first)
