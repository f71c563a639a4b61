"""A number of parameters to reach: which sizes give it, tried in a stated order.

Knows that a configuration says a network's size before it is built. Does not choose what is kept within a
size.

Decoder layers go first, which cost the most time a summary and the least ROUGE (Shleifer & Rush 2020,
"Pre-trained Summarization Distillation", 4): as few of them, but half, as the budget lets the other parts
stay whole for. Feed-forwards take what is left of the budget, half their width or more; encoder layers go
where that is not enough, half of them or fewer; and only then does any part get smaller than half.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import torch
from transformers import PreTrainedModel

from tldrkit.errors import CompressionError
from tldrkit.families.anatomy import SIDES, find_feed_forwards, find_layers, find_side
from tldrkit.families.footprint import count_parameters
from tldrkit.families.rebuilding import resize
from tldrkit.specs import CompressSpec
from tldrkit.texts import count_noun

STEP = 8  # neurons: a multiple that processors like
USED = 0.97  # share of the budget that is enough


@dataclass(frozen=True)
class Sizes:
    """What a network's number of parameters depends on."""

    enc_num_layers: int
    dec_num_layers: int
    d_ff: int


@dataclass(frozen=True)
class _Range:
    """The sizes that may be chosen from: one, where the spec gives it."""

    enc: range
    dec: range
    narrowest: int
    widest: int


def plan_sizes(
    network: PreTrainedModel, spec: CompressSpec, target: int
) -> tuple[CompressSpec, list[dict[str, int]]]:
    """Find sizes of at most so many parameters; those that the spec gives stay as they are.

    Returns:
        The spec with all sizes given, and what was tried, each with its parameters.

    Raises:
        CompressionError: Not even the smallest sizes have so few parameters.
    """
    count = _fit_counts(network, spec)
    start = Sizes(
        spec.count_layers("encoder") or len(find_layers(network, "encoder")),
        spec.count_layers("decoder") or len(find_layers(network, "decoder")),
        spec.d_ff or find_feed_forwards(network)[0].width,
    )
    tried: dict[Sizes, int] = {}
    ranges = [_find_range(start, spec, parts) for parts in (2, max(asdict(start).values()))]
    for sizes in (start, *(sizes for some in ranges for sizes in _fill(some, target, count))):
        tried[sizes] = count(sizes)
        if USED * target <= tried[sizes] <= target:
            break
    fitting = [sizes for sizes, params in tried.items() if params <= target]
    if not fitting:
        least = count(Sizes(ranges[-1].enc[0], ranges[-1].dec[0], ranges[-1].narrowest))
        raise CompressionError(
            f"{count_noun(target, 'parameter')} cannot be reached: the sizes given make {least:,} at least.",
            hint="Ask for more, or for a smaller vocab_size, dec_d_model or num_heads.",
        )
    best = max(fitting, key=tried.__getitem__)
    found = [asdict(sizes) | {"params": params} for sizes, params in tried.items()]
    return spec.model_copy(update=_name(best, spec)), found


def count_sizes(network: PreTrainedModel, spec: CompressSpec, sizes: Sizes) -> int:
    """Count the parameters of a network of some sizes, without building it."""
    kind, config = resize(network, heads=spec.num_heads, dec_d_model=spec.dec_d_model)
    layers = {"encoder": sizes.enc_num_layers, "decoder": sizes.dec_num_layers}
    for side in SIDES:
        fields = find_side(network, side).fields
        setattr(config, fields.layers, layers[side])
        setattr(config, fields.feed_forward, sizes.d_ff)
    with torch.device("meta"):
        counted = count_parameters(kind(config))
    head: Any = network.get_output_embeddings()
    shared: Any = network.get_input_embeddings()
    return counted if head.weight is shared.weight else counted + head.weight.numel()


def _name(sizes: Sizes, spec: CompressSpec) -> dict[str, int]:
    """Name the sizes that are not given yet by the layers' numbers."""
    named = {"enc_num_layers": spec.enc_layers, "dec_num_layers": spec.dec_layers}
    return {field: size for field, size in asdict(sizes).items() if not named.get(field)}


def _find_range(start: Sizes, spec: CompressSpec, parts: int) -> _Range:
    """Find the sizes from full down to one of so many parts."""

    def reach(full: int, given: object) -> range:
        return range(full if given else -(-full // parts), full + 1)

    narrowest = max(STEP, start.d_ff // parts // STEP * STEP)
    return _Range(
        enc=reach(start.enc_num_layers, spec.count_layers("encoder")),
        dec=reach(start.dec_num_layers, spec.count_layers("decoder")),
        narrowest=start.d_ff if spec.d_ff else min(narrowest, start.d_ff),
        widest=start.d_ff,
    )


def _fill(some: _Range, target: int, count: Callable[[Sizes], int]) -> Iterator[Sizes]:
    """Yield the layers in the order of preference, each with the widest feed-forwards that fit."""
    for enc in reversed(some.enc):
        for dec in some.dec:
            full, none, one = (count(Sizes(enc, dec, width)) for width in (some.widest, 0, 1))
            width = some.widest if full <= target else (target - none) // (one - none) // STEP * STEP
            if width >= some.narrowest:
                yield Sizes(enc, dec, width)


def _fit_counts(network: PreTrainedModel, spec: CompressSpec) -> Callable[[Sizes], int]:
    """Count by a formula, exact since each layer adds so many parameters, and so many for each neuron."""

    def measure(enc: int, dec: int) -> tuple[int, int]:
        """Return the parameters without neurons, and those of one neuron."""
        few, many = (count_sizes(network, spec, Sizes(enc, dec, width)) for width in (STEP, 2 * STEP))
        each = (many - few) // STEP
        return few - STEP * each, each

    one, more_enc, more_dec = measure(1, 1), measure(2, 1), measure(1, 2)

    def count(sizes: Sizes) -> int:
        enc, dec = sizes.enc_num_layers - 1, sizes.dec_num_layers - 1
        rest, each = (one[i] + enc * (more_enc[i] - one[i]) + dec * (more_dec[i] - one[i]) for i in range(2))
        return rest + sizes.d_ff * each

    return count
