"""A forest plot as coordinates: each difference, pooled and of every unit, on one axis that holds zero.

Knows a comparison's values; knows nothing of how a page writes them down. The form is that of Lewis & Clarke,
"Forest Plots: Trying to See the Wood and the Trees", BMJ 322, 2001: squares for units, diamonds for what they
come to together.
"""

from dataclasses import dataclass

from tldrkit.reports.charts import ChartAxis, build_axis
from tldrkit.reports.comparison import ComparedRuns
from tldrkit.reports.contrasts import Contrast
from tldrkit.reports.tables import show_difference
from tldrkit.scoring.intervals import Difference
from tldrkit.scoring.metrics import MAIN

_LEFT, _RIGHT = 132, 350  # the axis, between names and numbers
_LINE, _GAP, _TOP = 19, 9, 16
_HALF = 5  # a diamond's height, halved
_NAME = 20  # characters that there is room for


@dataclass(frozen=True, kw_only=True)
class ForestLine:
    """One difference: a square on its interval, or the diamond of all units together."""

    name: str
    title: str
    numbers: str
    verdict: str
    y: int
    low: float
    mean: float
    high: float
    diamond: str
    """Its points, as an SVG polygon has them; empty for a unit."""


@dataclass(frozen=True, kw_only=True)
class Forest:
    """All differences, each with its units beneath it."""

    axis: ChartAxis
    zero: float
    height: int
    lines: list[ForestLine]


def build_forest(comparison: ComparedRuns) -> Forest | None:
    """Build the plot; None where nothing is compared."""
    contrasts = comparison.contrasts
    if not contrasts:
        return None
    every = [one for own in contrasts for one in (own.difference, *(part.difference for part in own.parts))]
    axis = build_axis([0.0, *(end for one in every for end in (one.low, one.high))], _LEFT, _RIGHT)
    lines: list[ForestLine] = []
    y = _TOP
    for contrast in contrasts:
        for line in _build_lines(contrast, axis, y):
            lines.append(line)
            y = line.y + _LINE
        y += _GAP
    return Forest(axis=axis, zero=axis.place(0.0), height=y, lines=lines)


def _build_lines(contrast: Contrast, axis: ChartAxis, y: int) -> list[ForestLine]:
    pair = f"{contrast.label} - {contrast.against}"
    named = [(pair, contrast.difference), *((part.name, part.difference) for part in contrast.parts)]
    return [
        _build_line(name, one, contrast.verdict, axis, y + place * _LINE, is_pooled=not place)
        for place, (name, one) in enumerate(named)
    ]


def _build_line(
    name: str, one: Difference, verdict: str, axis: ChartAxis, y: int, *, is_pooled: bool
) -> ForestLine:
    low, mean, high = map(axis.place, (one.low, one.mean, one.high))
    corners = [(low, y), (mean, y - _HALF), (high, y), (mean, y + _HALF)] if is_pooled else []
    numbers = show_difference(MAIN, one)
    return ForestLine(
        name=name if len(name) <= _NAME else f"\N{HORIZONTAL ELLIPSIS}{name[1 - _NAME :]}",
        title=f"{name}: {numbers}",
        numbers=numbers,
        verdict=verdict,
        y=y,
        low=low,
        mean=mean,
        high=high,
        diamond=" ".join(f"{x},{level}" for x, level in corners),
    )
