"""How often the intervals of a difference hold the truth, and how often a difference is shown.

    python benchmarks/intervals.py [--trials 1000] [--resamples 500]

Simulates comparisons of two runs: documents differ in difficulty (the same for both), each run fares
otherwise on each document, seeds differ, and documents fare otherwise from seed to seed. Prints, for each
scenario, the share of 95 % intervals that hold the true difference where there is none (coverage), and the
share that leave zero out where the difference is three standard errors (power), beside the power computed
from the variances. Then the smallest difference with an 80 % chance to be shown, as the comparisons tell it,
in standard errors (the root of its mean square, since variances are what is estimated without bias), and the
share that show it. Scores are fractions.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tldrkit.scoring.intervals import LEVEL, Array, Difference, Pair, compute_intervals

_DRAWS = 4_000


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A comparison: its sizes, and the standard deviations that a difference is made of."""

    seeds: int
    documents: int
    between: float
    """Of a run's seeds."""
    within: float
    """Of a seed on one document."""
    recipe: float
    """Of a run on one document, whatever the seed."""
    pair_seeds: bool = True


SCENARIOS = (
    Scenario(seeds=1, documents=200, between=0, within=0.08, recipe=0.05),
    Scenario(seeds=1, documents=800, between=0, within=0.08, recipe=0.05),
    Scenario(seeds=2, documents=400, between=0.004, within=0.08, recipe=0.05),
    Scenario(seeds=3, documents=200, between=0, within=0.08, recipe=0),
    Scenario(seeds=3, documents=800, between=0, within=0.08, recipe=0.05),
    Scenario(seeds=3, documents=800, between=0.002, within=0.08, recipe=0.05),
    Scenario(seeds=3, documents=800, between=0.005, within=0.08, recipe=0.05),
    Scenario(seeds=3, documents=800, between=0.02, within=0.08, recipe=0.05),
    Scenario(seeds=3, documents=800, between=0.005, within=0.08, recipe=0.05, pair_seeds=False),
    Scenario(seeds=5, documents=800, between=0.005, within=0.08, recipe=0.05),
    Scenario(seeds=10, documents=400, between=0.005, within=0.08, recipe=0.05),
)


def simulate(rng: np.random.Generator, scenario: Scenario, difference: float) -> Pair:
    """Draw the scores of two runs, the first better by a difference."""
    difficulty = rng.beta(2, 5, scenario.documents)
    runs = [_draw_run(rng, scenario) + difficulty for _ in range(2)]
    return Pair(a=runs[0] + difference, b=runs[1], pair_seeds=scenario.pair_seeds)


def _draw_run(rng: np.random.Generator, scenario: Scenario) -> Array:
    size = (scenario.seeds, scenario.documents)
    own = scenario.recipe * (rng.exponential(1, scenario.documents) - 1)  # skewed, as ROUGE is
    between = rng.normal(0, scenario.between, (scenario.seeds, 1))
    return np.asarray(own + between + rng.normal(0, scenario.within, size))


def compute_differences(
    scenario: Scenario, *, trials: int, resamples: int, difference: float = 0.0
) -> list[Difference]:
    """Compute the differences of simulated comparisons."""
    rng = np.random.default_rng(7)
    pairs = [simulate(rng, scenario, difference) for _ in range(trials)]
    return [
        compute_intervals([], [pair], resamples=resamples, seed=trial).pairs[0]
        for trial, pair in enumerate(pairs)
    ]


def count_shown(differences: Sequence[Difference]) -> float:
    """Compute the share of intervals that leave zero out."""
    return sum(one.is_higher or one.is_lower for one in differences) / len(differences)


def compute_error(scenario: Scenario) -> float:
    """Compute the standard error of the difference from the variances simulated."""
    return float(np.hypot(_error_of_documents(scenario), scenario.between * np.sqrt(2 / scenario.seeds)))


def compute_power(scenario: Scenario, difference: float) -> float:
    """Compute how often zero is left out, were every mean and variance that an interval rests on normal."""
    rng = np.random.default_rng(8)
    runs, seeds = (1, scenario.seeds) if scenario.pair_seeds else (2, scenario.seeds)
    share = 2 / runs  # a paired difference is one table of twice the variance
    noise = share * scenario.within**2 / scenario.documents
    normal = rng.standard_normal(_DRAWS) * _error_of_documents(scenario)
    bars = np.full(_DRAWS, np.quantile(np.abs(normal), LEVEL))
    if seeds > 1:
        means = (share * scenario.between**2 + noise) * rng.chisquare(seeds - 1, (_DRAWS, runs)) / (seeds - 1)
        parts = np.maximum(0, means - noise) / seeds
        variances = parts.sum(axis=1)
        freedoms = variances**2 * (seeds - 1) / np.maximum((parts**2).sum(axis=1), 1e-300)
        bars = np.array(
            [
                np.quantile(np.abs(normal + np.sqrt(v) * rng.standard_t(max(f, 1), _DRAWS)), LEVEL)
                for v, f in zip(variances, freedoms, strict=True)
            ]
        )
    found = difference + compute_error(scenario) * rng.standard_normal(_DRAWS)
    return float((np.abs(found) > bars).mean())


def _error_of_documents(scenario: Scenario) -> float:
    own = scenario.recipe**2 + scenario.within**2 / scenario.seeds
    return float(np.sqrt(2 * own / scenario.documents))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--resamples", type=int, default=500)
    given = parser.parse_args()
    print("seeds documents between recipe paired  coverage  difference  power  computed  detectable  shown")
    sizes = {"trials": given.trials, "resamples": given.resamples}
    for one in SCENARIOS:
        error = compute_error(one)
        alike = compute_differences(one, **sizes)
        power = count_shown(compute_differences(one, **sizes, difference=3 * error))
        detectable = float(np.sqrt(np.mean([own.detectable**2 for own in alike])))
        shown = count_shown(compute_differences(one, **sizes, difference=detectable))
        print(
            f"{one.seeds:5} {one.documents:9} {one.between:7.3f} {one.recipe:6.2f} {one.pair_seeds!s:>6}"
            f"  {1 - count_shown(alike):8.1%}  {3 * error:10.4f}  {power:5.1%}"
            f"  {compute_power(one, 3 * error):8.1%}  {detectable / error:10.1f}  {shown:5.1%}",
            flush=True,
        )


if __name__ == "__main__":
    main()
