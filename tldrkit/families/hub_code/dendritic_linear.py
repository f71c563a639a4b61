"""A linear layer with dendrites, in plain torch.

Knows the function a perforated layer computes, and nothing of how dendrites are grown. It imports torch
alone: the file travels beside exported weights, where tldrkit and PerforatedAI need not be installed.
"""

import math
from collections.abc import Iterable, Mapping

import torch
from torch import nn
from torch.nn import functional

ACTIVATIONS = {"relu": torch.relu, "sigmoid": torch.sigmoid, "tanh": torch.tanh}


class Dendritic(nn.Module):
    """What all modules with dendrites share: their links and output weights, and the sum over them."""

    activation: str
    dendrite_to_output: nn.Parameter
    dendrite_links: nn.Parameter | None

    def add_dendrites(self, output: torch.Tensor, drives: Iterable[torch.Tensor]) -> torch.Tensor:
        """Add to an output what the dendrites make of their drives, one for each.

        Shape:
            output, each drive, result: (..., width)
        """
        features: list[torch.Tensor] = []
        for dendrite, drive in enumerate(drives):
            feature = drive
            for link, earlier in zip(self.links_to(dendrite), features, strict=True):
                feature = torch.addcmul(feature, link, earlier)
            features.append(ACTIVATIONS[self.activation](feature))
            output = torch.addcmul(output, self.dendrite_to_output[dendrite], features[-1])
        return output

    def links_to(self, dendrite: int) -> torch.Tensor:
        """Select the links from all earlier dendrites.

        Shape:
            result: (dendrite, width)
        """
        if self.dendrite_links is None:
            return self.dendrite_to_output[:0]
        first = dendrite * (dendrite - 1) // 2
        return self.dendrite_links[first : first + dendrite]


class DendriticLinear(Dendritic):
    """Compute a linear map and the features its dendrites add to it.

    With main weight W, dendrites D_j, links s_ji (from dendrite i to dendrite j), output weights t_j and
    activation a: ``o_j = a(D_j x + sum_{i<j} s_ji * o_i)`` and ``y = W x + sum_j t_j * o_j``, which are the
    gradient-descent dendrites of PerforatedAI 3.2. W and every D_j have a bias where the layer has one. The
    output weights of a new layer are zero, so it computes W x until it is trained or loaded.

    Args:
        in_features: Width of the input.
        out_features: Width of the output, and of every dendrite.
        dendrites: Number of dendrites.
        activation: ``sigmoid``, ``tanh`` or ``relu``.
        bias: Whether W and every D_j have a bias.
        device: Where the parameters live.
        dtype: Their number format.

    Raises:
        ValueError: Fewer than one dendrite, or an unknown activation.
    """

    bias: nn.Parameter | None
    dendrite_bias: nn.Parameter | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        dendrites: int,
        activation: str = "sigmoid",
        *,
        bias: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        if dendrites < 1:
            raise ValueError(f"A dendritic layer has at least one dendrite, not {dendrites}.")
        if activation not in ACTIVATIONS:
            raise ValueError(
                f"Unknown dendrite activation {activation!r}: choose from {', '.join(ACTIVATIONS)}."
            )
        self.in_features, self.out_features = in_features, out_features
        self.dendrites, self.activation = dendrites, activation

        def parameter(*shape: int) -> nn.Parameter:
            return nn.Parameter(torch.empty(*shape, device=device, dtype=dtype))

        self.weight = parameter(out_features, in_features)
        self.dendrite_weight = parameter(dendrites, out_features, in_features)
        self.dendrite_to_output = parameter(dendrites, out_features)
        self.register_parameter("bias", parameter(out_features) if bias else None)
        self.register_parameter("dendrite_bias", parameter(dendrites, out_features) if bias else None)
        links = dendrites * (dendrites - 1) // 2  # row j(j-1)/2 + i is s_ji
        self.register_parameter("dendrite_links", parameter(links, out_features) if links else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights: W and D_j as ``nn.Linear`` does, links and output weights zero."""
        bound = 1 / math.sqrt(self.in_features)
        for drawn in (self.weight, self.bias, self.dendrite_weight, self.dendrite_bias):
            if drawn is not None:
                nn.init.uniform_(drawn, -bound, bound)
        nn.init.zeros_(self.dendrite_to_output)
        if self.dendrite_links is not None:
            nn.init.zeros_(self.dendrite_links)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Apply the layer.

        Shape:
            hidden: (..., in_features)
            result: (..., out_features)
        """
        output = functional.linear(hidden, self.weight, self.bias)
        return self.add_dendrites(output, self._compute_dendrites(hidden))

    def _compute_dendrites(self, hidden: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Compute D_j x for all dendrites in one product.

        Shape:
            hidden: (..., in_features)
            result: dendrites times (..., out_features)
        """
        weight = self.dendrite_weight.flatten(0, 1)
        bias = None if self.dendrite_bias is None else self.dendrite_bias.flatten()
        return functional.linear(hidden, weight, bias).chunk(self.dendrites, dim=-1)

    def extra_repr(self) -> str:
        """Describe the layer as ``nn.Linear`` does, with its dendrites."""
        shape = f"in_features={self.in_features}, out_features={self.out_features}"
        dendrites = f"dendrites={self.dendrites}, activation={self.activation}"
        return f"{shape}, bias={self.bias is not None}, {dendrites}"


def grow_linears(module: nn.Module, growth: Mapping[str, int], activation: str) -> None:
    """Replace linear layers by dendritic ones that compute the same, in place.

    Args:
        module: The network to change.
        growth: Number of dendrites by dotted module path.
        activation: ``sigmoid``, ``tanh`` or ``relu``.

    Raises:
        ValueError: A path names no linear layer.
    """
    modules = dict(module.named_modules())
    for path, dendrites in growth.items():
        linear = modules.get(path)
        if not isinstance(linear, nn.Linear):
            raise ValueError(f"Dendrites were to grow on {path!r}, which is no linear layer of this network.")
        grown = DendriticLinear(
            linear.in_features,
            linear.out_features,
            dendrites,
            activation,
            bias=linear.bias is not None,
            device=linear.weight.device,
            dtype=linear.weight.dtype,
        )
        for name, parameter in linear.named_parameters():
            grown.register_parameter(name, parameter)
        module.set_submodule(path, grown)
