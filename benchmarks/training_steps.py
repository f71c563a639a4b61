"""What makes training fast: the same steps with each measure added to those before it, and their profile.

Begins with Hugging Face's forward pass on padded batches, as in Seq2SeqTrainer. Each way runs in a process
of its own, by turns. Prints tokens a second (median of the rounds, lowest to highest), peak memory, and the
shares of matrix products and of dropout's random numbers in the processor's time, by torch's profiler.

    python benchmarks/training_steps.py [--network small|t5-small] [--rounds N] [--data FOLDER]
        [--dataset NAME]
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from train import BATCH, NETWORKS, build_network, build_shared_tokenizer, load_texts

WARM, MEASURED, PROFILED = 2, 4, 2
PRODUCTS = ("aten::mm", "aten::bmm", "aten::addmm", "aten::baddbmm")
RANDOM = ("aten::bernoulli_", "aten::native_dropout")
WAYS = (
    "padded batches, Hugging Face's forward pass",
    "+ freed memory is kept",
    "+ packed tokens, gradients written out",
    "+ dropout from a pool",
)


def build_loss(network: Any, way: int) -> Callable[[int, Sequence[Any]], Any]:  # noqa: ANN401  (imported late)
    """Build the loss of the rows of a step."""
    import torch

    from tldrkit.machine.device import build_accelerator
    from tldrkit.training.objective import PaddedLoss, build_dropout, build_objective
    from tldrkit.training.packed.dropout import Dropout, DropoutMasks

    accelerator = build_accelerator("cpu", "auto")
    if way < 2:
        padded = PaddedLoss(network, accelerator)
        return lambda _, rows: padded(rows, 0.0)
    network.set_attn_implementation("eager")
    dropout: Any = build_dropout(network, accelerator, 0)
    masks = dropout.hidden
    if way == 2:

        class Drawn(DropoutMasks):
            def draw(self, shape: Sequence[int]) -> torch.Tensor:
                return masks.draw((1,)).new_empty(*shape).bernoulli_(1 - self.rate).div_(1 - self.rate)

        drawn = Drawn(masks.rate, 0, torch.float32)
        objective = build_objective(network, accelerator, Dropout(drawn, drawn, drawn))
    else:
        objective = build_objective(network, accelerator, dropout)

    def compute(step: int, rows: Sequence[Any]) -> Any:  # noqa: ANN401
        dropout.restart(step, 0)
        return objective(rows, 0.0)

    return compute


def work(arguments: argparse.Namespace) -> None:
    """Take steps one way; prints what they took as JSON."""
    import torch
    from torch.profiler import ProfilerActivity, profile

    from tldrkit.datasets.batches import stream_batches
    from tldrkit.machine.memory import keep_freed_memory
    from tldrkit.specs import TrainSpec
    from tldrkit.training.optimizer import build_optimizer

    if arguments.way:
        keep_freed_memory()
    examples, tokenizer = load_texts(arguments)
    spec = TrainSpec(batch_size=BATCH[arguments.network], max_target_tokens=128)
    network = build_network(arguments.network).train()
    optimizer, compute = build_optimizer(network, spec), build_loss(network, arguments.way)
    batches = stream_batches(examples, tokenizer, spec)

    def step(number: int) -> int:
        rows = next(batches)
        (compute(number, rows) / sum(len(row.target) for row in rows)).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), spec.clip_norm)
        optimizer.step()
        optimizer.zero_grad()
        return sum(map(len, rows))

    for number in range(WARM):
        step(number)
    started = time.perf_counter()
    tokens = sum(step(WARM + number) for number in range(MEASURED))
    rate = tokens / (time.perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        for number in range(PROFILED):
            step(WARM + MEASURED + number)
    times = {event.key: event.self_cpu_time_total for event in seen.key_averages()}
    products, random = (
        sum(times.get(name, 0) for name in names) / sum(times.values()) for names in (PRODUCTS, RANDOM)
    )
    print(json.dumps({"rate": rate, "peak": peak, "products": products, "random": random}))


def start(way: int, arguments: argparse.Namespace) -> dict[str, float]:
    """Take steps one way in a fresh process."""
    command = [sys.executable, __file__, "--way", str(way)]
    for name in ("folder", "network", "data", "dataset"):
        command += [f"--{name}", str(getattr(arguments, name))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("{"))
    result: dict[str, float] = json.loads(line)
    return result


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", choices=NETWORKS, default="small")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[1] / "../shared/data")
    parser.add_argument("--dataset", default="samsum")
    parser.add_argument("--way", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way is not None:
        return work(arguments)
    with tempfile.TemporaryDirectory() as folder:
        arguments.folder = Path(folder)
        build_shared_tokenizer(arguments)
        rounds = [[start(way, arguments) for way in range(len(WAYS))] for _ in range(arguments.rounds)]
    print("| way | tokens/s | x the first | peak GiB | products | random numbers |")
    print("|---|---:|---:|---:|---:|---:|")
    for way, title in enumerate(WAYS):
        own = [results[way] for results in rounds]
        rates = [one["rate"] for one in own]
        ratio = statistics.median(results[way]["rate"] / results[0]["rate"] for results in rounds)
        middle = {key: statistics.median(one[key] for one in own) for key in ("peak", "products", "random")}
        print(
            f"| {title} | {statistics.median(rates):,.0f} ({min(rates):,.0f} to {max(rates):,.0f}) "
            f"| {ratio:.2f} | {middle['peak']:.2f} | {middle['products']:.0%} | {middle['random']:.0%} |"
        )
    return None


if __name__ == "__main__":
    main()
