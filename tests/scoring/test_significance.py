from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tldrkit.scoring.significance import adjust_holm, permute_signs


def test_p_is_that_of_all_signs() -> None:
    """For eight documents p is, up to sampling noise, the share of all 256 signs that reach the mean."""
    differences = np.random.default_rng(1).normal(0.5, 1, (2, 8))
    signs = np.array(list(product((-1, 1), repeat=8)))
    exact = (np.abs(signs @ differences.T) >= np.abs(differences.sum(axis=1)) - 1e-9).mean(axis=0)
    assert permute_signs(differences, resamples=20_000, seed=0) == pytest.approx(exact, abs=0.012)


def test_equal_runs_give_one() -> None:
    """Where no document differs every choice of signs is as far from zero."""
    assert permute_signs(np.zeros((1, 20)), resamples=100, seed=0) == [1.0]


def test_sign_of_the_difference_does_not_matter() -> None:
    """Exchanging the runs, and asking beside another question, keeps p."""
    a, b = np.random.default_rng(2).normal(0.1, 1, (2, 50))
    (alone,) = permute_signs(a[None], resamples=500, seed=3)
    assert permute_signs(np.stack([b, -a]), resamples=500, seed=3)[1] == alone


def test_false_alarms_are_rare() -> None:
    """Of 400 comparisons where nothing differs about one in twenty has p of 0.05 at most."""
    noise = np.random.default_rng(6).exponential(1, (2, 400, 60))
    p_values = permute_signs(noise[0] - noise[1], resamples=500, seed=0)
    assert 8 <= sum(p <= 0.05 for p in p_values) <= 34


def test_holm_by_hand() -> None:
    """The example of three: the smallest times three, the next times two, none below one before it."""
    assert adjust_holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert adjust_holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_never_lowers_and_keeps_order(p_values: list[float]) -> None:
    """No p gets smaller or passes 1, and a smaller one stays no larger than a larger one."""
    adjusted = adjust_holm(p_values)
    assert all(p <= q <= 1 for p, q in zip(p_values, adjusted, strict=True))
    assert [q for _, q in sorted(zip(p_values, adjusted, strict=True))] == sorted(adjusted)
