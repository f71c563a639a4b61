"""Where runs differ most: the documents, with what each run wrote of them.

Knows scores and texts as values; knows nothing of files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from tldrkit.reports.scores import RunScores
from tldrkit.scoring.metrics import MAIN

DOCUMENTS = 300
"""Documents chosen at most."""


@dataclass(frozen=True, kw_only=True)
class ShownDocuments:
    """Documents by their numbers, from 0; of any two runs the ``ranks`` that differ most are among them."""

    numbers: tuple[int, ...]
    ranks: int


@dataclass(frozen=True, kw_only=True)
class ShownExample:
    """One document, its references, and each run's summary with its points of the main metric."""

    id: str
    document: str
    """Empty where the scores do not hold it."""
    references: tuple[str, ...]
    summaries: tuple[str, ...]
    points: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Runs by their names, and documents with a summary of each run."""

    metric: str
    """Head of the main metric."""
    runs: tuple[str, ...]
    documents: tuple[ShownExample, ...]
    of: int
    """Documents that were scored."""
    ranks: int
    first: tuple[int, int]
    """Numbers of the two runs to be shown first."""
    without: tuple[str, ...] = ()
    """Runs whose scores are kept without texts, and which are not among ``runs``."""


def choose_documents(runs: Sequence[RunScores], limit: int = DOCUMENTS) -> ShownDocuments:
    """Choose the documents whose scores differ most between any two runs.

    Every pair of runs names its first document, then its second, and so on, until there are enough.
    """
    table = np.array([run.scores[MAIN.name] for run in runs], dtype=np.float64)
    pairs = combinations(table, 2)
    orders = [np.argsort(-np.abs(one - other), kind="stable")[:limit].tolist() for one, other in pairs]
    chosen: dict[int, None] = {}
    ranks = 0
    for named in zip(*orders, strict=True):
        chosen.update(dict.fromkeys(named))
        if len(chosen) > limit:
            break
        ranks += 1
    return ShownDocuments(numbers=tuple(sorted(list(chosen)[:limit])), ranks=ranks)
