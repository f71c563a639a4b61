"""Where dendrites may grow, and how many parameters they cost there.

Knows the layers of T5 and BART by their names. Does not grow anything.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, cast, get_args

from torch import nn
from transformers import PreTrainedModel

from tldrkit.errors import DendriteError
from tldrkit.families.anatomy import SIDES, Side, find_layers
from tldrkit.specs import Placement, TrainSpec, read_count
from tldrkit.texts import count_noun

KINDS: Final = {
    "attention": r"\.(?:(?:Self|EncDec)Attention\.[qkvo]|(?:self|encoder)_attn\.(?:[qkv]|out)_proj)$",
    "feed-forward": r"\.(?:DenseReluDense\.w[io](?:_\d)?|fc[12])$",
}
LISTED: Final = (1, 2, 3)  # dendrites a layer, in the table of costs
_LAYER = re.compile(r"\b(encoder|decoder)\.(?:block|layers)\.(\d+)\.")


@dataclass(frozen=True)
class Cost:
    """What so many dendrites on every chosen layer would add to the parameters deployed."""

    placement: str
    dendrites: int
    parameters: int


def choose_modules(network: PreTrainedModel, spec: TrainSpec) -> list[str]:
    """Choose the linear layers that may grow: never embeddings, the head, or projections between two widths.

    Args:
        network: T5 or BART, plain or ours.
        spec: Patterns of module paths, or a placement, of the last layers or all.

    Returns:
        Dotted module paths, in the network's order.

    Raises:
        DendriteError: No layer is chosen.
    """
    growable = [path for path, _ in _find_growable(network)]
    if spec.dendrite_modules:
        patterns = [pattern.strip() for pattern in spec.dendrite_modules.split(",")]
        _check_patterns(patterns, growable)
        return [path for path in growable if any(fnmatchcase(path, pattern) for pattern in patterns)]
    paths = [path for path in growable if _is_at(path, spec.dendrite_placement)]
    if spec.dendrite_last_layers is not None:
        first = {side: len(find_layers(network, side)) - spec.dendrite_last_layers for side in SIDES}
        paths = [path for path in paths if (place := _find_place(path)) and place[1] >= first[place[0]]]
    if not paths:
        message = f"This network has no linear layer at {spec.dendrite_placement!r}."
        raise DendriteError(message, hint="Choose another dendrite_placement.")
    return paths


def count_cost(network: PreTrainedModel, paths: Sequence[str], dendrites: int) -> int:
    """Count the parameters that so many dendrites on each of some layers add to what is deployed.

    A dendrite has its layer's weights and bias over again, a weight to each output feature, and a link a
    feature from each earlier dendrite (see ``DendriticLinear``).
    """
    linears = dict(_find_growable(network))
    links = dendrites * (dendrites - 1) // 2
    return sum(
        dendrites * sum(parameter.numel() for parameter in linear.parameters())
        + (dendrites + links) * linear.out_features
        for linear in (linears[path] for path in paths)
    )


def list_costs(network: PreTrainedModel, spec: TrainSpec) -> list[Cost]:
    """List what one, two and three dendrites would cost at every placement, or at the modules named."""
    if spec.dendrite_modules:
        return _count_each(network, spec)
    choices = [spec.model_copy(update={"dendrite_placement": name}) for name in get_args(Placement)]
    return [cost for choice in choices for cost in _count_each(network, choice)]


def fit_budget(network: PreTrainedModel, spec: TrainSpec) -> TrainSpec:
    """Choose what the spec leaves open, so that dendrites use as much of their budget as they can.

    A placement, layers or number of dendrites that the spec gives stays; of choices that cost the same
    the one with fewer dendrites is taken.

    Raises:
        DendriteError: No choice fits.
    """
    if spec.dendrite_budget is None:
        return spec
    budget = read_count(spec.dendrite_budget)
    given = spec.model_fields_set
    fixed = spec.dendrite_modules or "dendrite_placement" in given
    costs = _count_each(network, spec) if fixed else list_costs(network, spec)
    open_to = [cost for cost in costs if "max_dendrites" not in given or cost.dendrites == spec.max_dendrites]
    fitting = [cost for cost in open_to if cost.parameters <= budget]
    if not fitting:
        least = min(open_to, key=lambda cost: cost.parameters)
        raise DendriteError(
            f"No dendrites fit {spec.dendrite_budget}: the least is "
            f"{count_noun(least.dendrites, 'dendrite')} a layer at {least.placement}, which adds "
            f"{count_noun(least.parameters, 'parameter')}.",
            hint="Raise --dendrite-budget, or choose fewer layers with --dendrite-last-layers.",
        )
    best = max(fitting, key=lambda cost: (cost.parameters, -cost.dendrites))
    chosen: dict[str, object] = {"max_dendrites": best.dendrites}
    if not fixed:
        chosen["dendrite_placement"] = best.placement
    return spec.model_copy(update=chosen)


def _count_each(network: PreTrainedModel, spec: TrainSpec) -> list[Cost]:
    paths = choose_modules(network, spec)
    counts = sorted({*LISTED, spec.max_dendrites})
    return [Cost(spec.grown_at, dendrites, count_cost(network, paths, dendrites)) for dendrites in counts]


def _find_growable(network: PreTrainedModel) -> list[tuple[str, nn.Linear]]:
    linears = ((path, module) for path, module in network.named_modules() if type(module) is nn.Linear)
    return [(path, linear) for path, linear in linears if _is_at(path, "all")]


def _is_at(path: str, placement: Placement) -> bool:
    side, _, kind = placement.partition("-") if placement.startswith(SIDES) else ("", "", placement)
    place = _find_place(path)
    kinds = [KINDS[kind]] if kind in KINDS else KINDS.values()
    return place is not None and side in ("", place[0]) and any(re.search(known, path) for known in kinds)


def _find_place(path: str) -> tuple[Side, int] | None:
    """Tell the side and the number of the layer that a module belongs to."""
    found = _LAYER.search(path)
    return (cast(Side, found[1]), int(found[2])) if found else None


def _check_patterns(patterns: Sequence[str], growable: Sequence[str]) -> None:
    for pattern in patterns:
        if not any(fnmatchcase(path, pattern) for path in growable):
            raise DendriteError(
                f"No linear layer that may grow is called {pattern!r}.",
                hint=f"The first of {len(growable)} is {growable[0]!r}; * stands for any characters.",
            )
