"""A T5 out of torch: what writes with it needs no torch from then on."""

from typing import TYPE_CHECKING

from torch import Tensor

from tldrkit.models.anatomy import T5, find_packable
from tldrkit.models.cascade import Cascade
from tldrkit.models.dendrites import read_linear
from tldrkit.models.frozen.kernels.arrays import Floats
from tldrkit.models.frozen.parameters import FrozenT5, can_write

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def freeze(network: "PreTrainedModel") -> FrozenT5 | None:
    """Make a T5's weights readable without torch; they are not copied, and must stay as they are.

    Args:
        network: An encoder-decoder, plain, of ours, or with layers wrapped by PerforatedAI.

    Returns:
        None where it is no T5 on a processor, or has an activation that is not compiled.
    """
    if find_packable(network) is not T5 or not can_write(network.config):
        return None

    def read(path: str) -> Cascade[Floats]:
        layer = read_linear(network.get_submodule(path))
        return Cascade(
            _convert(layer.weight),
            tuple(map(_convert, layer.dendrites)),
            None if layer.to_output is None else _convert(layer.to_output),
            tuple(map(_convert, layer.links)),
            layer.activation,
        )

    return FrozenT5(
        config=network.config,
        generation_config=network.generation_config,
        read_linear=read,
        read_weight=lambda path: _convert(network.get_submodule(path).weight),
    )


def _convert(tensor: Tensor) -> Floats:
    array: Floats = tensor.detach().float().contiguous().numpy()
    return array
