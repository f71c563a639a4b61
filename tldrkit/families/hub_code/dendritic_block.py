"""A feed-forward block of T5 with dendrites, in plain torch; and the growing of blocks and linear layers.

Knows the function a perforated block computes, and nothing of how dendrites are grown. It imports torch and
one sibling: the file travels beside exported weights.
"""

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from .dendritic_linear import ACTIVATIONS, Dendritic, grow_linears  # noqa: TID252  (flat on the hub)


class DendriticBlock(Dendritic):
    """Compute a feed-forward block (norm, linear layers and the sum with its input) and what dendrites add.

    With the block F and dendrites F_j, which are blocks like it, links s_ji, output weights t_j and
    activation a: ``o_j = a(F_j(x) + sum_{i<j} s_ji * o_i)`` and ``y = F(x) + sum_j t_j * o_j``. The output
    weights of a new block are zero, so it computes F(x) until it is trained or loaded.

    Args:
        block: F, a ``T5LayerFF`` or ``MT5LayerFF``; its parts become this module's, under their names.
        dendrites: Number of dendrites; they begin as copies of it.
        activation: ``sigmoid``, ``tanh`` or ``relu``.

    Raises:
        ValueError: Fewer than one dendrite, or an unknown activation.
    """

    def __init__(self, block: nn.Module, dendrites: int, activation: str) -> None:
        super().__init__()
        if dendrites < 1 or activation not in ACTIVATIONS:
            raise ValueError(
                f"Fewer than one dendrite ({dendrites}), or an unknown activation ({activation!r})."
            )
        self.activation = activation
        copies = [copy.deepcopy(block) for _ in range(dendrites)]
        for name, part in block.named_children():
            self.add_module(name, part)
        self.dendrites = nn.ModuleList(copies)
        norm = block.get_parameter("layer_norm.weight")
        self.dendrite_to_output = nn.Parameter(norm.new_zeros(dendrites, len(norm)))
        links = dendrites * (dendrites - 1) // 2  # row j(j-1)/2 + i is s_ji
        drawn = nn.Parameter(norm.new_zeros(links, len(norm))) if links else None
        self.register_parameter("dendrite_links", drawn)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Apply the block.

        Shape:
            hidden: (..., width)
            result: (..., width)
        """
        parts: Any = self
        output: torch.Tensor = hidden + parts.dropout(parts.DenseReluDense(parts.layer_norm(hidden)))
        return self.add_dendrites(output, (block(hidden) for block in self.dendrites))


def grow(module: nn.Module, growth: Mapping[str, int], activation: str) -> None:
    """Replace linear layers and blocks by dendritic ones that compute the same, in place.

    Args:
        module: The network to change.
        growth: Number of dendrites by dotted module path.
        activation: ``sigmoid``, ``tanh`` or ``relu``.

    Raises:
        ValueError: A path names neither.
    """
    modules = dict(module.named_modules())
    blocks = {path for path in growth if hasattr(modules.get(path), "DenseReluDense")}
    for path in blocks:
        module.set_submodule(path, DendriticBlock(modules[path], growth[path], activation))
    grow_linears(module, {path: growth[path] for path in growth if path not in blocks}, activation)
