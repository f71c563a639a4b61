"""The optimizer and its schedule; built again whenever the network has grown."""

from torch import nn
from torch.optim import AdamW, Optimizer

from tldrkit.specs import FitSpec


def build_optimizer(network: nn.Module, spec: FitSpec) -> Optimizer:
    """Build AdamW (Loshchilov & Hutter 2019) over all that trains; norms and biases are not decayed."""
    trained = [p for p in network.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.dim() > 1], "weight_decay": spec.weight_decay},
        {"params": [p for p in trained if p.dim() <= 1], "weight_decay": 0.0},
    ]
    return AdamW([group for group in groups if group["params"]], lr=spec.lr, fused=True)


def compute_lr(spec: FitSpec, step: int, since_build: int) -> float:
    """Compute the learning rate of a step.

    Linear warm-up, then linear decay to zero at the last step. A rebuilt optimizer warms up again, since
    Adam's first steps are as large as the rate whatever the gradient (Ma & Yarats 2021).

    Args:
        spec: Gives peak, warm-up and number of steps.
        step: Steps done so far, from 0.
        since_build: Steps done since the optimizer was built.
    """
    warm_up = min(1.0, (since_build + 1) / max(1, spec.warmup_steps))
    decay = (spec.max_steps - step) / max(1, spec.max_steps - spec.warmup_steps)
    return spec.lr * min(warm_up, decay, 1.0)


def set_lr(optimizer: Optimizer, lr: float) -> None:
    """Set the learning rate of every group."""
    for group in optimizer.param_groups:
        group["lr"] = lr
