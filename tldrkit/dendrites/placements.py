"""Where dendrites may grow, and how many parameters they cost there.

Knows layers by the blueprint. Does not grow anything.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Literal, get_args

from torch import nn
from transformers import PreTrainedModel

from tldrkit.errors import DendriteError
from tldrkit.families.anatomy import SIDES, SideName, find_layers, find_side
from tldrkit.specs import Placement, TrainSpec, read_count
from tldrkit.texts import count_noun

LISTED: Final = (1, 2, 3)  # dendrites a layer, in the table of costs
LayerKind = Literal["attention", "feed-forward"]


@dataclass(frozen=True)
class _Place:
    """Where what may grow is: its side, the number of its layer there, and what it belongs to."""

    side: SideName
    number: int
    kind: LayerKind

    def is_at(self, placement: Placement) -> bool:
        """Tell whether a placement holds it."""
        return placement in ("all", self.side, self.kind, f"{self.side}-{self.kind}")


@dataclass(frozen=True)
class GrowthCost:
    """What so many dendrites on every chosen layer would add to the parameters deployed."""

    placement: str
    dendrites: int
    parameters: int


def choose_modules(network: PreTrainedModel, spec: TrainSpec) -> list[str]:
    """Choose what may grow: linear layers, but for the head and projections between two widths; or blocks.

    Args:
        network: Of a family with a blueprint.
        spec: Patterns of module paths, or a placement, of the last layers or all.

    Returns:
        Dotted module paths, in the network's order.

    Raises:
        DendriteError: No layer is chosen.
    """
    paths = _choose(network, spec)
    if not paths:
        what = "linear layer" if spec.dendrite_unit == "linear" else "feed-forward that is a module"
        message = f"This network has no {what} at {spec.dendrite_placement!r}."
        hint = "Choose another dendrite_placement, or dendrite_unit: linear."
        raise DendriteError(message, hint=hint)
    return paths


def _choose(network: PreTrainedModel, spec: TrainSpec) -> list[str]:
    places = _list_places(network, spec.dendrite_unit)
    growable = list(_find_growable(network, places))
    if spec.dendrite_modules:
        patterns = [pattern.strip() for pattern in spec.dendrite_modules.split(",")]
        _check_patterns(patterns, growable)
        return [path for path in growable if any(fnmatchcase(path, pattern) for pattern in patterns)]
    paths = [path for path in growable if places[path].is_at(spec.dendrite_placement)]
    if spec.dendrite_last_layers is not None:
        first = {side: len(find_layers(network, side)) - spec.dendrite_last_layers for side in SIDES}
        paths = [path for path in paths if places[path].number >= first[places[path].side]]
    return paths


def count_cost(network: PreTrainedModel, paths: Sequence[str], dendrites: int) -> int:
    """Count the parameters that so many dendrites on each of some layers add to what is deployed.

    A dendrite has its layer's or block's parameters over again, a weight to each output feature, and a link a
    feature from each earlier dendrite (see ``DendriticLinear`` and ``DendriticBlock``).
    """
    links = dendrites * (dendrites - 1) // 2
    return sum(
        dendrites * sum(parameter.numel() for parameter in module.parameters())
        + (dendrites + links) * _count_features(module)
        for module in (network.get_submodule(path) for path in paths)
    )


def _count_features(module: nn.Module) -> int:
    """Count the output features of a linear layer or of a block."""
    return module.out_features if isinstance(module, nn.Linear) else find_norm(module).numel()


def find_norm(block: nn.Module) -> nn.Parameter:
    """Find the norm's weight in a feed-forward block of T5, as wide as its input and output."""
    return block.get_parameter("layer_norm.weight")


def list_costs(network: PreTrainedModel, spec: TrainSpec) -> list[GrowthCost]:
    """List what one, two and three dendrites would cost at every placement, or at the modules named."""
    if spec.dendrite_modules:
        return _count_each(network, spec)
    choices = [spec.model_copy(update={"dendrite_placement": name}) for name in get_args(Placement)]
    return [cost for choice in choices if _choose(network, choice) for cost in _count_each(network, choice)]


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


def _count_each(network: PreTrainedModel, spec: TrainSpec) -> list[GrowthCost]:
    paths = choose_modules(network, spec)
    counts = sorted({*LISTED, spec.max_dendrites})
    return [GrowthCost(spec.grown_at, count, count_cost(network, paths, count)) for count in counts]


def _find_growable(network: PreTrainedModel, places: Mapping[str, _Place]) -> Iterator[str]:
    """Find what may grow and has not, in the network's order."""
    for path, module in network.named_modules():
        if path in places and not hasattr(module, "dendrite_to_output"):
            yield path


def _list_places(network: PreTrainedModel, unit: str) -> dict[str, _Place]:
    """List the linear layers, or the feed-forward blocks, of all layers."""
    places: dict[str, _Place] = {}
    for side in SIDES:
        for number, layer in enumerate(find_side(network, side).layers):
            if unit == "block":
                if layer.feed.block:
                    places[layer.feed.block] = _Place(side, number, "feed-forward")
                continue
            attentions = [path for part in (layer.own, layer.cross) if part for path in part.linears]
            places |= {path: _Place(side, number, "attention") for path in attentions}
            feeds = (*layer.feed.readers, layer.feed.writer)
            places |= {path: _Place(side, number, "feed-forward") for path in feeds}
    return places


def _check_patterns(patterns: Sequence[str], growable: Sequence[str]) -> None:
    for pattern in patterns:
        if not any(fnmatchcase(path, pattern) for path in growable):
            raise DendriteError(
                f"Nothing that may grow is called {pattern!r}.",
                hint=f"The first of {len(growable)} is {growable[0]!r}; * stands for any characters.",
            )
