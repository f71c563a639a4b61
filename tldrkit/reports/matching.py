"""Which runs of two labels are set against each other, and what counts as one of several.

Knows scored runs as values, and gives scores in points (fractions x 100).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tldrkit.reports.coverage import find_scope
from tldrkit.reports.scores import RunScores, list_replications
from tldrkit.scoring.intervals import LEVEL, Array, Pair, find_known
from tldrkit.scoring.metrics import MAIN


@dataclass(frozen=True, kw_only=True)
class Match:
    """Runs of two labels that can be set against each other.

    Of each replication they are those of the seeds that both labels have. They are all where the labels share
    no seed, or where one label has a single run: pairing would leave out most of the other's.
    """

    one: tuple[RunScores, ...]
    other: tuple[RunScores, ...]
    seeds: tuple[int, ...]
    """Those that are paired; none where no seeds could be."""
    replications: tuple[str, ...]

    @property
    def unit(self) -> str:
        """What counts as one: a replication where there are several, else a seed."""
        return "replication" if len(self.replications) > 1 else "seed"

    @property
    def scope(self) -> str:
        """What a difference between them can be said of; empty where of how they are made."""
        return find_scope(self.one, self.other)

    def find_pair(self, metric: str) -> Pair | None:
        """Pair the runs' points of a metric; None where not two documents have a score of all of them."""
        if any(metric not in run.scores for run in (*self.one, *self.other)):
            return None
        tables = self._collect(metric)
        return self._pair(tables, LEVEL) if find_known(*tables).sum() > 1 else None

    def pair(self, level: float = LEVEL) -> Pair:
        """Pair the runs' points of the main metric, a row for each unit."""
        return self._pair(self._collect(MAIN.name), level)

    def _collect(self, metric: str) -> tuple[Array, Array]:
        return collect_units(self.one, metric), collect_units(self.other, metric)

    def _pair(self, tables: tuple[Array, Array], level: float) -> Pair:
        paired = len(self.replications) > 1 or bool(self.seeds)
        return Pair(a=tables[0], b=tables[1], pair_seeds=paired, level=level)

    def split(self) -> dict[str, "Match"]:
        """Split into its units, by their names; into none where there is one, or seeds are not paired."""
        if len(self.replications) > 1:
            return {name: match_runs(*self._keep(replication=name)) for name in self.replications}
        seeds = self.seeds if len(self.seeds) > 1 else ()
        return {f"seed {seed}": match_runs(*self._keep(seed=seed)) for seed in seeds}

    def _keep(self, **wanted: object) -> list[list[RunScores]]:
        return [
            [run for run in side if all(getattr(run, name) == value for name, value in wanted.items())]
            for side in (self.one, self.other)
        ]


def match_runs(one: Sequence[RunScores], other: Sequence[RunScores]) -> Match:
    """Match two labels' runs; where replications differ, those that both labels have count."""
    shared = [name for name in list_replications(one) if name in list_replications(other)]
    kept: tuple[list[RunScores], list[RunScores]] = ([], [])
    common: set[int] = set()
    for name in shared:
        sides = [[run for run in side if run.replication == name] for side in (one, other)]
        seeds = {run.seed for run in sides[0]} & {run.seed for run in sides[1]}
        if min(map(len, sides)) == 1 < max(map(len, sides)):
            seeds = set()
        common |= seeds
        for found, side in zip(kept, sides, strict=True):
            found += [run for run in side if run.seed in seeds or not seeds]
    return Match(
        one=tuple(kept[0]), other=tuple(kept[1]), seeds=tuple(sorted(common)), replications=tuple(shared)
    )


def collect_scores(group: Sequence[RunScores], metric: str = MAIN.name) -> Array:
    """Collect scores of runs in points; NaN where a document has none.

    Shape: ``(runs, documents)``
    """
    return 100 * np.array([run.scores[metric] for run in group], dtype=np.float64)


def collect_units(group: Sequence[RunScores], metric: str = MAIN.name) -> Array:
    """Collect a label's scores in points: a row for each run; of several replications one for each, its mean.

    Shape: ``(units, documents)``
    """
    names = list_replications(group)
    points = collect_scores(group, metric)
    if len(names) < 2:
        return points
    own = [[run.replication == name for run in group] for name in names]
    return np.array([points[rows].mean(axis=0) for rows in own])
