"""How sure a mean score is: 95 % intervals over documents and training seeds.

Knows arrays of scores ``[seeds, documents]``; knows nothing of ROUGE, labels or files. numpy only.

Documents are resampled: the paired bootstrap of Koehn, "Statistical Significance Tests for Machine
Translation Evaluation", EMNLP 2004, with the percentile interval of Efron & Tibshirani, "An Introduction to
the Bootstrap", 1993, chapter 13. Seeds are too few to be resampled: an interval resampled from three seeds
never leaves their range, so it covers 75 % at best. Their share is Student's t instead ("The Probable Error
of a Mean", Biometrika 6, 1908). One draw of a mean over S seeds and N documents is

    m* + sqrt(v / S) t        v = max(0, s^2 - e^2 / N)

where m* is the mean over resampled documents, t a draw from Student's t with S - 1 degrees of freedom, and v
the variance between seeds: s^2, that of the seeds' means, less what documents faring differently from seed to
seed add to it, their mean square e^2 in the table of seeds by documents (the analysis of variance of Searle,
Casella & McCulloch, "Variance Components", 1992); m* holds that part already. Where two runs share no seeds,
v / S is the sum of both runs', and t has the degrees of freedom of Welch, "The Generalization of 'Student's'
Problem", Biometrika 34, 1947. With one seed the second term is absent: the interval covers other documents,
but not other seeds. Assumed are seeds that scatter normally, and many documents (below about 30 a percentile
interval is too narrow). ``benchmarks/intervals.py`` shows how often the intervals hold the truth.

A score may be missing (NaN) where a document has nothing to count. A pair rests on the documents of which all
its seeds have a score; a draw's mean is that over the drawn ones among them.

The smallest difference that a comparison had an 80 % chance to show is that of Bloom, "Minimum Detectable
Effects", Evaluation Review 19, 1995, with the draws above in the place of Student's t alone:

    q(level) + q(0.6)        q(x): the size below which a share x of the draws of m* - m lies

A difference is shown where it is larger than q(level); it comes out no smaller than its true size less q(0.6)
in 80 % of comparisons. v is estimated, from few seeds badly, and so is this.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tldrkit.errors import ComparisonError
from tldrkit.texts import count_noun

Array: TypeAlias = NDArray[np.float64]

LEVEL = 0.95
POWER = 0.8
"""The chance to be shown that the smallest difference is told for."""

_CHUNK = 400_000  # resampled documents held at once: 10 MB, about what a processor's cache holds


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
    detectable: float
    """The smallest true difference with an 80 % chance to be shown, with these seeds and documents."""

    @property
    def is_higher(self) -> bool:
        """Whether the interval lies wholly above zero."""
        return self.low > 0

    @property
    def is_lower(self) -> bool:
        """Whether the interval lies wholly below zero."""
        return self.high < 0


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Scores of two runs, of the same documents in the same order.

    Args:
        a: Scores of the one.
            Shape: ``(seeds, documents)``
        b: Scores of the other.
            Shape: ``(seeds, documents)``
        pair_seeds: Whether rows at the same place share a seed; otherwise the seeds of the two are
            independent.
        level: Confidence that a difference has to be shown with; higher where several are asked for.

    Raises:
        ComparisonError: A table has another shape, no seed, infinite numbers, or fewer than two documents
            that both score; or the documents, or paired seeds, differ in number.
    """

    a: Array
    b: Array
    pair_seeds: bool = True
    level: float = LEVEL

    def __post_init__(self) -> None:
        for table in (self.a, self.b):
            _check_shape(table)
        if self.a.shape[1] != self.b.shape[1]:
            raise ComparisonError(
                f"The runs score different numbers of documents: {self.a.shape[1]} and {self.b.shape[1]}.",
                hint="Score both on the same split.",
            )
        if self.pair_seeds and self.a.shape[0] != self.b.shape[0]:
            raise ComparisonError(
                "The runs cannot be paired by seed: one has "
                f"{count_noun(self.a.shape[0], 'seed')}, the other {self.b.shape[0]}.",
                hint="Give the seeds both have.",
            )
        if np.isinf(self.a).any() or np.isinf(self.b).any():
            raise ComparisonError("Some scores are not finite numbers.", hint="Score the run again.")
        _check_documents(int(self.known.sum()))

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which documents all seeds of both have a score of.

        Shape: ``(documents,)``
        """
        return find_known(self.a, self.b)

    def subtract(self) -> Array:
        """Compute what each document scores more under ``a``, over all seeds.

        Shape: ``(documents,)``
        """
        return np.asarray(self.a.mean(axis=0) - self.b.mean(axis=0))

    @property
    def tables(self) -> list[Array]:
        """What sums to the difference; each table's seeds are its own."""
        return [self.a - self.b] if self.pair_seeds else [self.a, -self.b]


def find_known(*tables: Array) -> NDArray[np.bool_]:
    """Find the documents of which every seed of every table has a score.

    Shape: ``(seeds, documents)`` each ``-> (documents,)``
    """
    return np.asarray(np.all([np.isfinite(table).all(axis=0) for table in tables], axis=0))


@dataclass(frozen=True, kw_only=True)
class Estimates:
    """What runs score, and by how much pairs of them differ, from the same resampled documents."""

    runs: tuple[Interval, ...]
    pairs: tuple[Difference, ...]


def compute_intervals(
    runs: Sequence[Array], pairs: Sequence[Pair] = (), *, resamples: int, seed: int
) -> Estimates:
    """Compute the 95 % interval of the mean of each run, and of the difference of each pair.

    The p value of a pair is the smallest level at which its interval would leave zero out, (1 + draws beyond
    zero) / (1 + draws), both sides counted. Its seeds are the smaller number of the two.

    Args:
        runs: One score per seed and document; all have the same documents, those of the pairs too.
            Shape: ``(seeds, documents)`` each
        pairs: Runs to subtract.
        resamples: Draws behind the intervals.
        seed: Seed of the draws; the same seed gives the same intervals.

    Raises:
        ComparisonError: As for ``Pair``.
    """
    for table in runs:
        _check_table(table)
    draws = _draw_means([*runs, *pairs], resamples=resamples, seed=seed)
    return Estimates(
        runs=tuple(map(_build_interval, runs, draws)),
        pairs=tuple(map(_build_difference, pairs, draws[len(runs) :])),
    )


def _build_interval(table: Array, draws: Array) -> Interval:
    return Interval(
        **_bounds(draws), mean=float(table.mean()), seeds=table.shape[0], documents=table.shape[1]
    )


def _build_difference(pair: Pair, draws: Array) -> Difference:
    known = pair.known
    a, b = pair.a[:, known], pair.b[:, known]
    beyond = min(np.count_nonzero(draws <= 0), np.count_nonzero(draws >= 0))
    mean = float(a.mean() - b.mean())
    needed = np.quantile(np.abs(draws - mean), [pair.level, 2 * POWER - 1])
    return Difference(
        **_bounds(draws),
        mean=mean,
        seeds=min(len(a), len(b)),
        documents=a.shape[1],
        p_value=float(min(1.0, 2 * (1 + beyond) / (1 + draws.size))),
        detectable=float(needed.sum()),
    )


def _check_table(table: Array) -> None:
    _check_shape(table)
    _check_documents(table.shape[1])
    if not np.isfinite(table).all():
        raise ComparisonError("Some scores are not finite numbers.", hint="Score the run again.")


def _check_shape(table: Array) -> None:
    if table.ndim != 2 or not table.shape[0]:
        raise ComparisonError("Scores have to be a table of seeds by documents.")


def _check_documents(count: int) -> None:
    if count < 2:
        raise ComparisonError(
            f"An interval needs at least two documents; there are {count}.", hint="Score more documents."
        )


def _bounds(draws: Array) -> dict[str, float]:
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {"low": float(low), "high": float(high)}


def _draw_means(sources: Sequence[Array | Pair], *, resamples: int, seed: int) -> list[Array]:
    """Draw the mean of each source; documents are shared by all, seeds are each table's own.

    Shape: ``(resamples,)`` each, less the draws without a document that has a score
    """
    if not sources:
        return []
    columns = np.stack([np.sum([table.mean(axis=0) for table in _split(one)], axis=0) for one in sources])
    means = _resample(columns, resamples=resamples, rng=np.random.default_rng(seed))
    draws = []
    for source, own in zip(sources, means.T, strict=True):
        rng = np.random.default_rng([seed, 1])
        drawn = own + _draw_seeds(_split(source), resamples=resamples, rng=rng)
        draws.append(drawn[np.isfinite(drawn)])
    return draws


def _split(source: Array | Pair) -> list[Array]:
    return source.tables if isinstance(source, Pair) else [source]


def _draw_seeds(tables: Sequence[Array], *, resamples: int, rng: np.random.Generator) -> Array:
    """Draw how far the sum of means over these seeds lies from that over all seeds.

    Shape: ``(resamples,)``
    """
    known = find_known(*tables)
    own = [table[:, known] for table in tables if len(table) > 1]
    parts = [(_estimate_variance(table) / len(table), len(table) - 1) for table in own]
    variance = sum(part for part, _ in parts)
    if not variance:
        return np.zeros(resamples)
    freedom = variance**2 / sum(part**2 / free for part, free in parts)
    return np.asarray(np.sqrt(variance) * rng.standard_t(freedom, size=resamples))


def _estimate_variance(table: Array) -> float:
    """Estimate the variance between seeds, without what comes of the documents of each.

    Shape: ``(seeds, documents) -> ()``
    """
    seeds, documents = table.shape
    means = table.mean(axis=1, keepdims=True)
    rest = table - means - table.mean(axis=0) + table.mean()
    noise = (rest**2).sum() / ((seeds - 1) * (documents - 1))
    return float(max(0.0, means.var(ddof=1) - noise / documents))


def _resample(columns: Array, *, resamples: int, rng: np.random.Generator) -> Array:
    """Compute means over as many documents drawn with replacement, a bounded number at a time.

    A column may lack values; where a draw holds none of it the mean is not a number.

    Shape: ``(columns, documents) -> (resamples, columns)``
    """
    documents = columns.shape[1]
    rows = max(1, _CHUNK // documents)
    known = np.isfinite(columns)
    values = np.ascontiguousarray(np.where(known, columns, 0.0).T)
    sizes = None if known.all() else np.ascontiguousarray(known.T.astype(np.float64))
    means = np.empty((resamples, len(columns)))
    for start in range(0, resamples, rows):
        count = min(rows, resamples - start)
        drawn = rng.integers(0, documents, size=(count, documents)) + documents * np.arange(count)[:, None]
        times = np.bincount(drawn.ravel(), minlength=count * documents).reshape(count, documents)
        weights = times.astype(np.float64)
        with np.errstate(invalid="ignore"):
            means[start : start + count] = (
                weights @ values / (documents if sizes is None else weights @ sizes)
            )
    return means
