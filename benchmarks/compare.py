"""How long a large comparison takes: 100,000 documents, four runs, five seeds each, read from disk.

    python benchmarks/compare.py [--documents 100000]

Writes scores of random numbers as `eval` publishes them, then times `tldrkit compare` in its own process.
Prints its seconds and its peak memory.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tldrkit.reports.scores import Cost, RunScores
from tldrkit.scoring.overlap import ROUGE_TYPES
from tldrkit.steps.scoring import SCORES
from tldrkit.store.store import ArtifactStore

LABELS, SEEDS = "ABCD", 5


def publish(store: ArtifactStore, documents: int) -> list[str]:
    """Publish the scores of all runs; return their references."""
    ids = tuple(f"document-{number}" for number in range(documents))
    difficulty = np.random.default_rng(0).beta(2, 5, documents)
    references = []
    for label in LABELS:
        for seed in range(SEEDS):
            rng = np.random.default_rng([seed, ord(label)])
            values = np.clip(difficulty + rng.normal(0, 0.05, (len(ROUGE_TYPES), documents)), 0, 1)
            name = f"{label.lower()}/s{seed}/eval"
            run = build_run(label, seed, name, ids, values.tolist())
            with store.publish(name, kind="scores", spec={"seed": seed}, inputs=(), provenance={}) as draft:
                (draft.path / SCORES).write_text(json.dumps(run.to_dict()), encoding="utf-8")
            references.append(name)
    return references


def build_run(label: str, seed: int, name: str, ids: tuple[str, ...], values: list[list[float]]) -> RunScores:
    """Build one run."""
    cost = Cost(
        parameters=1_000_000 + 1_000 * ord(label), bytes=4_000_000, latency_median=0.1, latency_p95=0.2,
        batch_size=8, threads_per_second=9.0, tokens_per_second=99.0, peak_memory=10**9,
        joules_per_thread=None, machine="none",
        training_tokens=1, training_steps=1, training_seconds=1.0, dendrites=0,
    )  # fmt: skip
    return RunScores(
        label=label, seed=seed, reference=name, model=name, document_ids=ids,
        scores={metric: tuple(own) for metric, own in zip(ROUGE_TYPES, values, strict=True)},
        empty=0, data="random", data_digest="r", documents_digest="r",
        decoding={"num_beams": 1}, baselines={}, cost=cost,
    )  # fmt: skip


def main() -> None:
    """Print the time and the memory."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--documents", type=int, default=100_000)
    documents = parser.parse_args().documents
    with tempfile.TemporaryDirectory() as folder:
        references = publish(ArtifactStore(Path(folder)), documents)
        command = [sys.executable, "-m", "tldrkit", "compare", *references, "--artifacts", folder]
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    print(
        f"{documents:,} documents x {len(LABELS)} runs x {SEEDS} seeds: "
        f"{seconds:.1f} s, {peak / 2**30:.2f} GiB"
    )


if __name__ == "__main__":
    main()
