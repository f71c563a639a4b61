"""What a network weighs: parameters by part, bytes on disk.

Counts what is deployed: a tied matrix once, dendrites included. Loads nothing.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

PARTS = ("embeddings", "encoder", "decoder", "dendrites", "head")


def count_parameters(network: "nn.Module") -> int:
    """Count the parameters of a network, tied matrices once."""
    return sum(parameter.numel() for parameter in network.parameters())


def count_trained(network: "nn.Module") -> int:
    """Count the parameters of a network that training changes, tied matrices once."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


def count_by_part(network: "nn.Module") -> dict[str, int]:
    """Count the parameters of each part of a network, tied matrices once; a tied head counts nothing.

    Projections between two widths belong to the decoder. The parts add up to ``count_parameters``.
    """
    counts = dict.fromkeys(PARTS, 0)
    for name, parameter in network.named_parameters():
        counts[_find_part(name)] += parameter.numel()
    return counts


def compute_bytes(folder: Path) -> int:
    """Compute the bytes of the weights (safetensors files and ONNX graphs) in a folder."""
    weights = (*folder.glob("*.safetensors"), *folder.glob("*.onnx"))
    return sum(path.stat().st_size for path in weights)


def _find_part(name: str) -> str:
    """Name the part a parameter belongs to; names are those of T5 and BART."""
    if "dendrite" in name:
        return "dendrites"
    path = name.split(".")
    if "shared" in path or any(step.startswith("embed_") for step in path):
        return "embeddings"
    return next((side for side in ("encoder", "decoder") if side in path), "head")
