"""Where dendrites are worth most: the same deployed size, grown at different places.

Begins with what `make abc PROFILE=P SEEDS="..."` made: its B (a dendrite at the profile's own placement) has
the size of all, and D (none) stands in the table too. At every other placement the network is compressed like
B's, but with feed-forwards so narrow that one dendrite there makes it as large; it trains by the profile's
train.yaml and experiments/b.yaml. Ends with `tldrkit compare` over all.

    python benchmarks/placements.py PROFILE [--placements all attention ...] [--seeds 0 1 2] [--data DIR]
"""

import argparse
import copy
import subprocess
import sys
from pathlib import Path
from typing import get_args

import torch
from transformers import PreTrainedModel

from tldrkit.dendrites.placements import choose_modules, count_cost
from tldrkit.families.footprint import count_parameters
from tldrkit.families.summarizer import load_summarizer
from tldrkit.specs import Placement, TrainSpec, build_spec
from tldrkit.store.store import ArtifactStore

STEP = 8  # neurons


def run(*arguments: str) -> None:
    """Run a step; one that was done before is skipped."""
    subprocess.run([sys.executable, "-m", "tldrkit", *arguments], check=True)


def find_d_ff(network: PreTrainedModel, placement: Placement, size: int) -> int:
    """Find the feed-forward width with which one dendrite at a placement comes nearest to a size."""

    def count(d_ff: int) -> int:
        config = copy.deepcopy(network.config)
        config.d_ff = d_ff
        with torch.device("meta"):
            built = type(network)(config)
        spec = TrainSpec(dendrite_placement=placement)
        return count_parameters(built) + count_cost(built, choose_modules(built, spec), 1)

    return min(range(STEP, 4 * network.config.d_ff, STEP), key=lambda d_ff: abs(count(d_ff) - size))


def main() -> None:
    """Run what is missing and print the comparison."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("profile")
    parser.add_argument("--placements", nargs="+", choices=get_args(Placement), default=get_args(Placement))
    parser.add_argument("--seeds", nargs="+", default=["0", "1", "2"])
    parser.add_argument("--artifacts", default="artifacts")
    parser.add_argument("--data", help="folder of local data sets, where the profile needs one")
    arguments = parser.parse_args()
    profile, specs = arguments.profile, Path("experiments") / arguments.profile
    shared = ["--artifacts", arguments.artifacts, "--threads", "1"]
    shared += ["--data", arguments.data] if arguments.data else []
    store = ArtifactStore(Path(arguments.artifacts))
    core = load_summarizer(store.resolve(f"{profile}/compress").path).network
    own = build_spec(TrainSpec, [specs / "train.yaml"])
    size = count_parameters(core) + count_cost(core, choose_modules(core, own), 1)
    scores = [f"{profile}/{run}/s{seed}/eval" for run in "bd" for seed in arguments.seeds]
    for seed in arguments.seeds:
        for placement in arguments.placements:
            name = f"{profile}/placements/{placement}"
            d_ff = str(find_d_ff(core, placement, size))
            compress, train = f"{specs}/compress.yaml", f"{specs}/train.yaml"
            run("compress", f"{profile}/base", "--as", f"{name}/compress", "--spec", compress,
                "--d-ff", d_ff, *shared)  # fmt: skip
            run("train", f"{name}/compress", "--as", f"{name}/s{seed}/train", "--spec", train,
                "--spec", "experiments/b.yaml", "--experiment", f"B, {placement}", "--seed", seed,
                "--dendrite-placement", placement, *shared)  # fmt: skip
            run("eval", f"{name}/s{seed}/train", "--as", f"{name}/s{seed}/eval", "--spec",
                f"{specs}/eval.yaml", *shared)  # fmt: skip
            scores.append(f"{name}/s{seed}/eval")
    run("compare", *scores, "--as", f"{profile}/placements/compare", "--artifacts", arguments.artifacts)


if __name__ == "__main__":
    main()
