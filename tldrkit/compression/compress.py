"""Smaller networks: fewer layers, a narrower decoder, other feed-forwards, or a given number of parameters.

Knows the order of the operations and what is reported of them; each has its own file. Does not train.
"""

import copy
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from transformers import PreTrainedModel

from tldrkit.compression.budget import plan_sizes
from tldrkit.compression.calibration import Watched, choose_calibration, encode_calibration, ignore
from tldrkit.compression.feed_forward import narrow_feed_forwards, widen_feed_forwards
from tldrkit.compression.heads import narrow_attentions
from tldrkit.compression.layers import choose_layers, keep_layers, measure_change, measure_loss_without
from tldrkit.compression.losses import compare_losses
from tldrkit.compression.post_norm import narrow_post_norm
from tldrkit.compression.vocabulary import trim_by_use
from tldrkit.compression.width import narrow_decoder
from tldrkit.errors import CompressionError
from tldrkit.families.anatomy import (
    SIDES,
    SideName,
    find_blueprint,
    find_feed_forwards,
    find_layers,
    find_side,
)
from tldrkit.families.footprint import count_by_part, count_parameters
from tldrkit.families.rebuilding import rebuild, resize
from tldrkit.families.summarizer import Summarizer
from tldrkit.specs import CompressSpec
from tldrkit.texts import count_noun

COUNTED = 20_000  # documents whose tokens are counted, at most
TARGET_TOLERANCE = 0.01  # share of the target a matched control may differ by
_COMPARED = 3  # networks whose losses are reported
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
    held_out: Sequence[tuple[str, str]] = (),
    target_params: int | None = None,
    advance: Callable[[int, int], object] = ignore,
) -> Compressed:
    """Make a smaller copy of a summarizer; nothing asked for gives an equal copy.

    The vocabulary goes first, then layers, heads, the decoder's width and feed-forward neurons; each is
    chosen on the network as it then is.

    Args:
        summarizer: The teacher, left as it is.
        spec: The sizes wanted.
        documents: Documents with their summaries, of which calibration takes its examples.
        held_out: Others, on which the loss of teacher and student is reported.
        target_params: Deployed parameters to reach within 1 % by the feed-forward width alone, which may
            exceed the teacher's; ``spec.d_ff`` and its budget are then not looked at.
        advance: Told how many documents were run through a network, and about how many will be.

    Raises:
        CompressionError: The sizes cannot be made from this network.
        ModelError: The network's family is not known, or cannot have such sizes.
    """
    teacher = summarizer.network
    _check(teacher, spec)
    student = Summarizer(copy.deepcopy(teacher).eval(), copy.deepcopy(summarizer.tokenizer))
    vocabulary = _trim(student, spec, documents, held_out)
    budget, tried = spec.compute_budget(count_parameters(teacher)), list[dict[str, int]]()
    if budget is not None and target_params is None:
        spec, tried = plan_sizes(student.network, spec, budget)
    examples = _Examples(student, spec, documents)
    measures = _count_measures(student.network, spec, matches=target_params is not None)
    done, total = count(1), measures * len(examples.chosen) + _COMPARED * len(held_out)
    examples.advance = lambda: advance(next(done), total)
    kept = _keep_layers(student, spec, examples)
    if spec.num_heads is not None and any(spec.num_heads < heads for heads in _heads(teacher)):
        student.network = narrow_attentions(student.network, spec.num_heads, examples.encode())
    variance_kept = _narrow_decoder(student, spec, examples)
    d_ff = spec.d_ff if target_params is None else compute_d_ff(student.network, target_params)
    if d_ff is not None:
        _resize_feed_forwards(student, d_ff, spec, examples)
    network = student.network
    before, after = count_parameters(teacher), count_parameters(network)
    report = {
        "parameters": {
            "before": before,
            "after": after,
            "ratio": after / before,
            "target": budget if target_params is None else target_params,
        },
        "parts": {"before": count_by_part(teacher), "after": count_by_part(network)},
        "tried": tried,
        "vocabulary": vocabulary,
        "layers_kept": kept,
        "num_heads": {"before": max(_heads(teacher)), "after": max(_heads(network))},
        "dec_d_model": {"before": _decoder_width(teacher), "after": _decoder_width(network)},
        "variance_kept": variance_kept,
        "d_ff": {"before": _feed_forward_width(teacher), "after": _feed_forward_width(network)},
        "calibration": {"examples": len(examples.chosen), "digest": examples.digest},
        "loss_per_word": compare_losses(summarizer, student, spec, held_out, examples.advance)
        if held_out
        else {},
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
        f"{count_noun(target_params, 'parameter')} cannot be reached within 1 % by the feed-forward "
        f"width alone, which makes {rest + per_neuron:,} and more in steps of {per_neuron:,}; the nearest is "
        f"{rest + width * per_neuron:,}.",
        hint="Keep fewer layers or a narrower decoder, or ask for one of these sizes.",
    )


def _check(teacher: PreTrainedModel, spec: CompressSpec) -> None:
    find_blueprint(teacher)
    if getattr(teacher.config, "growth", None):
        raise CompressionError(
            "A network that has grown dendrites is not compressed further.",
            hint="Compress the network it grew from.",
        )
    for what, wanted, present in _list_limits(teacher, spec):
        if wanted > present:
            raise CompressionError(
                f"The network has {count_noun(present, *what)}, so {wanted:,} cannot be kept.",
                hint=f"Ask for at most {present:,}.",
            )
    for side in SIDES:
        last, named = len(find_layers(teacher, side)) - 1, spec.name_layers(side)
        if named and named[-1] > last:
            raise CompressionError(
                f"The {side} has no layer {named[-1]}: they are counted from 0 to {last}.",
                hint="Name some of these.",
            )
    resize(teacher, heads=spec.num_heads, dec_d_model=spec.dec_d_model)


def _list_limits(teacher: PreTrainedModel, spec: CompressSpec) -> Iterator[tuple[tuple[str, ...], int, int]]:
    """List what is wanted and what there is of it; the feed-forwards alone may grow."""
    for side in SIDES:
        yield (f"{side} layer",), spec.count_layers(side) or 0, len(find_layers(teacher, side))
    features = ("feature in its decoder", "features in its decoder")
    yield features, spec.dec_d_model or 0, _decoder_width(teacher)
    yield ("head",), spec.num_heads or 0, max(_heads(teacher))
    yield ("token",), spec.vocab_size or 0, teacher.config.vocab_size
    size = count_parameters(teacher)
    yield ("parameter",), spec.compute_budget(size) or 0, size


def _count_measures(network: PreTrainedModel, spec: CompressSpec, *, matches: bool) -> int:
    """Count how often the examples are run through the network to see what to keep, at most."""
    measures = 0
    for side in SIDES:
        present = len(find_layers(network, side))
        if spec.layers_by != "evenly" and not spec.name_layers(side):
            kept = spec.count_layers(side) or present
            measures += (kept < present) * (present if spec.layers_by == "loss" else 1)
    measures += spec.num_heads is not None and spec.num_heads < max(_heads(network))
    if spec.dec_d_model not in (None, _decoder_width(network)):
        measures += 1 if find_blueprint(network).norm_first else 2
    widths = [feed_forward.width for feed_forward in find_feed_forwards(network)]
    return measures + (matches or (spec.d_ff is not None and spec.d_ff < max(widths)))


def _feed_forward_width(network: PreTrainedModel) -> int:
    return find_feed_forwards(network)[0].width


def _heads(network: PreTrainedModel) -> list[int]:
    return [side.heads for side in find_blueprint(network).sides]


def _decoder_width(network: PreTrainedModel) -> int:
    return find_side(network, "decoder").width


class _Examples:
    """Calibration examples, encoded when they are first asked for."""

    def __init__(self, student: Summarizer, spec: CompressSpec, documents: Sequence[tuple[str, str]]) -> None:
        self.chosen = choose_calibration(spec, documents)
        self.digest = hashlib.sha256(json.dumps(self.chosen).encode()).hexdigest()
        self._student, self._spec = student, spec
        self._encoded = Watched([], ignore)
        self.advance: Callable[[], object] = ignore

    def encode(self) -> Watched:
        """Encode them.

        Raises:
            CompressionError: There are none.
        """
        if not self._encoded:
            encoded = encode_calibration(self._student, self._spec, self.chosen)
            self._encoded = Watched(encoded, self.advance)
        return self._encoded


def _trim(
    student: Summarizer,
    spec: CompressSpec,
    documents: Sequence[tuple[str, str]],
    held_out: Sequence[tuple[str, str]],
) -> dict[str, float]:
    """Trim the vocabulary by its use in many of the documents; tell what that loses on others."""
    size = len(student.tokenizer) if spec.vocab_size is None else spec.vocab_size
    counted = choose_calibration(spec.model_copy(update={"calibration_examples": COUNTED}), documents)
    texts, others = ([text for pair in pairs for text in pair] for pairs in (counted, held_out))
    return trim_by_use(student, size, texts, others)


def _keep_layers(student: Summarizer, spec: CompressSpec, examples: _Examples) -> dict[SideName, list[int]]:
    """Drop layers; return the teacher's numbers of those kept."""
    kept: dict[SideName, list[int]] = {}
    for side in SIDES:
        present = len(find_layers(student.network, side))
        count, named = spec.count_layers(side) or present, spec.name_layers(side)
        if named:
            kept[side] = named
        elif spec.layers_by == "evenly" or count == present:
            kept[side] = choose_layers(present, count)
        else:
            measure = {"importance": measure_change, "loss": measure_loss_without}[spec.layers_by]
            scores = measure(student.network, side, examples.encode())
            kept[side] = sorted(scores.topk(count).indices.tolist())
    for side, layers in kept.items():
        if len(layers) < len(find_layers(student.network, side)):
            keep_layers(student.network, side, layers)
    network, blueprint = student.network, find_blueprint(student.network)
    stock_t5 = type(network).__name__ == blueprint.stock and blueprint.decoder.bias
    if stock_t5 and len(kept["decoder"]) > len(kept["encoder"]):
        kind, config = resize(network, ours=True)  # the stock class cannot generate then
        student.network = rebuild(network, kind, config, network.state_dict())
    return kept


def _narrow_decoder(student: Summarizer, spec: CompressSpec, examples: _Examples) -> float:
    """Narrow the decoder; return the share of its stream's variance that is kept."""
    if spec.dec_d_model in (None, _decoder_width(student.network)):
        return 1.0
    narrow = narrow_decoder if find_blueprint(student.network).norm_first else narrow_post_norm
    narrowed = narrow(student.network, spec.dec_d_model, examples.encode(), spec.width_by)
    student.network = narrowed.network
    return narrowed.variance_kept


def _resize_feed_forwards(student: Summarizer, d_ff: int, spec: CompressSpec, examples: _Examples) -> None:
    widths = {feed_forward.width for feed_forward in find_feed_forwards(student.network)}
    if max(widths) > d_ff:
        narrow_feed_forwards(student.network, d_ff, examples.encode())
    if min(widths) < d_ff:
        widen_feed_forwards(student.network, d_ff, spec.seed)
