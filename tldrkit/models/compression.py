"""Smaller networks: fewer layers, a narrower decoder, other feed-forwards, or a given number of parameters.

Knows the order of the operations and what is reported of them; each has its own file. Does not train.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from transformers import PreTrainedModel

from tldrkit.errors import CompressionError
from tldrkit.metrics.footprint import count_by_part, count_parameters
from tldrkit.models.anatomy import T5, Side, find_family, find_feed_forwards, find_layers
from tldrkit.models.calibration import encode_calibration
from tldrkit.models.feed_forward import narrow_feed_forwards, widen_feed_forwards
from tldrkit.models.layers import choose_layers, keep_layers
from tldrkit.models.summarizer import Summarizer
from tldrkit.models.width import narrow_decoder, rebuild_t5
from tldrkit.specs import CompressSpec

TARGET_TOLERANCE = 0.01  # share of the target a matched control may differ by
WIDTH_STEPS = (8, 1)  # multiples of 8, which processors like, where they are fine enough


@dataclass(frozen=True)
class Compressed:
    """A smaller summarizer and the report of how it came about (plain JSON values)."""

    summarizer: Summarizer
    report: dict[str, Any]


def compress(
    summarizer: Summarizer,
    spec: CompressSpec,
    documents: Sequence[tuple[str, str]],
    *,
    target_params: int | None = None,
) -> Compressed:
    """Make a smaller copy of a summarizer; nothing asked for gives an equal copy.

    Layers go first, then the decoder's width, then feed-forward neurons; each is chosen on the network as
    it then is.

    Args:
        summarizer: The teacher, left as it is.
        spec: The sizes wanted.
        documents: Documents with their summaries, of which calibration takes its examples.
        target_params: Deployed parameters to reach within 1 % by the feed-forward width alone, which may
            exceed the teacher's; ``spec.d_ff`` is then not looked at.

    Raises:
        CompressionError: The sizes cannot be made from this network.
        ModelError: The network is neither T5 nor BART.
    """
    teacher = summarizer.network
    _check(teacher, spec)
    student = Summarizer(copy.deepcopy(teacher).eval(), copy.deepcopy(summarizer.tokenizer))
    kept = _keep_layers(student, spec)
    variance_kept = _narrow_decoder(student, spec, documents)
    d_ff = spec.d_ff if target_params is None else compute_d_ff(student.network, target_params)
    if d_ff is not None:
        _resize_feed_forwards(student, d_ff, spec, documents)
    network = student.network
    before, after = count_parameters(teacher), count_parameters(network)
    report = {
        "parameters": {"before": before, "after": after, "ratio": after / before, "target": target_params},
        "parts": {"before": count_by_part(teacher), "after": count_by_part(network)},
        "layers_kept": kept,
        "dec_d_model": {"before": _decoder_width(teacher), "after": _decoder_width(network)},
        "variance_kept": variance_kept,
        "d_ff": {"before": _feed_forward_width(teacher), "after": _feed_forward_width(network)},
        "calibration_examples": min(spec.calibration_examples, len(documents)),
    }
    return Compressed(student, report)


def compute_d_ff(network: PreTrainedModel, target_params: int) -> int:
    """Compute the feed-forward width that brings a network near to a number of parameters.

    A multiple of 8 where one comes within 1 %, else (in tiny networks) any width that does.

    Raises:
        CompressionError: No width comes within 1 %.
    """
    feed_forwards = find_feed_forwards(network)
    per_neuron = sum(feed_forward.parameters_per_neuron for feed_forward in feed_forwards)
    neurons = sum(feed_forward.parameters_per_neuron * feed_forward.width for feed_forward in feed_forwards)
    rest = count_parameters(network) - neurons
    for step in WIDTH_STEPS:
        width = step * max(1, round((target_params - rest) / (per_neuron * step)))
        if abs(rest + width * per_neuron - target_params) <= TARGET_TOLERANCE * target_params:
            return width
    raise CompressionError(
        f"{target_params:,} parameters cannot be reached within 1 % by the feed-forward width alone: from "
        f"{rest + per_neuron:,} on every {per_neuron:,} can, nearest {rest + width * per_neuron:,}.",
        hint="Keep fewer layers or a narrower decoder, or ask for one of these sizes.",
    )


def _check(teacher: PreTrainedModel, spec: CompressSpec) -> None:
    family = find_family(teacher)
    if getattr(teacher.config, "growth", None):
        raise CompressionError(
            "A network that has grown dendrites is not compressed further.",
            hint="Compress the network it grew from.",
        )
    for side, count in _wanted_layers(spec).items():
        present = len(find_layers(teacher, side))
        if count is not None and count > present:
            raise CompressionError(
                f"The network has {present} {side} layers, so {count} cannot be kept.",
                hint=f"Ask for at most {present}.",
            )
    if spec.dec_d_model is None:
        return
    if family is not T5:
        raise CompressionError(
            "Only T5's decoder can be given another width, BART's cannot.", hint="Leave dec_d_model out."
        )
    if spec.dec_d_model > _decoder_width(teacher):
        raise CompressionError(
            f"The decoder is {_decoder_width(teacher)} wide and cannot be widened to {spec.dec_d_model}.",
            hint=f"Ask for a dec_d_model of at most {_decoder_width(teacher)}.",
        )


def _wanted_layers(spec: CompressSpec) -> dict[Side, int | None]:
    return {"encoder": spec.enc_num_layers, "decoder": spec.dec_num_layers}


def _decoder_width(network: PreTrainedModel) -> int:
    return int(getattr(network.config, "dec_d_model", None) or network.config.d_model)


def _feed_forward_width(network: PreTrainedModel) -> int:
    return find_feed_forwards(network)[0].width


def _keep_layers(student: Summarizer, spec: CompressSpec) -> dict[Side, list[int]]:
    """Drop layers; return the teacher's numbers of those kept."""
    kept: dict[Side, list[int]] = {}
    for side, count in _wanted_layers(spec).items():
        present = len(find_layers(student.network, side))
        kept[side] = choose_layers(present, count or present)
        if len(kept[side]) < present:
            keep_layers(student.network, side, kept[side])
    network = student.network
    if network.config.model_type == "t5" and len(kept["decoder"]) > len(kept["encoder"]):
        student.network = rebuild_t5(network, network.state_dict(), None)  # plain T5 cannot generate then
    return kept


def _narrow_decoder(student: Summarizer, spec: CompressSpec, documents: Sequence[tuple[str, str]]) -> float:
    """Narrow the decoder; return the share of its stream's variance that is kept."""
    if spec.dec_d_model in (None, _decoder_width(student.network)):
        return 1.0
    examples = encode_calibration(student, spec, documents)
    narrowed = narrow_decoder(student.network, spec.dec_d_model, examples)
    student.network = narrowed.network
    return narrowed.variance_kept


def _resize_feed_forwards(
    student: Summarizer, d_ff: int, spec: CompressSpec, documents: Sequence[tuple[str, str]]
) -> None:
    widths = {feed_forward.width for feed_forward in find_feed_forwards(student.network)}
    if max(widths) > d_ff:
        narrow_feed_forwards(student.network, d_ff, encode_calibration(student, spec, documents))
    if min(widths) < d_ff:
        widen_feed_forwards(student.network, d_ff, spec.seed)
