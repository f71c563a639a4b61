"""Reads the weights of a network that torch holds, as NumPy arrays for the compiled engine."""

from typing import TYPE_CHECKING

from torch import Tensor

from tldrkit.dendrites.cascade import Cascade
from tldrkit.dendrites.perforated import list_modules, read_block, read_linear
from tldrkit.families.anatomy import draw_packable
from tldrkit.writing.compiled.kernels.arrays import Floats
from tldrkit.writing.compiled.parameters import FrozenNetwork, draw_compiled

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def freeze(network: "PreTrainedModel") -> FrozenNetwork | None:
    """Make a network's weights readable without torch; they are not copied, and must stay as they are.

    Args:
        network: An encoder-decoder, plain, of ours, or with layers wrapped by PerforatedAI.

    Returns:
        None where it is on no processor, or its family, its activation or its dendrites are not compiled:
        those of whole blocks are not.
    """
    blueprint = draw_compiled(network.config) if draw_packable(network) else None
    modules = list_modules(network)
    if blueprint is None or any(read_block(module) for module in modules.values()):
        return None

    def read_layer(path: str) -> Cascade[Floats]:
        layer = read_linear(modules[path])
        return Cascade(
            _convert(layer.weight),
            tuple(map(_convert, layer.dendrites)),
            None if layer.to_output is None else _convert(layer.to_output),
            tuple(map(_convert, layer.links)),
            layer.activation,
            None if layer.bias is None else _convert(layer.bias),
            tuple(map(_convert, layer.dendrite_biases)),
        )

    def read(name: str) -> Floats:
        path, _, own = name.rpartition(".")
        return _convert(getattr(modules[path], own))

    return FrozenNetwork(
        config=network.config,
        generation_config=network.generation_config,
        blueprint=blueprint,
        read_linear=read_layer,
        read=read,
    )


def _convert(tensor: Tensor) -> Floats:
    array: Floats = tensor.detach().float().contiguous().numpy()
    return array
