"""How fast ROUGE is computed: ours in one process and in two, beside `rouge_score` and `evaluate`'s `rouge`.

    python benchmarks/rouge.py [--data FOLDER] [--evaluate rouge]

Pairs are those of SAMSum in FOLDER (../shared/data), else of the embedded corpus; a prediction is the first
30 words of its document. `--evaluate` names what `evaluate.load` loads: `rouge` from the hub, or a folder
with a copy of its rouge.py; without it that one is left out. Every round runs all after one another, ours
without any stem known. Two processes are given the pairs many times over, and their start is part of their
time. Prints pairs per second and the ratio to `rouge_score`, as median and range over rounds, and the largest
difference between any two scores.
"""

import argparse
import gzip
import json
import statistics
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from rouge_score.rouge_scorer import RougeScorer

from tldrkit.datasets.synthetic.threads import generate_examples
from tldrkit.scoring import words
from tldrkit.scoring.overlap import ROUGE_TYPES, compute_rouge

ROUNDS, PAIRS, COPIES = 5, 3_000, 20


def read_pairs(folder: Path) -> tuple[list[str], list[list[str]]]:
    """Read predictions and references."""
    path = folder / "samsum.train.jsonl.gz"
    if path.is_file():
        with gzip.open(path, "rt", encoding="utf-8") as file:
            rows = [json.loads(line) for line in islice(file, PAIRS)]
        pairs = [(row["document"], row["summary"]) for row in rows]
    else:
        pairs = [(one.document, one.summaries[0]) for one in generate_examples("train")[:PAIRS]]
    return [" ".join(text.split()[:30]) for text, _ in pairs], [[summary] for _, summary in pairs]


def score_by_peer(predictions: list[str], references: list[list[str]]) -> dict[str, list[float]]:
    """Score by `rouge_score`."""
    scorer = RougeScorer(ROUGE_TYPES, use_stemmer=True)
    scored = [scorer.score_multi(*pair[::-1]) for pair in zip(predictions, references, strict=True)]
    return {metric: [float(one[metric].fmeasure) for one in scored] for metric in ROUGE_TYPES}


def build_peers(name: str | None) -> dict[str, Callable[..., object]]:
    """Build what is timed, by its name."""
    peers: dict[str, Callable[..., object]] = {
        "rouge_score": score_by_peer,
        "ours, one process": compute_rouge,
        "ours, two processes": lambda texts, golds: compute_rouge(
            texts * COPIES, golds * COPIES, processes=2
        ),
    }
    if name:
        import evaluate

        metric = evaluate.load(name)
        peers["evaluate"] = lambda texts, golds: metric.compute(
            predictions=texts, references=golds, use_stemmer=True, use_aggregator=False
        )
        peers["evaluate, bootstrap"] = lambda texts, golds: metric.compute(
            predictions=texts, references=golds, use_stemmer=True
        )
    return peers


def time_rounds(
    peers: dict[str, Callable[..., object]], predictions: list[str], references: list[list[str]]
) -> dict[str, list[float]]:
    """Measure the pairs each scores in a second, round by round."""
    rates: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(ROUNDS):
        for name, peer in peers.items():
            words._open_stems.cache_clear()
            started = time.perf_counter()
            peer(predictions, references)
            pairs = len(predictions) * (COPIES if "two" in name else 1)
            rates[name].append(pairs / (time.perf_counter() - started))
    return rates


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[1] / "../shared/data")
    parser.add_argument("--evaluate")
    given = parser.parse_args()
    predictions, references = read_pairs(given.data)
    rates = time_rounds(build_peers(given.evaluate), predictions, references)
    print(f"{len(predictions):,} pairs, {ROUNDS} rounds; pairs per second, ratio to rouge_score")
    for name, own in rates.items():
        ratios = sorted(one / other for one, other in zip(own, rates["rouge_score"], strict=True))
        spread = f"{statistics.median(ratios):.1f} ({ratios[0]:.1f} to {ratios[-1]:.1f})"
        print(f"{name:20} {statistics.median(own):>9,.0f}   {spread}")
    ours, theirs = compute_rouge(predictions, references), score_by_peer(predictions, references)
    gaps = [abs(a - b) for metric in ROUGE_TYPES for a, b in zip(ours[metric], theirs[metric], strict=True)]
    print(f"largest difference of {len(gaps):,} scores: {max(gaps)}")


if __name__ == "__main__":
    main()
