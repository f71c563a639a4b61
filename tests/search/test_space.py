import math
from typing import Any

import pytest

from tldrkit.errors import SpecError
from tldrkit.search.space import Axis, Choice, Reals, WholeNumbers, list_values, read_axis


@pytest.mark.parametrize(
    ("written", "axis"),
    [
        ({"value": 3}, Choice((3,))),
        ({"values": ["a", True, 2]}, Choice(("a", True, 2))),
        ({"min": 1, "max": 4}, WholeNumbers(low=1, high=4)),
        ({"distribution": "int_uniform", "min": 1, "max": 4}, WholeNumbers(low=1, high=4)),
        ({"min": 0, "max": 0.5}, Reals(low=0.0, high=0.5)),
        (
            {"distribution": "q_uniform", "min": 250, "max": 770, "q": 128},
            WholeNumbers(low=256, high=768, step=128),
        ),
        ({"distribution": "q_uniform", "min": 0, "max": 1, "q": 0.25}, Reals(low=0.0, high=1.0, step=0.25)),
        ({"distribution": "log_uniform_values", "min": 0.1, "max": 1}, Reals(low=0.1, high=1.0, log=True)),
        ({"distribution": "log_uniform", "min": 0, "max": 1}, Reals(low=1.0, high=math.e, log=True)),
    ],
)
def test_what_has_an_equivalent_is_read(written: dict[str, Any], axis: Axis) -> None:
    """Each of W&B's forms becomes the same set of values here, in W&B's reading of what is left unsaid."""
    assert read_axis("x", written) == axis


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ({"distribution": "normal", "mu": 0, "sigma": 1}, "mu"),
        ({"distribution": "normal"}, "normal"),
        ({"distribution": "beta"}, "beta"),
        ({"distribution": "q_log_uniform_values", "min": 1, "max": 9}, "q_log_uniform_values"),
        ({"distribution": "inv_log_uniform_values", "min": 1, "max": 9}, "inv_log_uniform_values"),
        ({"values": [1, 2], "probabilities": [0.1, 0.9]}, "probabilities"),
        ({"parameters": {"lr": {"value": 1}}}, "parameters"),
        ({"min": 1}, "'max' is missing"),
        ({"min": 2, "max": 1}, "no value between"),
        ({"values": []}, "values must be a list"),
        ({"values": [None]}, "values must be texts"),
        ({"distribution": "log_uniform_values", "min": 0, "max": 1}, "min must be above 0"),
        (7, "no mapping"),
    ],
)
def test_what_has_none_is_refused_by_name(written: object, named: str) -> None:
    """A sentence names what cannot be had, and the hint what can."""
    with pytest.raises(SpecError, match=named) as caught:
        read_axis("x", written)

    assert caught.value.hint


def test_a_grid_lists_whole_numbers_and_steps_but_no_reals() -> None:
    """A grid has every value of an axis; an axis without end is refused."""
    assert list_values("x", WholeNumbers(low=1, high=7, step=3)) == (1, 4, 7)
    assert list_values("x", Reals(low=0.0, high=1.0, step=0.5)) == (0.0, 0.5, 1.0)
    with pytest.raises(SpecError, match="no end"):
        list_values("x", Reals(low=0.0, high=1.0))
