"""Growing in a training run: what it will cost, and what does it."""

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from tldrkit.reports.advice import foresee_no_dendrites
from tldrkit.specs import TrainSpec
from tldrkit.steps.step import Bench

if TYPE_CHECKING:
    from tldrkit.dendrites.growth import GrowthPolicy
    from tldrkit.dendrites.placements import GrowthCost
    from tldrkit.families.summarizer import Summarizer


def build_policy(bench: Bench, spec: TrainSpec, summarizer: "Summarizer", scratch: Path) -> "GrowthPolicy":
    """Build what grows the network, and tell what that would cost here and elsewhere.

    Raises:
        DendriteError: No dendrites can grow on this network, or none fit their budget.
    """
    from tldrkit.dendrites.growth import FixedShape

    if not spec.do_pb:
        return FixedShape()
    from tldrkit.dendrites.perforated import Dendrites, check_growable, find_addon
    from tldrkit.dendrites.placements import choose_modules, fit_budget, list_costs

    check_growable(summarizer.network, spec)
    chosen = fit_budget(summarizer.network, spec)
    paths = choose_modules(summarizer.network, chosen)
    bench.draft.metrics["dendrites_planned"] = {
        "placement": chosen.grown_at,
        "modules": paths,
        "max_dendrites": chosen.max_dendrites,
    }
    if message := foresee_no_dendrites(spec):
        bench.tracker.log({"kind": "advice", "message": message})
    message = render_costs(list_costs(summarizer.network, chosen), chosen)
    bench.tracker.log({"kind": "dendrite_costs", "message": message})
    if (spec.p_epochs_to_switch is not None or spec.cap_n is not None) and not find_addon():
        message = "p_epochs_to_switch and cap_n have no effect without PerforatedAI's licensed add-on"
        bench.tracker.log({"kind": "advice", "message": message})
    return Dendrites(chosen, scratch, bench.run.log_path)


def render_costs(costs: Iterable["GrowthCost"], chosen: TrainSpec) -> str:
    """Render what dendrites cost at each placement: a line each, with the one chosen marked."""
    lines = []
    for placement, group in groupby(costs, key=lambda cost: cost.placement):
        by_number = list(group)
        counts = [cost.dendrites for cost in by_number]
        sizes = "".join(f"{cost.parameters:>14,}" for cost in by_number)
        mark = f"  <- this run, at most {chosen.max_dendrites}" if placement == chosen.grown_at else ""
        lines.append(f"  {placement:<22}{sizes}{mark}")
    heads = f"  {'':<22}" + "".join(f"{count:>14}" for count in counts)
    title = "parameters that dendrites would add, by their number on each layer:"
    return "\n".join([title, heads, *lines])
