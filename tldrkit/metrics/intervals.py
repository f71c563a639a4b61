"""How sure a mean score is: 95 % intervals over documents and training seeds.

Knows arrays of scores ``[seeds, documents]``; knows nothing of ROUGE, labels or files. numpy only.

Documents are resampled: the paired bootstrap of Koehn, "Statistical Significance Tests for Machine
Translation Evaluation", EMNLP 2004, with the percentile interval of Efron & Tibshirani, "An Introduction to
the Bootstrap", 1993, chapter 13. Seeds are too few to be resampled: an interval resampled from three seeds
never leaves their range, so it covers 75 % at best. Their share is Student's t instead ("The Probable Error
of a Mean", Biometrika 6, 1908). One draw of a mean over S seeds is

    m* + sqrt(s^2 / S) t

where m* is the mean over resampled documents, s^2 the variance of the seeds' means and t a draw from
Student's t with S - 1 degrees of freedom. How a document fares differently from seed to seed is in both
terms, so the interval is a little too wide rather than too narrow, and never narrower than over documents
alone. With one seed the second term is absent: the interval covers other documents, but not other seeds.
Assumed are seeds that scatter normally, and many documents (below about 30 a percentile interval is too
narrow).
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tldrkit.errors import ComparisonError

Array: TypeAlias = NDArray[np.float64]

LEVEL = 0.95
_CHUNK = 1_000_000  # resampled documents held at once: 16 MB


@dataclass(frozen=True, kw_only=True)
class Interval:
    """The mean of a run's scores, in the scores' own unit, and where it lies with 95 % confidence."""

    mean: float
    low: float
    high: float
    seeds: int
    documents: int


@dataclass(frozen=True, kw_only=True)
class Difference(Interval):
    """The mean of a run's scores minus another's; ``p_value`` is two-sided, for no difference."""

    p_value: float

    @property
    def is_higher(self) -> bool:
        """Whether the interval lies wholly above zero."""
        return self.low > 0

    @property
    def is_lower(self) -> bool:
        """Whether the interval lies wholly below zero."""
        return self.high < 0


def compute_interval(scores: Array, *, resamples: int, seed: int) -> Interval:
    """Compute the 95 % interval of the mean of one run.

    Args:
        scores: One score per seed and document.
            Shape: ``(seeds, documents)``
        resamples: Draws behind the interval.
        seed: Seed of the draws; the same seed gives the same interval.

    Raises:
        ComparisonError: The table has another shape, no seed, fewer than two documents, or numbers that
            are not finite.
    """
    table = _check_table(scores)
    draws = _draw_means([table], resamples=resamples, seed=seed)
    return Interval(
        **_bounds(draws), mean=float(table.mean()), seeds=table.shape[0], documents=table.shape[1]
    )


def compute_difference(
    a: Array, b: Array, *, resamples: int, seed: int, pair_seeds: bool = True
) -> Difference:
    """Compute the 95 % interval of ``a - b``, paired by document.

    The p value is the smallest level at which the interval would leave zero out, (1 + draws beyond zero) /
    (1 + draws), both sides counted.

    Args:
        a: Scores of one run.
            Shape: ``(seeds, documents)``
        b: Scores of the other, of the same documents in the same order.
            Shape: ``(seeds, documents)``
        resamples: Draws behind the interval.
        seed: Seed of the draws; the same seed gives the same interval.
        pair_seeds: Whether rows at the same place share a seed; otherwise the seeds of the two are
            independent, and ``seeds`` of the result is the smaller number.

    Raises:
        ComparisonError: As for ``compute_interval``; or the documents, or paired seeds, differ in number.
    """
    a, b = _check_table(a), _check_table(b)
    if a.shape[1] != b.shape[1]:
        raise ComparisonError(
            f"The runs score different numbers of documents: {a.shape[1]} and {b.shape[1]}.",
            hint="Score both on the same split.",
        )
    if pair_seeds and a.shape[0] != b.shape[0]:
        raise ComparisonError(
            f"The runs cannot be paired by seed: they have {a.shape[0]} and {b.shape[0]} seeds.",
            hint="Give the seeds both have.",
        )
    draws = _draw_means([a - b] if pair_seeds else [a, -b], resamples=resamples, seed=seed)
    beyond = min(np.count_nonzero(draws <= 0), np.count_nonzero(draws >= 0))
    return Difference(
        **_bounds(draws),
        mean=float(a.mean() - b.mean()),
        seeds=min(a.shape[0], b.shape[0]),
        documents=a.shape[1],
        p_value=float(min(1.0, 2 * (1 + beyond) / (1 + resamples))),
    )


def _check_table(scores: Array) -> Array:
    table = np.asarray(scores, dtype=np.float64)
    if table.ndim != 2 or not table.shape[0]:
        raise ComparisonError("Scores have to be a table of seeds by documents.")
    if table.shape[1] < 2:
        raise ComparisonError(
            f"An interval needs at least two documents; there are {table.shape[1]}.",
            hint="Score more documents.",
        )
    if not np.isfinite(table).all():
        raise ComparisonError("Some scores are not finite numbers.", hint="Score the run again.")
    return table


def _bounds(draws: Array) -> dict[str, float]:
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {"low": float(low), "high": float(high)}


def _draw_means(tables: list[Array], *, resamples: int, seed: int) -> Array:
    """Draw the sum of the tables' means; documents are shared, seeds are each table's own.

    Shape: ``(resamples,)``
    """
    rng = np.random.default_rng(seed)
    draws = _resample(np.sum([table.mean(axis=0) for table in tables], axis=0), resamples=resamples, rng=rng)
    for table in tables:
        seeds = table.shape[0]
        if seeds > 1:
            deviation = table.mean(axis=1).std(ddof=1)
            draws += deviation / np.sqrt(seeds) * rng.standard_t(seeds - 1, size=resamples)
    return draws


def _resample(values: Array, *, resamples: int, rng: np.random.Generator) -> Array:
    """Compute means of as many values drawn with replacement, a bounded number at a time.

    Shape: ``(documents,) -> (resamples,)``
    """
    rows = max(1, _CHUNK // values.size)
    means = np.empty(resamples)
    for start in range(0, resamples, rows):
        count = min(rows, resamples - start)
        means[start : start + count] = values[rng.integers(0, values.size, size=(count, values.size))].mean(
            axis=1
        )
    return means
