"""What a training step costs with dendrites: plain, grown, and by PerforatedAI's modules called as they are.

A small T5 with one dendrite on every linear layer of a placement; steps by turns in one process, on one batch
of random tokens. Prints seconds a step, and beside their ratios to the plain network's the ratio of FLOPs in
matrix products.

    python benchmarks/perforated.py [--placement all] [--rounds N]
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import T5Config, T5ForConditionalGeneration

from tldrkit.data.batches import Tokens
from tldrkit.engines.device import build_accelerator
from tldrkit.engines.memory import keep_freed_memory
from tldrkit.engines.objective import PaddedLoss, build_masks, build_objective
from tldrkit.engines.optimizer import build_optimizer
from tldrkit.models.dendrites import Dendrites
from tldrkit.specs import Placement, TrainSpec

ROWS, SOURCE, TARGET = 32, 128, 28


def build_network() -> T5ForConditionalGeneration:
    """Build a network of 9.4 M parameters with T5's dropout."""
    torch.manual_seed(0)
    return T5ForConditionalGeneration(
        T5Config(
            vocab_size=8000, d_model=256, d_kv=32, d_ff=1024, num_heads=8, num_layers=4, num_decoder_layers=4,
            dropout_rate=0.1, decoder_start_token_id=0,
        )
    ).train()  # fmt: skip


def build_step(network: Any, objective: Callable[..., torch.Tensor], spec: TrainSpec) -> Callable[[], None]:  # noqa: ANN401
    """Build a function that takes one training step."""
    optimizer = build_optimizer(network, spec)
    rows = [Tokens(*(torch.randint(3, 8000, (n,)).tolist() for n in (SOURCE, TARGET))) for _ in range(ROWS)]

    def step() -> None:
        (objective(rows, 0.0) / (ROWS * TARGET)).backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


def grow(spec: TrainSpec, folder: Path) -> Any:  # noqa: ANN401
    """Build the network with one dendrite on each chosen layer."""
    policy = Dendrites(spec, folder, folder / "log")
    network = policy.attach(build_network())
    policy.use_optimizer(build_optimizer(network, spec))
    return policy.after_validation(network, 0.1).network


def count_flops(step: Callable[[], None]) -> int:
    """Count the floating-point operations of a step's matrix products."""
    with FlopCounterMode(display=False) as counter:
        step()
    return int(counter.get_total_flops())


def main() -> None:
    """Print the comparison."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--placement", choices=get_args(Placement), default="all")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    keep_freed_memory()
    spec = TrainSpec(
        do_pb=True, dendrite_placement=arguments.placement, switch_mode="fixed", n_epochs_to_switch=1
    )
    accelerator = build_accelerator("cpu", "auto")
    plain = build_network()
    masks = build_masks(plain, accelerator, 0)
    with tempfile.TemporaryDirectory() as folder:
        grown = grow(spec, Path(folder))
        padded = PaddedLoss(grown, accelerator)
        steps = {
            "plain": build_step(plain, build_objective(plain, accelerator, masks), spec),
            "grown": build_step(grown, build_objective(grown, accelerator, masks), spec),
            "PerforatedAI's modules": build_step(grown, padded, spec),
        }
        flops = {name: count_flops(step) for name, step in steps.items()}
        seconds: dict[str, list[float]] = {name: [] for name in steps}
        for _ in range(arguments.rounds):
            for name, step in steps.items():
                started = time.perf_counter()
                step()
                seconds[name].append(time.perf_counter() - started)
    for name in steps:
        ratios = [other / own for own, other in zip(seconds["plain"], seconds[name], strict=True)]
        print(
            f"{name:24} {statistics.median(seconds[name]):.3f} s   x plain {statistics.median(ratios):.2f} "
            f"({min(ratios):.2f} to {max(ratios):.2f})   FLOPs ratio {flops[name] / flops['plain']:.2f}"
        )


if __name__ == "__main__":
    main()
