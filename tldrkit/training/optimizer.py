"""The optimizer and its schedule; built again whenever the network has grown."""

import math
from collections.abc import Sequence

from torch import nn
from torch.optim import Adafactor, AdamW, Optimizer

from tldrkit.specs import FitSpec


def build_optimizer(network: nn.Module, spec: FitSpec) -> Optimizer:
    """Build the optimizer of all that trains; norms and biases are not decayed.

    AdamW (Loshchilov & Hutter 2019), or Adafactor (Shazeer & Stern 2018), whose rates are shares of the root
    mean square of each matrix.
    """
    trained = [(name, weight) for name, weight in network.named_parameters() if weight.requires_grad]
    groups = []
    for encoders in (False, True):
        own = [weight for name, weight in trained if _has_encoders_rate(name, spec) is encoders]
        share = (spec.encoder_lr or 0.0) / spec.lr if encoders else 1.0
        for decay, weights in (
            (spec.weight_decay, [weight for weight in own if weight.dim() > 1]),
            (0.0, [weight for weight in own if weight.dim() <= 1]),
        ):
            groups.append({"params": weights, "weight_decay": decay, "share": share})
    groups = [group for group in groups if group["params"]]
    if spec.optimizer == "adafactor":
        return Adafactor(groups, lr=spec.lr)
    return AdamW(groups, lr=spec.lr, fused=True)


def _has_encoders_rate(name: str, spec: FitSpec) -> bool:
    """Tell whether a parameter of T5, BART or kin is of the encoder or of the shared embeddings."""
    return spec.encoder_lr is not None and bool({"encoder", "shared"} & set(name.split(".")))


def compute_lr(spec: FitSpec, step: int, since_build: int, cuts: int = 0) -> float:
    """Compute the learning rate of a step.

    Linear warm-up, then what the schedule says; linear and cosine come to zero at the last step. A rebuilt
    optimizer warms up again, since Adam's first steps are as large as the rate whatever the gradient (Ma &
    Yarats 2021).

    Args:
        spec: Gives peak, warm-up, schedule and number of steps.
        step: Steps done so far, from 0.
        since_build: Steps done since the optimizer was built.
        cuts: How often the rate was cut since then.
    """
    warm_up = min(1.0, (since_build + 1) / max(1, spec.warmup_steps))
    left = (spec.max_steps - step) / max(1, spec.max_steps - spec.warmup_steps)
    after = {
        "linear": left,
        "cosine": (1 - math.cos(math.pi * min(1.0, left))) / 2,
        "constant": 1.0,
        "plateau": spec.plateau_factor**cuts,
    }[spec.schedule]
    return spec.lr * min(warm_up, after, 1.0)


def count_cuts(spec: FitSpec, scores: Sequence[float]) -> int:
    """Count the cuts of the plateau schedule: one whenever scores have not become better for its patience.

    Args:
        spec: Gives schedule and patience.
        scores: Of the validations since the optimizer was built; more is better.
    """
    if spec.schedule != "plateau":
        return 0
    best, waited, cuts = -math.inf, 0, 0
    for score in scores:
        best, waited = (score, 0) if score > best else (best, waited + 1)
        if waited == spec.plateau_patience:
            waited, cuts = 0, cuts + 1
    return cuts


def set_lr(optimizer: Optimizer, lr: float) -> None:
    """Set the learning rate of every group: its share of the given one."""
    for group in optimizer.param_groups:
        group["lr"] = lr * group["share"]
