"""Whether a fast loop learns the same: our loss curve beside those of transformers' Seq2SeqTrainer.

All runs begin at the same weights and see the same batches in the same order, with T5's dropout. Runs of the
Trainer differ in what they drop out alone; ours is to be no further from them than they are from each other.
Prints the mean training loss of every hundred steps, and how far the curves are apart, as the mean over
windows of twenty steps.

    python benchmarks/loss_curves.py [--network small|t5-small] [--steps 500] [--batch-size 8]
        [--seeds 1 2 3] [--data FOLDER] [--dataset NAME]
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from itertools import combinations, islice
from pathlib import Path
from typing import Any

from train import NETWORKS, Memory, build_network, build_shared_tokenizer, load_texts

WINDOW = 20
"""Steps between two lines of our log."""


def build_spec(arguments: argparse.Namespace) -> Any:  # noqa: ANN401  (imported late: the parent needs no torch)
    """Build what the runs share."""
    from tldrkit.specs import TrainSpec

    return TrainSpec(
        max_steps=arguments.steps, batch_size=arguments.batch_size, eval_every=arguments.steps,
        eval_examples=1, max_source_tokens=256, label_smoothing=0.0, lr=1e-3, precision="fp32",
    )  # fmt: skip


def run_ours(arguments: argparse.Namespace) -> list[float]:
    """Train with our loop; returns the mean loss of every window."""
    from tldrkit.datasets.examples import Corpus
    from tldrkit.dendrites.growth import FixedShape
    from tldrkit.machine.device import build_accelerator
    from tldrkit.machine.memory import keep_freed_memory
    from tldrkit.training.loop import Trainer

    keep_freed_memory()
    examples, tokenizer = load_texts(arguments)
    memory = Memory()
    trainer = Trainer(
        build_accelerator("cpu", "fp32"), tokenizer, build_spec(arguments), FixedShape(), memory
    )
    trainer.fit(build_network(arguments.network), Corpus(train=examples, validation=examples[:1]))
    return [event["train_loss"] for event in memory.events if event["kind"] == "train"]


def run_peer(arguments: argparse.Namespace) -> list[float]:
    """Train with Seq2SeqTrainer over the batches of our loop; returns the mean loss of every window."""
    import torch
    from transformers import Seq2SeqTrainer, Seq2SeqTrainingArguments

    from tldrkit.datasets.batches import collate, stream_batches
    from tldrkit.training.optimizer import build_optimizer, compute_lr

    examples, tokenizer = load_texts(arguments)
    spec, network = build_spec(arguments), build_network(arguments.network)
    with closing(stream_batches(examples, tokenizer, spec)) as batches:
        rows: list[Any] = list(islice(batches, spec.max_steps))

    def pad(batch: Sequence[Any]) -> dict[str, Any]:
        padded = collate(batch[0], tokenizer.pad_token_id)
        return {"input_ids": padded.source, "attention_mask": padded.mask, "labels": padded.labels}

    optimizer = build_optimizer(network, spec)
    rates = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: compute_lr(spec, step, step) / spec.lr)
    settings = Seq2SeqTrainingArguments(
        output_dir=arguments.folder, max_steps=spec.max_steps, per_device_train_batch_size=1, use_cpu=True,
        train_sampling_strategy="sequential", max_grad_norm=spec.clip_norm, logging_steps=WINDOW,
        report_to=[], save_strategy="no", disable_tqdm=True, remove_unused_columns=False,
        seed=arguments.dropout_seed,
    )  # fmt: skip
    peer = Seq2SeqTrainer(
        network, settings, train_dataset=rows, data_collator=pad, optimizers=(optimizer, rates)
    )
    peer.train()
    return [entry["loss"] for entry in peer.state.log_history if "loss" in entry]


def start(worker: str, arguments: argparse.Namespace, seed: int = 0) -> list[float]:
    """Run one loop in a fresh process."""
    command = [sys.executable, __file__, "--worker", worker, "--dropout-seed", str(seed)]
    for name in ("folder", "network", "data", "dataset", "steps", "batch_size"):
        command += ["--" + name.replace("_", "-"), str(getattr(arguments, name))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    losses: list[float] = json.loads(done.stdout.splitlines()[-1])
    return losses


def compare(one: Sequence[float], other: Sequence[float]) -> str:
    """Tell how far two curves are apart, and which way."""
    apart = [a - b for a, b in zip(one, other, strict=True)]
    return f"{statistics.mean(map(abs, apart)):.4f} apart, {statistics.mean(apart):+.4f} on average"


def main() -> None:
    """Print the curves and their distances."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", choices=NETWORKS, default="small")
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="What the Trainer drops out.")
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[1] / "../shared/data")
    parser.add_argument("--dataset", default="samsum")
    parser.add_argument("--worker", choices=("peer", "ours"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--dropout-seed", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        print(json.dumps({"peer": run_peer, "ours": run_ours}[arguments.worker](arguments)))
        return
    with tempfile.TemporaryDirectory() as folder:
        arguments.folder = Path(folder)
        build_shared_tokenizer(arguments)
        curves = {"tldrkit": start("ours", arguments)}
        for seed in arguments.seeds:
            curves[f"Trainer, seed {seed}"] = start("peer", arguments, seed)
    print(f"| steps | {' | '.join(curves)} |\n|---{'|---:' * len(curves)}|")
    hundred = 100 // WINDOW
    for first in range(0, arguments.steps // WINDOW, hundred):
        means = [f"{statistics.mean(losses[first : first + hundred]):.3f}" for losses in curves.values()]
        print(f"| {first * WINDOW + 1} to {(first + hundred) * WINDOW} | {' | '.join(means)} |")
    print()
    for (name, one), (second, other) in combinations(curves.items(), 2):
        print(f"{name} and {second}: {compare(one, other)}")


if __name__ == "__main__":
    main()
