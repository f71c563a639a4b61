"""What compression keeps: students of one size, cut from one teacher in different ways, then trained alike.

Prints the validation loss before any training, and loss and ROUGE-L on the whole validation split after a
short training, over several seeds, with random networks of the same shapes among them. Loss is a word's at
first, and a token's after training. What is in the store already is not made again.

    python benchmarks/compression.py --base experiments/tiny/base --artifacts artifacts [--dataset synthetic]
        [--data FOLDER] [--steps 200] [--seeds 0 1 2] [--jobs 2]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

Row = dict[str, Any]


RANDOM = "random, "


def list_students(arguments: argparse.Namespace) -> dict[str, Row]:
    """List the ways, each with the options of `tldrkit compress`; weights of RANDOM ones are drawn anew."""
    layers = {"enc_num_layers": arguments.enc_layers, "dec_num_layers": arguments.dec_layers}
    width = layers | {"dec_d_model": arguments.dec_d_model}
    return {
        RANDOM + "fewer layers": layers,
        "layers, evenly": layers,
        "layers, by importance": layers | {"layers_by": "importance"},
        "layers, by loss": layers | {"layers_by": "loss"},
        RANDOM + "narrow decoder too": width,
        "+ decoder width, by importance": width | {"width_by": "importance"},
        "+ decoder width, by PCA": width | {"width_by": "pca"},
        "+ vocabulary": width | {"vocab_size": arguments.vocab_size},
    }


def run(*words: str) -> None:
    """Run one command of tldrkit; its own talk is the message where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "tldrkit", *words], capture_output=True, text=True, check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    if done.returncode:
        sys.exit(done.stderr)


def build_student(arguments: argparse.Namespace, name: str, sizes: Row) -> Row:
    """Compress the base one way; returns the report."""
    options = [word for key, value in sizes.items() for word in (f"--{key}", str(value))]
    run("compress", arguments.base, "--as", name, *options, *arguments.common)
    report: Row = read_metrics(arguments, name)["compression"]
    return report


def draw_student(arguments: argparse.Namespace, name: str, folder: Path) -> Path:
    """Draw a random network of a student's shape."""
    from tldrkit.compression.losses import build_random
    from tldrkit.families.summarizer import load_summarizer, save_summarizer

    summarizer = load_summarizer(max((arguments.artifacts / name).glob("v*")))
    summarizer.network = build_random(summarizer.network, seed=0)
    save_summarizer(summarizer, folder / name)
    return folder / name


def read_metrics(arguments: argparse.Namespace, name: str) -> Row:
    """Read what the manifest of the newest artifact of a name tells."""
    metrics: Row = json.loads((arguments.artifacts / name / "latest.json").read_text())["metrics"]
    return metrics


def train(arguments: argparse.Namespace, source: str, name: str, seed: int) -> Row:
    """Train a student; returns how it does on the whole validation split."""
    settings = {
        "max-steps": arguments.steps, "eval-every": arguments.steps, "eval-examples": 20, "batch-size": 16,
        "warmup-steps": 20, "lr": 1e-3, "dropout": 0, "seed": seed,
    }  # fmt: skip
    words = [word for key, value in settings.items() for word in (f"--{key}", str(value))]
    run("train", source, "--as", name, *words, *arguments.common)
    found: Row = read_metrics(arguments, name)["whole_validation"]
    return found


def measure(arguments: argparse.Namespace, folder: Path) -> Iterator[str]:
    """Yield the table, row by row."""
    yield "| student | parameters | loss at first | loss after training | ROUGE-L after training |"
    yield "|---|---:|---:|---:|---:|"
    for number, (title, sizes) in enumerate(list_students(arguments).items()):
        name = f"{arguments.into}/{number}"
        report = build_student(arguments, name, sizes)
        drawn = title.startswith(RANDOM)
        source = str(draw_student(arguments, name, folder)) if drawn else name
        with ThreadPoolExecutor(arguments.jobs) as pool:
            seeds = arguments.seeds
            found = list(pool.map(lambda s, a=source, n=name: train(arguments, a, f"{n}/s{s}", s), seeds))
        losses = report["loss_per_word"]
        loss = losses["random" if drawn else "student"]
        after = render([one["loss"] for one in found], 2)
        rouge = render([100 * one["rouge_l"] for one in found], 1)
        yield f"| {title} | {report['parameters']['after']:,} | {loss:.2f} | {after} | {rouge} |"
    yield f"\nThe teacher: {report['parameters']['before']:,} parameters, loss {losses['teacher']:.2f}."


def render(scores: list[float], places: int) -> str:
    """Render a mean with the lowest and highest."""
    mean, low, high = (f"{score:.{places}f}" for score in (statistics.mean(scores), min(scores), max(scores)))
    return f"{mean} ({low} to {high})"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--base", default="experiments/tiny/base")
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"))
    parser.add_argument("--into", default="compression", help="Folder of names for what is made.")
    parser.add_argument("--dataset", default="synthetic")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--max-source-tokens", type=int, default=256)
    parser.add_argument("--enc-layers", type=int, default=2)
    parser.add_argument("--dec-layers", type=int, default=2)
    parser.add_argument("--dec-d-model", type=int, default=144)
    parser.add_argument("--vocab-size", type=int, default=1000)
    arguments = parser.parse_args()
    arguments.common = ["--artifacts", str(arguments.artifacts), "--dataset", arguments.dataset,
                        "--max-source-tokens", str(arguments.max_source_tokens), "--max-target-tokens", "64",
                        *(("--data", str(arguments.data)) if arguments.data else ())]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        for line in measure(arguments, Path(folder)):
            print(line, flush=True)


if __name__ == "__main__":
    main()
