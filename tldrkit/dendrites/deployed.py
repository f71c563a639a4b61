"""The parameters of a linear layer as it is deployed, plain or with dendrites."""

from torch import Tensor, nn

from tldrkit.dendrites.cascade import Cascade
from tldrkit.families.hub_code.dendritic_linear import DendriticLinear


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
