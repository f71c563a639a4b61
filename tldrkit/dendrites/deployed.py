"""The parameters of a linear layer or a block as it is deployed, plain or with dendrites."""

from dataclasses import dataclass

from torch import Tensor, nn

from tldrkit.dendrites.cascade import Cascade
from tldrkit.families.hub_code.dendritic_block import DendriticBlock
from tldrkit.families.hub_code.dendritic_linear import DendriticLinear


@dataclass(frozen=True)
class Block:
    """A feed-forward block and its dendrites, which are blocks like it; see ``DendriticBlock``.

    Shape:
        to_output: (dendrites, width).
        links: for each dendrite but the first, (earlier dendrites, width).
    """

    dendrites: tuple[nn.Module, ...]
    to_output: Tensor
    links: tuple[Tensor, ...]
    activation: str


def read_deployed(module: nn.Module) -> Cascade[Tensor]:
    """Read the parameters of a linear layer, plain or deployed with dendrites.

    Raises:
        TypeError: It is neither.
    """
    if type(module) is nn.Linear:
        return Cascade(module.weight, bias=module.bias)
    if not isinstance(module, DendriticLinear):
        raise TypeError(f"{type(module).__name__} is no linear layer as deployed")
    return Cascade(
        module.weight,
        module.dendrite_weight.unbind(),
        module.dendrite_to_output,
        tuple(module.links_to(dendrite) for dendrite in range(1, module.dendrites)),
        module.activation,
        module.bias,
        () if module.dendrite_bias is None else module.dendrite_bias.unbind(),
    )


def read_deployed_block(module: nn.Module) -> Block | None:
    """Read a block deployed with dendrites; None where it is no such block."""
    if not isinstance(module, DendriticBlock):
        return None
    dendrites = tuple(module.dendrites)
    links = tuple(module.links_to(dendrite) for dendrite in range(1, len(dendrites)))
    return Block(dendrites, module.dendrite_to_output, links, module.activation)
