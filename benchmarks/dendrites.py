"""What dendrites cost in time: a plain T5, one with dendrites as deployed, and one of PerforatedAI's modules.

Times a training step, a forward pass and `generate`, by turns in one process, on random tokens and weights;
for our own decoding there is `summarize.py`, which has shapes with dendrites. Beside the ratio to the plain
network's time stands the ratio of FLOPs in matrix products; the last column is the one divided by the other.

    python benchmarks/dendrites.py [--shape small] [--placement all] [--dendrites 1] [--rounds 5]
"""

import argparse
import copy
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import T5Config, T5ForConditionalGeneration

from tldrkit.datasets.batches import Tokens
from tldrkit.dendrites.perforated import Dendrites
from tldrkit.machine.device import build_accelerator
from tldrkit.machine.memory import keep_freed_memory
from tldrkit.specs import Placement, TrainSpec
from tldrkit.training.objective import PaddedLoss, build_dropout, build_objective
from tldrkit.training.optimizer import build_optimizer

ROWS, SOURCE, TARGET = 16, 128, 32
SHAPES: dict[str, dict[str, int]] = {
    "small": {"vocab_size": 8000, "d_model": 256, "d_kv": 32, "d_ff": 1024, "num_heads": 8, "num_layers": 4},
    "t5-small": {
        "vocab_size": 32128,
        "d_model": 512,
        "d_kv": 64,
        "d_ff": 2048,
        "num_heads": 8,
        "num_layers": 6,
    },
}
PLAIN, DEPLOYED, THEIRS = "plain", "deployed", "PerforatedAI's"
Job = Callable[[], object]


def build_network(shape: str) -> T5ForConditionalGeneration:
    """Build a random network with T5's dropout."""
    torch.manual_seed(0)
    config = T5Config(**SHAPES[shape], dropout_rate=0.1, decoder_start_token_id=0)
    return T5ForConditionalGeneration(config).train()


def grow(network: Any, spec: TrainSpec, folder: Path) -> tuple[Any, Any]:  # noqa: ANN401
    """Grow dendrites; return the network as it trains, and as it is deployed."""
    policy = Dendrites(spec, folder, folder / "log")
    grown = policy.attach(network)
    for number in range(spec.max_dendrites):
        policy.use_optimizer(build_optimizer(grown, spec))
        grown = policy.after_validation(grown, 0.1 * (1 + number)).network
    return grown, policy.detach(grown)


def build_step(network: Any, objective: Callable[..., torch.Tensor], spec: TrainSpec) -> Job:  # noqa: ANN401
    """Build a function that takes one training step."""
    optimizer = build_optimizer(network, spec)
    vocabulary = network.config.vocab_size
    rows = [
        Tokens(*(torch.randint(3, vocabulary, (n,)).tolist() for n in (SOURCE, TARGET))) for _ in range(ROWS)
    ]

    def step() -> None:
        (objective(rows, 0.0) / (ROWS * TARGET)).backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


def build_reading(network: Any) -> dict[str, Job]:  # noqa: ANN401
    """Build a forward pass and greedy decoding of exactly so many tokens."""
    source = torch.randint(3, network.config.vocab_size, (ROWS, SOURCE))
    target = torch.randint(3, network.config.vocab_size, (ROWS, TARGET))
    length = {"max_new_tokens": TARGET, "min_new_tokens": TARGET, "num_beams": 1, "do_sample": False}
    return {
        "forward": torch.no_grad()(lambda: network(input_ids=source, decoder_input_ids=target).logits),
        "generate": lambda: network.generate(input_ids=source, **length),
    }


def count_flops(job: Job) -> int:
    """Count the floating-point operations of the matrix products."""
    with FlopCounterMode(display=False) as counter:
        job()
    return int(counter.get_total_flops())


def count_all(jobs: dict[str, Job]) -> dict[str, int]:
    """Count those of each job."""
    return {name: count_flops(job) for name, job in jobs.items()}


def time_by_turns(jobs: dict[str, Job], rounds: int) -> dict[str, list[float]]:
    """Time each job once a round, after a warm-up."""
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for number in range(rounds + 1):
        for name, job in jobs.items():
            started = time.perf_counter()
            job()
            if number:
                seconds[name].append(time.perf_counter() - started)
    return seconds


def print_rows(work: str, jobs: dict[str, Job], flops: dict[str, int], rounds: int) -> None:
    """Print a line of the table for each network."""
    seconds = time_by_turns(jobs, rounds)
    for name in jobs:
        ratios = [own / plain for plain, own in zip(seconds[PLAIN], seconds[name], strict=True)]
        ratio, work_done = statistics.median(ratios), flops[name] / flops[PLAIN]
        spread = f"({min(ratios):.2f} to {max(ratios):.2f})"
        print(
            f"{work:14} {name:15} {statistics.median(seconds[name]):7.3f} s   x plain {ratio:.2f} {spread}   "
            f"FLOPs {work_done:.2f}   time/FLOPs {ratio / work_done:.2f}"
        )


def main() -> None:
    """Print the comparison."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--shape", choices=list(SHAPES), default="small")
    parser.add_argument("--placement", choices=get_args(Placement), default="all")
    parser.add_argument("--dendrites", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    keep_freed_memory()
    spec = TrainSpec(
        do_pb=True, dendrite_placement=arguments.placement, max_dendrites=arguments.dendrites,
        switch_mode="fixed", n_epochs_to_switch=1,
    )  # fmt: skip
    accelerator = build_accelerator("cpu", "fp32")
    plain = build_network(arguments.shape)
    dropout = build_dropout(plain, accelerator, 0)
    with tempfile.TemporaryDirectory() as folder:
        growing, deployed = grow(copy.deepcopy(plain), spec, Path(folder))
        steps = {
            PLAIN: build_step(plain, build_objective(plain, accelerator, dropout), spec),
            DEPLOYED: build_step(growing, build_objective(growing, accelerator, dropout), spec),
            THEIRS: build_step(growing, PaddedLoss(growing, accelerator), spec),
        }
        print_rows("training step", steps, count_all(steps), arguments.rounds)
        networks = {PLAIN: plain.eval(), DEPLOYED: deployed.eval(), THEIRS: growing.eval()}
        reading = {name: build_reading(network) for name, network in networks.items()}
        for work in ("forward", "generate"):
            jobs = {name: own[work] for name, own in reading.items()}
            print_rows(work, jobs, count_all(jobs), arguments.rounds)


if __name__ == "__main__":
    main()
