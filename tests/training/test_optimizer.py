import pytest
import torch

from tldrkit.specs import TrainSpec
from tldrkit.training.optimizer import build_optimizer, compute_lr

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
