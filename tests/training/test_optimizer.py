import pytest
import torch

from tests.networks import build_t5
from tldrkit.specs import TrainSpec
from tldrkit.training.optimizer import build_optimizer, compute_lr, count_cuts, set_lr

SPEC = TrainSpec(lr=1.0, warmup_steps=10, max_steps=110)


@pytest.mark.parametrize(
    ("step", "since_build", "rate"),
    [(0, 0, 0.1), (9, 9, 1.0), (10, 10, 1.0), (60, 60, 0.5), (60, 0, 0.1), (109, 109, 0.01)],
)
def test_the_rate_warms_up_decays_and_warms_up_again_after_growth(
    step: int, since_build: int, rate: float
) -> None:
    """Linear warm-up from every rebuild of the optimizer, linear decay to zero at the last step."""
    assert compute_lr(SPEC, step, since_build) == pytest.approx(rate)


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [("linear", (0.1, 1, 0.5, 0.01)), ("cosine", (0.1, 1, 0.5, 0.000247)), ("constant", (0.1, 1, 1, 1))],
)
def test_every_schedule_follows_the_warm_up(schedule: str, rates: tuple[float, ...]) -> None:
    """In a line or half a cosine to zero at the last step, or the peak to the end."""
    spec = SPEC.model_copy(update={"schedule": schedule})
    assert [compute_lr(spec, step, step) for step in (0, 10, 60, 109)] == pytest.approx(list(rates), abs=1e-6)


def test_a_plateau_cuts_the_rate() -> None:
    """Whenever so many validations brought no better score; each cut waits for as many, and warm-up stays."""
    spec = SPEC.model_copy(update={"schedule": "plateau", "plateau_patience": 2, "plateau_factor": 0.5})
    scores = [0.1, 0.2, 0.2, 0.1, 0.15, 0.3, 0.3, 0.3, 0.3, 0.3]

    cuts = [count_cuts(spec, scores[:known]) for known in range(len(scores) + 1)]
    assert cuts == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3]
    assert [compute_lr(spec, 50, 50, cut) for cut in (0, 1, 2)] == [1.0, 0.5, 0.25]
    assert compute_lr(spec, 50, 0, 1) == 0.1
    assert count_cuts(SPEC, scores) == 0


def test_encoder_and_embeddings_may_have_a_rate_of_their_own() -> None:
    """All others go by --lr; norms of either are not decayed."""
    network = build_t5()
    names = {id(weight): name for name, weight in network.named_parameters()}
    optimizer = build_optimizer(network, TrainSpec(lr=1.0, encoder_lr=0.25, weight_decay=0.5))
    set_lr(optimizer, 0.1)
    told = {names[id(w)]: (g["lr"], g["weight_decay"]) for g in optimizer.param_groups for w in g["params"]}

    assert told.keys() == set(names.values())
    assert told["shared.weight"] == told["encoder.block.0.layer.0.SelfAttention.q.weight"] == (0.025, 0.5)
    assert told["decoder.block.0.layer.1.EncDecAttention.q.weight"] == (0.1, 0.5)
    assert told["encoder.final_layer_norm.weight"] == (0.025, 0.0)
    assert told["decoder.final_layer_norm.weight"] == (0.1, 0.0)


def test_adafactor_keeps_rows_and_columns() -> None:
    """Its state is a fraction of AdamW's, and a step changes what trains by a share of its size."""
    network = torch.nn.Linear(30, 20)
    before = network.weight.detach().clone()
    optimizer = build_optimizer(network, TrainSpec(optimizer="adafactor", lr=0.01, weight_decay=0.0))
    network(torch.ones(1, 30)).sum().backward()
    optimizer.step()
    state = optimizer.state_dict()["state"]

    assert sum(tensor.numel() for kept in state.values() for tensor in kept.values()) < 20 * 30 / 2
    changed = (network.weight.detach() - before).pow(2).mean().sqrt() / before.pow(2).mean().sqrt()
    assert float(changed) == pytest.approx(0.01, rel=1e-3)


def test_without_warm_up_the_first_step_has_the_peak_rate() -> None:
    """A warm-up of no steps starts at the peak."""
    assert compute_lr(TrainSpec(lr=1.0, warmup_steps=0, max_steps=10), 0, 0) == 1.0


def test_norms_and_biases_are_not_decayed() -> None:
    """Weight decay acts on matrices alone, and what does not train is left out."""
    network = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.LayerNorm(3))
    network[0].bias.requires_grad_(False)

    decayed, plain = build_optimizer(network, TrainSpec(weight_decay=0.5)).param_groups

    assert ([p.dim() for p in decayed["params"]], decayed["weight_decay"]) == ([2], 0.5)
    assert ([p.dim() for p in plain["params"]], plain["weight_decay"]) == ([1, 1], 0.0)
