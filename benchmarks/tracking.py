"""What tracking costs: training with no tracker, with JSON lines, and with offline W&B as well.

One small network takes steps over one batch, by turns in one process: in every round each tracker is given
the events of as many steps as the loop logs at once, and of a validation. Prints steps a second, their ratio
in time to those without a tracker, the share that the calls of the tracker take, which a busy machine blurs
less (median, and the longest round: the first, which imports), and the processor time of W&B's own process.

    python benchmarks/tracking.py [--rounds N] [--width N]
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil
import torch
from transformers import T5Config, T5ForConditionalGeneration

from tldrkit.tracking import Event, FanOut, JsonlTracker, NullTracker, Tracker, WandbTracker

Seconds = tuple[float, float]  # steps and events together, events alone

EVERY = 20  # steps between two log lines, as in the loop
SAMPLES = [
    {"id": str(n), "reference": "word " * 30, "summary": "word " * 30, "rouge_l": 0.5} for n in range(8)
]


def build_step(width: int) -> Callable[[], None]:
    """Build a function that takes one training step."""
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=1600, d_model=width, d_kv=width // 4, d_ff=4 * width, num_heads=4, num_layers=2,
        decoder_start_token_id=0,
    )  # fmt: skip
    network = T5ForConditionalGeneration(config).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4)
    ids, labels = torch.randint(3, 1600, (8, 128)), torch.randint(3, 1600, (8, 24))

    def step() -> None:
        network(input_ids=ids, labels=labels).loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


def list_events(step: int) -> list[Event]:
    """List what the loop logs after EVERY steps, and after a validation."""
    train = {"kind": "train", "step": step, "done": step, "total": 10_000, "train_loss": 2.5, "lr": 1e-4}
    train |= {"best_val_rouge_l": 0.2, "tokens_per_second": 1234.5, "training_tokens": step * 1000}
    scored = {
        "kind": "validation",
        "step": step,
        "val_rouge_l": 0.2,
        "val_loss": 2.0,
        "params_deployed": 10**6,
    }
    return [train, scored, {"kind": "samples", "step": step, "samples": SAMPLES}]


def measure(rounds: int, width: int, trackers: Mapping[str, Tracker]) -> dict[str, list[Seconds]]:
    """Measure EVERY steps and their events, for each tracker in every round."""
    step = build_step(width)
    step()
    seconds: dict[str, list[Seconds]] = {name: [] for name in trackers}
    for number in range(1, rounds + 1):
        names = list(trackers)
        for name in names[number % len(names) :] + names[: number % len(names)]:  # none is always first
            started = time.perf_counter()
            for _ in range(EVERY):
                step()
            stepped = time.perf_counter()
            for event in list_events(number * EVERY):
                trackers[name].log(event)
            ended = time.perf_counter()
            seconds[name].append((ended - started, ended - stepped))
    return seconds


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--width", type=int, default=192)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = {"lr": 1e-4}
        wandb = WandbTracker(mode="offline", name="x", group="x", job="train", config=config, folder=folder)
        trackers: dict[str, Tracker] = {
            "none": NullTracker(),
            "JSON lines": JsonlTracker(folder / "a.jsonl"),
            "JSON lines, offline W&B": FanOut("x", [JsonlTracker(folder / "b.jsonl"), wandb]),
        }
        seconds = measure(asked.rounds, asked.width, trackers)
        children = [process.cpu_times() for process in psutil.Process().children(recursive=True)]
        other_processes = sum(used.user + used.system for used in children)
        for tracker in trackers.values():
            tracker.close()
    for name, own in seconds.items():
        pairs = zip(own, seconds["none"], strict=True)
        ratio = statistics.median(one[0] / other[0] for one, other in pairs)
        both, calls = (statistics.median(pair[i] for pair in own) for i in (0, 1))
        first = max(calls for _, calls in own)
        speed = f"{EVERY / both:6.2f} steps/s   time x {ratio:.3f}"
        print(f"{name:24} {speed}   in calls {calls / both:.2%}, at most {first:.2f} s once")
    print(f"processor seconds of W&B's process {other_processes:.1f}, of this one {time.process_time():.1f}")


if __name__ == "__main__":
    main()
