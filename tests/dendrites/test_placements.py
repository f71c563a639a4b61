import copy
from typing import get_args

import pytest
import torch
from transformers import PreTrainedModel

from tldrkit.dendrites.placements import choose_modules, count_cost, fit_budget, list_costs
from tldrkit.errors import DendriteError
from tldrkit.families.footprint import count_parameters
from tldrkit.families.hub_code.dendritic_linear import grow_linears
from tldrkit.specs import Placement, TrainSpec

KINDS = ["tiny_t5", "tiny_flan", "narrow_t5", "tiny_bart"]


@pytest.fixture(params=KINDS)
def network(request: pytest.FixtureRequest) -> PreTrainedModel:
    """T5 of both kinds, ours of two widths, and BART."""
    built: PreTrainedModel = request.getfixturevalue(request.param)
    return built


def test_placements_part_the_layers(network: PreTrainedModel) -> None:
    """The parts make up the whole; head, embeddings and projections between widths stay out."""
    chosen = {
        name: set(choose_modules(network, TrainSpec(dendrite_placement=name))) for name in get_args(Placement)
    }

    assert chosen["attention"] | chosen["feed-forward"] == chosen["all"]
    assert chosen["encoder"] | chosen["decoder"] == chosen["all"]
    assert not chosen["attention"] & chosen["feed-forward"]
    assert not chosen["encoder"] & chosen["decoder"]
    for side in ("encoder", "decoder"):
        for kind in ("attention", "feed-forward"):
            assert chosen[f"{side}-{kind}"] == chosen[side] & chosen[kind]
    linears = {path for path, module in network.named_modules() if type(module) is torch.nn.Linear}
    assert linears - chosen["all"] <= {"lm_head", "decoder.in_proj", "decoder.out_proj"}


def test_the_last_layers_are_those_before_the_output(network: PreTrainedModel) -> None:
    """Each side's layers with the highest numbers are chosen; more than there are is all of them."""
    some = choose_modules(network, TrainSpec(dendrite_placement="all", dendrite_last_layers=1))
    every = choose_modules(network, TrainSpec(dendrite_placement="all"))
    last = "3" if any(".3." in path for path in every) else "1"

    assert some == [path for path in every if f"block.{last}." in path or f"layers.{last}." in path]
    assert choose_modules(network, TrainSpec(dendrite_placement="all", dendrite_last_layers=9)) == every


def test_layers_may_be_named(tiny_t5: PreTrainedModel) -> None:
    """Patterns name module paths; one that names none is refused, with a path to learn from."""
    spec = TrainSpec(dendrite_modules="decoder.block.[01].*.wi, encoder.*.SelfAttention.o")

    assert choose_modules(tiny_t5, spec) == [
        *(f"encoder.block.{block}.layer.0.SelfAttention.o" for block in range(4)),
        *(f"decoder.block.{block}.layer.2.DenseReluDense.wi" for block in range(2)),
    ]
    with pytest.raises(DendriteError, match="'lm_head'"):
        choose_modules(tiny_t5, TrainSpec(dendrite_modules="lm_head"))
    with pytest.raises(ValueError, match="same thing twice"):
        TrainSpec(dendrite_modules="x", dendrite_placement="all")


@pytest.mark.parametrize("dendrites", [1, 2, 3])
def test_costs_are_what_will_be_deployed(network: PreTrainedModel, dendrites: int) -> None:
    """The table says to the parameter what a grown network has more than before."""
    for cost in list_costs(network, TrainSpec()):
        if cost.dendrites == dendrites:
            grown = copy.deepcopy(network)
            paths = choose_modules(network, TrainSpec(dendrite_placement=cost.placement))
            grow_linears(grown, dict.fromkeys(paths, dendrites), "relu")
            assert count_parameters(grown) - count_parameters(network) == cost.parameters


def test_one_dendrite_counted_by_hand(tiny_t5: PreTrainedModel) -> None:
    """From 32 to 48 features without bias: 32 x 48 weights and 48 to the output; the second has 48 links."""
    paths = ["decoder.block.0.layer.2.DenseReluDense.wi"]

    assert count_cost(tiny_t5, paths, 1) == 32 * 48 + 48
    assert count_cost(tiny_t5, paths, 2) == 2 * (32 * 48 + 48) + 48


def test_a_budget_is_used_as_far_as_it_goes(network: PreTrainedModel) -> None:
    """The costliest choice within the budget is taken; what is given stays; too little is refused."""
    costs = list_costs(network, TrainSpec())
    least = min(cost.parameters for cost in costs)
    for budget in (least, 20_000, 50_000, 10**9):
        chosen = fit_budget(network, TrainSpec(dendrite_budget=str(budget)))
        size = count_cost(network, choose_modules(network, chosen), chosen.max_dendrites)
        assert size == max(cost.parameters for cost in costs if cost.parameters <= budget)
    given = TrainSpec(dendrite_budget="1M", dendrite_placement="encoder", max_dendrites=4)
    assert fit_budget(network, given) == given
    assert fit_budget(network, TrainSpec(dendrite_budget="1M", max_dendrites=2)).dendrite_placement == "all"
    named = TrainSpec(dendrite_budget="1M", dendrite_modules="*encoder*")
    assert fit_budget(network, named).max_dendrites == 3
    with pytest.raises(DendriteError, match=r"1 dendrite a layer at \*encoder\*"):
        fit_budget(network, TrainSpec(dendrite_budget="1", dendrite_modules="*encoder*"))
    with pytest.raises(DendriteError, match=f"which adds {least:,} parameters"):
        fit_budget(network, TrainSpec(dendrite_budget=str(least - 1)))
