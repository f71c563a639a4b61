"""A narrower T5 decoder: its residual stream is projected on its principal directions (SliceGPT).

Method: Ashkboos et al. 2024, "SliceGPT", section 3, with one rotation for the whole stream. T5 norms
scale each token to unit root mean square and do not shift, so a rotation of the stream commutes with them
once their weights have been moved into the matrices that read their output. Knows T5's module names; does
not choose the width.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn
from transformers import PreTrainedModel

from tldrkit.compression.calibration import CalibrationExample, run_calibration
from tldrkit.families.anatomy import build_config
from tldrkit.families.hub_code.configuration_tldr import TldrT5Config
from tldrkit.families.hub_code.modeling_tldr import TldrT5ForConditionalGeneration

READERS = ("SelfAttention.q", "SelfAttention.k", "SelfAttention.v", "EncDecAttention.q",
           "DenseReluDense.wi", "DenseReluDense.wi_0", "DenseReluDense.wi_1")  # fmt: skip
WRITERS = ("SelfAttention.o", "EncDecAttention.o", "DenseReluDense.wo")
FINAL_NORM = "decoder.final_layer_norm"

State = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Narrowed:
    """A network with a narrower decoder, and the share of its stream's variance that was kept."""

    network: TldrT5ForConditionalGeneration
    variance_kept: float


def narrow_decoder(
    network: PreTrainedModel,
    width: int,
    examples: Sequence[CalibrationExample],
    by: Literal["pca", "importance"] = "pca",
) -> Narrowed:
    """Build a T5 whose decoder has ``width``, from a wider one (which is left alone).

    Args:
        network: The wider one.
        width: The decoder's.
        examples: What the stream is measured on.
        by: What is kept of the stream: principal directions, or the features with the largest mean square.
    """
    moment = measure_moment(network, examples)
    basis = compute_basis(moment, width) if by == "pca" else choose_features(moment, width)
    state = {name: tensor.detach() for name, tensor in network.state_dict().items()}
    for norm in find_decoder_norms(network):
        if norm != FINAL_NORM:
            _rotate_sublayer(state, norm, basis)
    _rotate_ends(state, basis)
    kept = (basis.T @ moment @ basis).trace() / moment.trace()
    return Narrowed(rebuild_t5(network, state, width), kept.item())


def find_decoder_norms(network: PreTrainedModel) -> dict[str, nn.Module]:
    """Return the decoder's norms by their names: one before each sublayer, and the final one."""
    decoder = network.decoder.named_modules(prefix="decoder")
    return {name: module for name, module in decoder if name.endswith("layer_norm")}


def measure_moment(network: PreTrainedModel, examples: Sequence[CalibrationExample]) -> torch.Tensor:
    """Measure the second moment of the decoder's residual stream where it is read: before each of its norms.

    Each token counts alike: it is scaled to unit root mean square, as the norm scales it.

    Shape:
        result: (decoder width, decoder width)
    """
    norms = find_decoder_norms(network)
    width = network.decoder.final_layer_norm.weight.numel()
    moment = torch.zeros(width, width, dtype=torch.float64, device=network.device)

    def add(_module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        tokens = inputs[0].flatten(0, -2).double()
        tokens = tokens / tokens.pow(2).mean(-1, keepdim=True).sqrt().clamp_min(1e-12)
        moment.addmm_(tokens.T, tokens)

    hooks = [norm.register_forward_pre_hook(add) for norm in norms.values()]
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


def rebuild_t5(
    network: PreTrainedModel, state: State, dec_d_model: int | None
) -> TldrT5ForConditionalGeneration:
    """Build our T5 with a T5's config and the given weights; a head of its own stays its own."""
    with torch.random.fork_rng(devices=[]):
        config = build_config(
            TldrT5Config,
            network.config,
            dec_d_model=dec_d_model,
            attn_implementation=network.config._attn_implementation,
        )
        rebuilt = TldrT5ForConditionalGeneration(config)
    if network.lm_head.weight is not network.shared.weight:
        rebuilt.lm_head.weight = nn.Parameter(torch.empty_like(network.lm_head.weight))
    rebuilt.load_state_dict(state)
    rebuilt.generation_config = network.generation_config
    rebuilt.to(network.device, network.dtype).eval()
    return rebuilt


def _build_norm_weight(old: torch.Tensor, basis: torch.Tensor) -> torch.Tensor:
    """Build a norm's weight in the narrow stream, where it divides by the mean over fewer directions.

    The root of the widths' ratio makes up for that (SliceGPT). Making up for the stream's lost length as
    well gave a higher loss at every width tried.
    """
    full, width = basis.shape
    return old.new_full((width,), math.sqrt(full / width))


def _rotate_sublayer(state: State, norm: str, basis: torch.Tensor) -> None:
    """Express one sublayer in the basis: what it reads through its norm, and what it writes."""
    prefix = norm.removesuffix("layer_norm")
    weight = state[f"{norm}.weight"]
    for name in [name for name in state if name.startswith(prefix)]:
        matrix = state[name].double()
        if name.removeprefix(prefix).removesuffix(".weight") in READERS:
            state[name] = (matrix * weight.double() @ basis).to(weight)
        elif name.removeprefix(prefix).removesuffix(".weight") in WRITERS:
            state[name] = (basis.T @ matrix).to(weight)
    state[f"{norm}.weight"] = _build_norm_weight(weight, basis)


def _rotate_ends(state: State, basis: torch.Tensor) -> None:
    """Set the projections from and to the width of the embeddings, the final norm's weight in the latter."""
    weight = state[f"{FINAL_NORM}.weight"]
    identity = torch.eye(basis.shape[0], dtype=basis.dtype, device=basis.device)
    inwards = state.get("decoder.in_proj.weight", identity).double()
    outwards = state.get("decoder.out_proj.weight", identity).double()
    state["decoder.in_proj.weight"] = (basis.T @ inwards).to(weight)
    state["decoder.out_proj.weight"] = (outwards * weight.double() @ basis).to(weight)
    state[f"{FINAL_NORM}.weight"] = _build_norm_weight(weight, basis)
