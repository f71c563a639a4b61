"""What a parameter of a sweep may be, as W&B writes it down: a constant, a choice, whole or real numbers.

What has no exact equivalent here is refused by name.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tldrkit.errors import SpecError
from tldrkit.texts import say_reason


@dataclass(frozen=True)
class Choice:
    """One of some values; of a single one where the parameter is a constant."""

    values: tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class WholeNumbers:
    """Whole numbers from ``low`` to ``high``, both included."""

    low: int
    high: int
    step: int = 1


@dataclass(frozen=True, kw_only=True)
class Reals:
    """Numbers from ``low`` to ``high``."""

    low: float
    high: float
    step: float | None = None
    log: bool = False


Axis = Choice | WholeNumbers | Reals

_USABLE = "value, values, uniform, int_uniform, q_uniform, log_uniform and log_uniform_values can be used"
_KEYS = {"value", "values", "min", "max", "q", "distribution"}


def read_axis(name: str, written: object) -> Axis:
    """Read one parameter of a sweep file.

    Raises:
        SpecError: It is not written as W&B would have it, or its distribution has no equivalent here.
    """
    if not isinstance(written, Mapping):
        raise SpecError(
            f"Parameter {name!r} is no mapping.", hint=f"Such as: {name}: {{value: 1}} or {{values: [1, 2]}}"
        )
    unknown = sorted(set(written) - _KEYS)
    if unknown:
        raise SpecError(f"{unknown[0]!r} of parameter {name!r} has no equivalent here.", hint=f"{_USABLE}.")
    kind = written.get("distribution") or _guess(written)
    build = _KINDS.get(str(kind))
    if build is None:
        raise SpecError(
            f"The distribution {kind!r} of parameter {name!r} has no equivalent here.", hint=f"{_USABLE}."
        )
    try:
        axis = build(written)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        problem = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else say_reason(error)
        if isinstance(error, TypeError):  # whatever Python says of sums with texts
            problem = "its numbers are no numbers"
        raise SpecError(
            f"Parameter {name!r} cannot be used as {kind}: {problem}.", hint=f"{_USABLE}."
        ) from None
    if not isinstance(axis, Choice) and axis.low >= axis.high:
        raise SpecError(
            f"Parameter {name!r} has no value between {axis.low} and {axis.high}.", hint="min < max"
        )
    return axis


def list_values(name: str, axis: Axis) -> tuple[Any, ...]:
    """List the values of an axis for a grid.

    Raises:
        SpecError: It has too many.
    """
    if isinstance(axis, Choice):
        return axis.values
    if isinstance(axis, Reals) and axis.step is None:
        raise SpecError(f"Parameter {name!r} has no end of values for a grid.", hint="Write `values: [...]`.")
    step = axis.step or 1
    count = int((axis.high - axis.low) / step + 1e-9) + 1
    return tuple(axis.low + number * step for number in range(count))


def _guess(written: Mapping[str, Any]) -> str:
    """Tell the distribution that W&B takes where none is named."""
    if "value" in written:
        return "constant"
    if "values" in written:
        return "categorical"
    whole = all(type(written.get(end)) is int for end in ("min", "max"))
    return "int_uniform" if whole else "uniform"


def _read_values(written: Mapping[str, Any]) -> Choice:
    values = written["values"]
    if not isinstance(values, list) or not values:
        raise ValueError("values must be a list of some")
    if not all(isinstance(value, str | int | float) for value in values):
        raise ValueError("values must be texts, numbers, true or false")
    return Choice(tuple(values))


def _read_whole(written: Mapping[str, Any]) -> WholeNumbers:
    low, high = written["min"], written["max"]
    if type(low) is not int or type(high) is not int:
        raise ValueError("min and max must be whole numbers")
    return WholeNumbers(low=low, high=high)


def _read_steps(written: Mapping[str, Any]) -> WholeNumbers | Reals:
    """Read multiples of q; whole ones where q is whole."""
    q = written.get("q", 1)
    low, high = math.ceil(written["min"] / q - 1e-9), math.floor(written["max"] / q + 1e-9)
    if type(q) is int:
        return WholeNumbers(low=low * q, high=high * q, step=q)
    return Reals(low=low * q, high=high * q, step=q)


def _read_logarithms(written: Mapping[str, Any]) -> Reals:
    return Reals(low=math.exp(written["min"]), high=math.exp(written["max"]), log=True)


def _read_log_values(written: Mapping[str, Any]) -> Reals:
    if float(written["min"]) <= 0:
        raise ValueError("min must be above 0")
    return Reals(low=float(written["min"]), high=float(written["max"]), log=True)


_KINDS: dict[str, Callable[[Mapping[str, Any]], Axis]] = {
    "constant": lambda written: Choice((written["value"],)),
    "categorical": _read_values,
    "int_uniform": _read_whole,
    "uniform": lambda written: Reals(low=float(written["min"]), high=float(written["max"])),
    "q_uniform": _read_steps,
    "log_uniform": _read_logarithms,
    "log_uniform_values": _read_log_values,
}
