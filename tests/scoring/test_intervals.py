from statistics import NormalDist

import numpy as np
import pytest
from numpy.typing import NDArray

from tldrkit.errors import ComparisonError
from tldrkit.scoring import intervals
from tldrkit.scoring.intervals import Array, Difference, Interval, Pair, compute_intervals


def compute_interval(scores: Array, *, resamples: int, seed: int) -> Interval:
    return compute_intervals([scores], resamples=resamples, seed=seed).runs[0]


def compute_difference(
    a: Array, b: Array, *, resamples: int, seed: int, pair_seeds: bool = True
) -> Difference:
    pair = Pair(a=a, b=b, pair_seeds=pair_seeds)
    return compute_intervals([], [pair], resamples=resamples, seed=seed).pairs[0]


def simulate(
    rng: np.random.Generator, *, seeds: int, documents: int, between: float, within: float
) -> NDArray[np.float64]:
    """Scores of true mean 0.3: documents differ by 0.1, seeds by `between`, each cell by `within`."""
    columns = 0.3 + rng.normal(0, 0.1, (1, documents))
    return columns + rng.normal(0, between, (seeds, 1)) + rng.normal(0, within, (seeds, documents))


def test_interval_of_documents_matches_theory() -> None:
    """With one seed the interval is the mean plus and minus 1.96 standard errors, up to resampling noise."""
    scores = simulate(np.random.default_rng(1), seeds=1, documents=800, between=0, within=0.05)
    interval = compute_interval(scores, resamples=4000, seed=0)
    half = 1.96 * scores.std(ddof=1) / np.sqrt(800)
    assert interval.mean == pytest.approx(scores.mean())
    assert interval.low == pytest.approx(interval.mean - half, abs=0.1 * half)
    assert interval.high == pytest.approx(interval.mean + half, abs=0.1 * half)
    assert (interval.seeds, interval.documents) == (1, 800)


def test_difference_covers_documents() -> None:
    """Of 200 simulated comparisons of one seed each, 90 to 99 % of the intervals hold the true difference."""
    rng = np.random.default_rng(2)
    hits = 0
    for trial in range(200):
        shared = rng.beta(2, 5, (1, 200))
        a, b = shared + rng.normal(0.01, 0.1, (1, 200)), shared + rng.normal(0, 0.1, (1, 200))
        difference = compute_difference(a, b, resamples=400, seed=trial)
        hits += difference.low <= 0.01 <= difference.high
    assert 180 <= hits <= 198


@pytest.mark.parametrize(("seeds", "pair_seeds"), [(2, True), (3, True), (3, False), (5, True)])
@pytest.mark.parametrize(("between", "within"), [(0.0, 0.1), (0.01, 0.1), (0.05, 0.02)])
def test_difference_covers_seeds(seeds: int, pair_seeds: bool, between: float, within: float) -> None:
    """With several seeds 92 to 98 % of 400 intervals hold the true difference, however much seeds matter."""
    rng = np.random.default_rng(3)
    settings = {"documents": 200, "between": between, "within": within}
    hits = 0
    for trial in range(400):
        a, b = simulate(rng, seeds=seeds, **settings), simulate(rng, seeds=seeds, **settings)
        difference = compute_difference(a, b, resamples=600, seed=trial, pair_seeds=pair_seeds)
        hits += difference.low <= 0 <= difference.high
    assert 368 <= hits <= 392


def test_power_is_as_computed() -> None:
    """A true difference of three standard errors is shown as often as the normal distribution says."""
    rng = np.random.default_rng(11)
    trials, documents, spread = 400, 400, 0.1
    shown = 0
    for trial in range(trials):
        a, b = rng.normal(0, spread, (2, 1, documents))
        a = a + 3 * spread * np.sqrt(2 / documents)
        shown += compute_difference(a, b, resamples=300, seed=trial).is_higher
    assert shown / trials == pytest.approx(NormalDist().cdf(3 - 1.96), abs=0.05)


@pytest.mark.parametrize(("seeds", "between"), [(1, 0.0), (3, 0.0), (3, 0.02), (6, 0.02)])
def test_the_detectable_difference_is_shown_in_80_percent(seeds: int, between: float) -> None:
    """Of comparisons whose true difference is the one told, about 80 % show it, seeds that scatter or not."""
    rng = np.random.default_rng(12)
    settings = {"seeds": seeds, "documents": 100, "between": between, "within": 0.1}

    def run(gain: float) -> list[Difference]:
        tables = ((simulate(rng, **settings) + gain, simulate(rng, **settings)) for _ in range(300))
        return [compute_difference(a, b, resamples=300, seed=n) for n, (a, b) in enumerate(tables)]

    told = float(np.sqrt(np.mean([one.detectable**2 for one in run(0.0)])))  # variances are what is unbiased
    assert np.mean([one.is_higher for one in run(told)]) == pytest.approx(0.8, abs=0.08)


def test_seeds_never_narrow() -> None:
    """Seeds that agree by chance leave the interval as wide as documents alone make it."""
    scores = simulate(np.random.default_rng(10), seeds=3, documents=200, between=0, within=0.1)
    scores -= scores.mean(axis=1, keepdims=True)
    half = 1.96 * scores.mean(axis=0).std() / np.sqrt(200)
    assert compute_interval(scores, resamples=2000, seed=0).high == pytest.approx(half, rel=0.1)


def test_false_alarms_are_rare() -> None:
    """Where nothing differs, p is below 0.05 about as often as it says."""
    rng = np.random.default_rng(4)
    alarms = 0
    for trial in range(200):
        a, b = rng.normal(0, 1, (2, 1, 100))
        alarms += compute_difference(a, b, resamples=300, seed=trial).p_value < 0.05
    assert 2 <= alarms <= 20


def test_pairing_narrows() -> None:
    """Runs that agree on what is hard are told apart by less than their own intervals suggest."""
    rng = np.random.default_rng(5)
    b = simulate(rng, seeds=3, documents=300, between=0.001, within=0.01)
    a = b + 0.005 + rng.normal(0, 0.01, b.shape)
    difference = compute_difference(a, b, resamples=2000, seed=0)
    alone = compute_interval(a, resamples=2000, seed=0)
    assert difference.is_higher
    assert not difference.is_lower
    assert difference.high - difference.low < 0.5 * (alone.high - alone.low)


def test_difference_is_antisymmetric() -> None:
    """Exchanging the runs turns the interval around and keeps p."""
    a, b = np.random.default_rng(6).normal(0.3, 0.1, (2, 1, 50))
    forth = compute_difference(a, b, resamples=500, seed=7)
    back = compute_difference(b, a, resamples=500, seed=7)
    assert forth.mean == pytest.approx(-back.mean)
    assert (forth.low, forth.high) == (pytest.approx(-back.high), pytest.approx(-back.low))
    assert forth.p_value == back.p_value


def test_equal_runs_show_nothing() -> None:
    """A run against itself differs by exactly nothing, with p = 1."""
    a = np.random.default_rng(8).normal(0.3, 0.1, (2, 50))
    difference = compute_difference(a, a, resamples=100, seed=0)
    assert (difference.mean, difference.low, difference.high, difference.p_value) == (0, 0, 0, 1)


def test_same_seed_same_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    """The draws depend on the seed alone, not on how many are held in memory at once."""
    scores = np.random.default_rng(9).normal(0.3, 0.1, (3, 40))
    first = compute_interval(scores, resamples=500, seed=1)
    monkeypatch.setattr(intervals, "_CHUNK", 7 * 40)
    assert compute_interval(scores, resamples=500, seed=1) == first
    assert compute_interval(scores, resamples=500, seed=2) != first


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        (np.ones((1, 3)), np.ones((1, 4)), "3 and 4"),
        (np.ones((1, 3)), np.ones((2, 3)), "1 seed, the other 2"),
        (np.array([[0.1, np.inf]]), np.ones((1, 2)), "not finite"),
        (np.ones((1, 1)), np.ones((1, 1)), "at least two documents"),
        (np.ones(3), np.ones(3), "seeds by documents"),
        (np.ones((0, 3)), np.ones((0, 3)), "seeds by documents"),
    ],
)
def test_unusable_tables_raise(a: NDArray[np.float64], b: NDArray[np.float64], words: str) -> None:
    """Tables that cannot be compared are refused in words that say why."""
    with pytest.raises(ComparisonError, match=words):
        compute_difference(a, b, resamples=100, seed=0)


def test_a_run_has_an_interval_over_numbers_alone() -> None:
    """A pair may lack scores; a run's own interval may not."""
    with pytest.raises(ComparisonError, match="not finite"):
        compute_intervals([np.array([[0.1, np.nan]])], resamples=100, seed=0)


def test_missing_scores_leave_their_documents_out() -> None:
    """A difference with missing scores is that over the documents that all seeds have, and about as sure."""
    rng = np.random.default_rng(5)
    a, b = (simulate(rng, seeds=3, documents=400, between=0.01, within=0.05) for _ in range(2))
    known = rng.random(400) < 0.5
    a[0, ~known], b[2, ~known] = np.nan, np.nan
    sparse = compute_difference(a, b, resamples=4000, seed=0)
    dense = compute_difference(a[:, known], b[:, known], resamples=4000, seed=0)
    assert (sparse.mean, sparse.documents) == (pytest.approx(dense.mean), known.sum())
    assert sparse.high - sparse.low == pytest.approx(dense.high - dense.low, rel=0.1)
    with pytest.raises(ComparisonError, match="at least two documents; there are 1"):
        Pair(a=np.array([[0.5, np.nan]]), b=np.array([[0.5, 0.1]]))


def test_complete_scores_are_drawn_as_before_beside_sparse_ones() -> None:
    """What one pair lacks changes nothing of another."""
    rng = np.random.default_rng(6)
    full = Pair(a=rng.random((1, 50)), b=rng.random((1, 50)))
    sparse = Pair(a=np.where(np.arange(50) < 3, full.a, np.nan), b=full.b)
    alone = compute_intervals([], [full], resamples=500, seed=0).pairs[0]
    beside, few = compute_intervals([], [full, sparse], resamples=500, seed=0).pairs
    assert beside.low == pytest.approx(alone.low, rel=1e-12)
    assert (few.documents, np.isfinite(few.low)) == (3, True)
