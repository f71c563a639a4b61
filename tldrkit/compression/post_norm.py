"""A narrower decoder whose norms stand behind its sums and subtract means, as BART's do.

Where a norm comes first its weights can be moved into what reads it, and a rotation of the stream changes
nothing (``width.py``). Behind a sum they stay in the stream, so here nothing is exact but the mean:
directions are taken orthogonal to it and set into a basis whose own mean is zero, so that subtracting it
again takes nothing away (after Ashkboos et al. 2024, "SliceGPT", 3.1, which turns it into a matrix before an
RMSNorm). The rest is fitted to the decoder on calibration documents: what is read of the full stream is
predicted from the narrow one by least squares, and each norm's weights are those that come nearest to its
full output.

Knows sublayers by the blueprint. Does not choose the width.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from tldrkit.compression.calibration import CalibrationExample, run_calibration
from tldrkit.compression.width import Narrowed, choose_features, compute_basis, list_sublayers
from tldrkit.families.anatomy import find_blueprint
from tldrkit.families.blueprint import Blueprint
from tldrkit.families.drawing import draw_blueprint
from tldrkit.families.rebuilding import StateDict, rebuild, resize

_FEWEST = 1e-9  # share of the largest variance below which a direction is taken as empty


@dataclass(frozen=True)
class _Stream:
    """Hidden states at one place, over all calibration tokens.

    Shape:
        mean: (width,)
        spread: (width, width), their covariance.
    """

    mean: Tensor
    spread: Tensor

    def predict(self, basis: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the matrix and the constants that predict them from their part in a basis.

        Shape:
            basis: (width, narrow width)
            result: (width, narrow width), (width,)
        """
        narrow = basis.T @ self.spread @ basis
        matrix = self.spread @ basis @ torch.linalg.pinv(narrow, hermitian=True, rtol=_FEWEST)
        return matrix, self.mean - matrix @ basis.T @ self.mean


def narrow_post_norm(
    network: PreTrainedModel,
    width: int,
    examples: Sequence[CalibrationExample],
    by: Literal["pca", "importance"] = "pca",
) -> Narrowed:
    """Build a network whose decoder has ``width``, from a wider one (which is left alone).

    Args:
        network: The wider one; its norms stand behind sums.
        width: The decoder's.
        examples: What the stream is measured on.
        by: What is kept of the stream: principal directions, or the features with the largest variance.

    Raises:
        ModelError: Its family has no decoder of another width.
    """
    kind, config = resize(network, dec_d_model=width, ours=True)
    blueprint, drawn = find_blueprint(network), draw_blueprint(config)
    assert drawn  # as the blueprint of the network
    streams = _measure_streams(network, blueprint, examples)
    spread = torch.stack([stream.spread for stream in streams]).sum(0)
    basis = choose_features(spread, width) if by == "importance" else _centre(spread, width)
    norms = _fit_norms(network, blueprint, basis, examples)
    state = {name: tensor.detach() for name, tensor in network.state_dict().items()}
    sublayers = [one for layer in blueprint.decoder.layers for one in list_sublayers(layer)]
    for (norm, readers, writer), stream in zip(sublayers, streams, strict=False):
        for path in readers:
            _read(state, path, *stream.predict(basis))
        _write(state, writer, basis)
        state[f"{norm}.weight"], state[f"{norm}.bias"] = norms[norm]
    _rename_ends(state, blueprint, drawn, spread.new_zeros(len(spread)))
    assert drawn.projections
    inwards, outwards = drawn.projections
    _write(state, inwards, basis)
    _read(state, outwards, *streams[-1].predict(basis))
    kept = (basis.T @ spread @ basis).trace() / spread.trace()
    dtype = network.dtype
    rounded = {name: one.to(dtype) if one.is_floating_point() else one for name, one in state.items()}
    return Narrowed(rebuild(network, kind, config, rounded), kept.item())


def _centre(spread: Tensor, width: int) -> Tensor:
    """Compute a basis of ``width - 1`` principal directions without mean, whose vectors sum to zero.

    Shape:
        spread: (full, full)
        result: (full, width)
    """
    full = len(spread)
    centring = torch.eye(full, dtype=spread.dtype, device=spread.device) - 1 / full
    directions = compute_basis(centring @ spread @ centring, width - 1)
    ones = spread.new_ones(width, 1)
    within = torch.linalg.qr(torch.cat([ones, torch.eye(width).to(ones)[:, 1:]], 1)).Q[:, 1:]
    basis: Tensor = directions @ within.T
    return basis


def _measure_streams(
    network: PreTrainedModel, blueprint: Blueprint, examples: Sequence[CalibrationExample]
) -> list[_Stream]:
    """Measure hidden states where they enter the decoder and behind each of its norms, in order."""
    side = blueprint.decoder
    entrance = blueprint.projections[0] if blueprint.projections else side.first_norm
    assert entrance  # as of every family whose norms stand behind sums
    places = [entrance, *(norm for layer in side.layers for norm in layer.norms)]
    device = network.device
    counts = [0] * len(places)
    sums = [torch.zeros(side.width, dtype=torch.float64, device=device) for _ in places]
    moments = [torch.zeros(side.width, side.width, dtype=torch.float64, device=device) for _ in places]

    def add(index: int, _module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        tokens = output.flatten(0, -2).double()
        counts[index] += len(tokens)
        sums[index] += tokens.sum(0)
        moments[index].addmm_(tokens.T, tokens)

    modules = [network.get_submodule(place) for place in places]
    hooks = [module.register_forward_hook(partial(add, index)) for index, module in enumerate(modules)]
    run_calibration(network, examples, hooks)
    streams = []
    for count, total, moment in zip(counts, sums, moments, strict=True):
        mean = total / count
        streams.append(_Stream(mean, moment / count - mean.outer(mean)))
    return streams


def _fit_norms(
    network: PreTrainedModel, blueprint: Blueprint, basis: Tensor, examples: Sequence[CalibrationExample]
) -> dict[str, tuple[Tensor, Tensor]]:
    """Fit weights and biases of norms in the basis, each feature by least squares.

    Shape:
        each result: (narrow width,), (narrow width,)
    """
    norms = [norm for layer in blueprint.decoder.layers for norm in layer.norms]
    totals = {norm: torch.zeros(5, basis.shape[1]).to(basis) for norm in norms}

    def add(norm: str, _module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        narrow, wanted = (tokens.flatten(0, -2).double() @ basis for tokens in (inputs[0], output))
        given = nn.functional.layer_norm(narrow, narrow.shape[-1:], eps=blueprint.epsilon)
        ones = torch.ones_like(given)
        totals[norm] += torch.stack([ones, given, wanted, given * given, given * wanted]).sum(1)

    modules = {norm: network.get_submodule(norm) for norm in norms}
    hooks = [module.register_forward_hook(partial(add, norm)) for norm, module in modules.items()]
    run_calibration(network, examples, hooks)
    fitted = {}
    for norm, (count, *sums) in totals.items():
        given, wanted, square, product = (total / count for total in sums)
        weight = (product - given * wanted) / (square - given * given).clamp_min(1e-12)
        fitted[norm] = weight, wanted - weight * given
    return fitted


def _read(state: StateDict, path: str, matrix: Tensor, constants: Tensor) -> None:
    """Let a linear layer read the narrow stream, and predict the full one from it."""
    weight, bias = state[f"{path}.weight"].double(), state[f"{path}.bias"].double()
    state[f"{path}.weight"], state[f"{path}.bias"] = weight @ matrix, bias + weight @ constants


def _write(state: StateDict, path: str, basis: Tensor) -> None:
    """Let a linear layer write to the narrow stream."""
    weight, bias = state[f"{path}.weight"].double(), state[f"{path}.bias"].double()
    state[f"{path}.weight"], state[f"{path}.bias"] = basis.T @ weight, basis.T @ bias


def _rename_ends(state: StateDict, blueprint: Blueprint, drawn: Blueprint, zeros: Tensor) -> None:
    """Move the norm of embeddings before a projection, and add projections that change nothing."""
    if blueprint.projections:
        return
    assert drawn.projections
    for name in ("weight", "bias"):
        state[f"{drawn.decoder.first_norm}.{name}"] = state.pop(f"{blueprint.decoder.first_norm}.{name}")
    for path in drawn.projections:
        state[f"{path}.weight"] = torch.eye(len(zeros)).to(zeros)
        state[f"{path}.bias"] = zeros
