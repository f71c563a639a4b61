"""Whether differences could be chance: a paired permutation test, and its correction for several questions.

Knows arrays and p values; knows nothing of ROUGE or labels. numpy only.
"""

from collections.abc import Sequence

import numpy as np

from tldrkit.scoring.intervals import Array

_CHUNK = 400_000  # signs held at once: 4 MB
_ROUNDING = 1e-12  # relative; sums of the same numbers in other orders are the same sum


def permute_signs(differences: Array, *, resamples: int, seed: int) -> list[float]:
    """Compute the two-sided p value of each difference of two runs, by exchanging them document by document.

    Were the two alike, each document's difference could as well have the other sign. The p value is the share
    of random choices of signs whose mean is as far from zero as the one found, that one counted too. It
    speaks of these networks on other documents; it does not know that other seeds would give other networks.

    Source: Fisher, "The Design of Experiments", 1935, section 21; with random signs as in Noreen,
    "Computer-Intensive Methods for Testing Hypotheses", 1989.

    Args:
        differences: What each document scores more under one run than under the other.
            Shape: ``(comparisons, documents)``
        resamples: Random choices of signs.
        seed: Seed of the choices.
    """
    rng = np.random.default_rng(seed)
    total = differences.sum(axis=1)
    bar = np.abs(total) - _ROUNDING * np.abs(differences).sum(axis=1)
    as_far = np.ones(len(differences))
    documents = differences.shape[1]
    rows = max(1, _CHUNK // documents)
    values = np.ascontiguousarray(differences.T)
    for start in range(0, resamples, rows):
        count = min(rows, resamples - start)
        bits = np.frombuffer(rng.bytes(count * (documents // 8 + 1)), np.uint8).reshape(count, -1)
        kept = np.unpackbits(bits, axis=1, count=documents).astype(np.float64)
        sums = 2 * (kept @ values) - total
        as_far += (np.abs(sums) >= bar).sum(axis=0)
    return [float(value) for value in as_far / (1 + resamples)]


def adjust_holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p values for having asked several questions, in the order given.

    Below 0.05 only in one of twenty families of questions where nothing differs, whatever the questions have
    in common. Source: Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal
    of Statistics 6, 1979.
    """
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = highest
    return adjusted
