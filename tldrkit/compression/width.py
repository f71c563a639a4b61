"""A narrower decoder: its residual stream is projected on its principal directions (SliceGPT).

Method: Ashkboos et al. 2024, "SliceGPT", section 3, with one rotation for the whole stream. T5's norms come
first, scale each token to unit root mean square and do not shift, so a rotation of the stream commutes with
them once their weights have been moved into the matrices that read their output. Knows sublayers by the
blueprint; does not choose the width.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn
from transformers import PreTrainedModel

from tldrkit.compression.calibration import CalibrationExample, run_calibration
from tldrkit.families.anatomy import find_blueprint
from tldrkit.families.blueprint import LayerPaths
from tldrkit.families.drawing import draw_blueprint
from tldrkit.families.rebuilding import StateDict, rebuild, resize


@dataclass(frozen=True)
class Narrowed:
    """A network with a narrower decoder, and the share of its stream's variance that was kept."""

    network: PreTrainedModel
    variance_kept: float


def narrow_decoder(
    network: PreTrainedModel,
    width: int,
    examples: Sequence[CalibrationExample],
    by: Literal["pca", "importance"] = "pca",
) -> Narrowed:
    """Build a network whose decoder has ``width``, from a wider one (which is left alone).

    Args:
        network: The wider one.
        width: The decoder's.
        examples: What the stream is measured on.
        by: What is kept of the stream: principal directions, or the features with the largest mean square.

    Raises:
        ModelError: Its family has no decoder of another width.
    """
    kind, config = resize(network, dec_d_model=width, ours=True)
    moment = measure_moment(network, examples)
    basis = compute_basis(moment, width) if by == "pca" else choose_features(moment, width)
    state = {name: tensor.detach() for name, tensor in network.state_dict().items()}
    for layer in find_blueprint(network).decoder.layers:
        for norm, readers, writer in list_sublayers(layer):
            _rotate_sublayer(state, norm, readers, writer, basis)
    drawn = draw_blueprint(config)
    assert drawn  # as the blueprint of the network
    assert drawn.projections
    assert drawn.decoder.last_norm
    _rotate_ends(state, drawn.projections, drawn.decoder.last_norm, basis)
    kept = (basis.T @ moment @ basis).trace() / moment.trace()
    return Narrowed(rebuild(network, kind, config, state), kept.item())


def measure_moment(network: PreTrainedModel, examples: Sequence[CalibrationExample]) -> torch.Tensor:
    """Measure the second moment of the decoder's residual stream where it is read: before each of its norms.

    Each token counts alike: it is scaled to unit root mean square, as the norm scales it.

    Shape:
        result: (decoder width, decoder width)
    """
    side = find_blueprint(network).decoder
    moment = torch.zeros(side.width, side.width, dtype=torch.float64, device=network.device)

    def add(_module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        tokens = inputs[0].flatten(0, -2).double()
        tokens = tokens / tokens.pow(2).mean(-1, keepdim=True).sqrt().clamp_min(1e-12)
        moment.addmm_(tokens.T, tokens)

    hooks = [network.get_submodule(norm).register_forward_pre_hook(add) for norm in side.norms]
    run_calibration(network, examples, hooks)
    return moment


def compute_basis(moment: torch.Tensor, width: int) -> torch.Tensor:
    """Compute the ``width`` principal directions of a second moment; each one's largest entry is positive.

    Shape:
        moment: (full, full)
        result: (full, width), orthonormal columns
    """
    directions = torch.linalg.eigh(moment).eigenvectors.flip(-1)[:, :width]
    largest = directions.gather(0, directions.abs().argmax(0, keepdim=True))
    basis: torch.Tensor = directions * largest.sign()
    return basis


def choose_features(moment: torch.Tensor, width: int) -> torch.Tensor:
    """Choose the ``width`` features with the largest second moment, as columns of zeros and a one.

    Shape:
        moment: (full, full)
        result: (full, width)
    """
    kept = moment.diagonal().topk(width).indices.sort().values
    return torch.eye(len(moment), dtype=moment.dtype, device=moment.device)[:, kept]


def _build_norm_weight(old: torch.Tensor, basis: torch.Tensor) -> torch.Tensor:
    """Build a norm's weight in the narrow stream, where it divides by the mean over fewer directions.

    The root of the widths' ratio makes up for that (SliceGPT). Making up for the stream's lost length as
    well gave a higher loss at every width tried.
    """
    full, width = basis.shape
    return old.new_full((width,), math.sqrt(full / width))


def list_sublayers(layer: LayerPaths) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """List what reads the stream and what writes to it: a norm, the linear layers behind it, the last one.

    Keys and values across read what the encoder wrote, which keeps its width.
    """
    own, cross, feed = layer.own, layer.cross, layer.feed
    yield own.norm, (own.query, own.key, own.value), own.out
    if cross:
        yield cross.norm, (cross.query,), cross.out
    yield feed.norm, feed.readers, feed.writer


def _rotate_sublayer(
    state: StateDict, norm: str, readers: Sequence[str], writer: str, basis: torch.Tensor
) -> None:
    """Express one sublayer in the basis: what it reads through its norm, and what it writes."""
    weight = state[f"{norm}.weight"]
    for path in readers:
        matrix = state[f"{path}.weight"].double()
        state[f"{path}.weight"] = (matrix * weight.double() @ basis).to(weight)
    state[f"{writer}.weight"] = (basis.T @ state[f"{writer}.weight"].double()).to(weight)
    state[f"{norm}.weight"] = _build_norm_weight(weight, basis)


def _rotate_ends(state: StateDict, projections: tuple[str, str], norm: str, basis: torch.Tensor) -> None:
    """Set the projections from and to the width of the embeddings, the final norm's weight in the latter."""
    weight = state[f"{norm}.weight"]
    identity = torch.eye(basis.shape[0], dtype=basis.dtype, device=basis.device)
    inwards, outwards = (f"{path}.weight" for path in projections)
    read, written = (state.get(name, identity).double() for name in (inwards, outwards))
    state[inwards] = (basis.T @ read).to(weight)
    state[outwards] = (written * weight.double() @ basis).to(weight)
    state[f"{norm}.weight"] = _build_norm_weight(weight, basis)
