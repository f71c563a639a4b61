"""Drawings as coordinates: size against quality, the course of training.

Knows numbers and where they lie in a drawing; knows nothing of how a page writes them down.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tldrkit.reports.comparison import ComparedRuns
from tldrkit.reports.curves import Curve, Restructuring
from tldrkit.reports.plot import find_front, place_runs
from tldrkit.scoring.metrics import MAIN
from tldrkit.texts import count_noun

WIDTH = 480
LEFT, RIGHT, TOP = 54, 466, 14
_SCATTER_HEIGHT = 250
_PANEL_HEIGHTS = {MAIN.head: 190, "loss, nats a token": 110, "parameters, M": 90}
_GAP = 26
_MARGIN = 0.08  # of an axis, beyond its outermost values
_TICKS = 5
_DOT, _ROOM = 11, 40  # a dot's width, and what its label needs


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A marked value of an axis, and where it lies."""

    text: str
    at: float


@dataclass(frozen=True, kw_only=True)
class ChartAxis:
    """Values between ``low`` and ``high``, laid out from ``start`` to ``end``."""

    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        """Place a value, to a hundredth."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 2)

    @property
    def ticks(self) -> list[Tick]:
        """About five round values: steps of 1, 2 or 5 times a power of ten."""
        rough = (self.high - self.low) / _TICKS
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [
            Tick(text=f"{number * step:,.{digits}f}", at=self.place(number * step))
            for number in range(first, last + 1)
        ]


def build_axis(values: Iterable[float], start: float, end: float, *, margin: float = _MARGIN) -> ChartAxis:
    """Build an axis that holds all values; ``margin`` is the share of their range left free at either end."""
    known = list(values)
    low, high = min(known), max(known)
    spare = abs(high) / 10 or 1.0 if math.isclose(low, high) else margin * (high - low)
    return ChartAxis(low=low - spare, high=high + spare, start=start, end=end)


@dataclass(frozen=True, kw_only=True)
class Dot:
    """A run in a drawing of size against quality, with its interval."""

    label: str
    x: float
    y: float
    low: float
    high: float
    is_crowded: bool
    """Whether there is no room for its label to the right."""
    title: str


@dataclass(frozen=True, kw_only=True)
class Scatter:
    """Parameters to the right, scores upwards, and the runs that no smaller or equal one beats."""

    height: int
    x: ChartAxis
    y: ChartAxis
    dots: list[Dot]
    front: tuple[str, ...]
    path: str
    """The front's line, as an SVG path."""


def build_scatter(comparison: ComparedRuns) -> Scatter | None:
    """Build the drawing of size against quality; None where fewer than two sizes are known.

    Dots of about one size stand side by side, so that each can be seen.
    """
    points = place_runs(comparison)
    if len(points) < 2:
        return None
    rows = {row.label: row for row in comparison.rows}
    intervals = {point.label: rows[point.label].interval for point in points}
    ends = [end for one in intervals.values() for end in (one.low, one.high)]
    x = build_axis([point.parameters / 1e6 for point in points], LEFT, RIGHT)
    y = build_axis([*ends, *(point.score for point in points)], _SCATTER_HEIGHT - 34, TOP)
    places = _spread({point.label: x.place(point.parameters / 1e6) for point in points})
    dots = {
        point.label: Dot(
            label=point.label,
            x=places[point.label],
            y=y.place(point.score),
            low=y.place(intervals[point.label].low),
            high=y.place(intervals[point.label].high),
            is_crowded=any(0 < end - places[point.label] < _ROOM for end in (*places.values(), RIGHT)),
            title=f"{point.label}: {count_noun(point.parameters, 'parameter')}, "
            f"{MAIN.show(point.score)} {MAIN.head}",
        )
        for point in points
    }
    front = [dots[point.label] for point in find_front(points)]
    steps = "".join(f"H{dot.x}V{dot.y}" for dot in front)
    return Scatter(
        height=_SCATTER_HEIGHT,
        x=x,
        y=y,
        dots=list(dots.values()),
        front=tuple(dot.label for dot in front),
        path=f"M{front[0].x} {_SCATTER_HEIGHT - 34}{steps}H{RIGHT}",
    )


def _spread(places: Mapping[str, float]) -> dict[str, float]:
    """Move places to the right until no two are closer than a dot is wide."""
    spread: dict[str, float] = {}
    for label, place in sorted(places.items(), key=lambda item: item[1]):
        spread[label] = round(max(place, *(other + _DOT for other in spread.values()), 0.0), 2)
    return spread


@dataclass(frozen=True, kw_only=True)
class CurveLine:
    """One run's course in a panel."""

    label: str
    points: str
    """As an SVG polyline has them."""
    title: str


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One measure over the steps of training."""

    title: str
    y: ChartAxis
    lines: list[CurveLine]


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A step at which a network was restructured."""

    label: str
    x: float
    title: str


@dataclass(frozen=True, kw_only=True)
class Course:
    """The training of all runs: panels over one axis of steps, and the restructurings that cross them."""

    height: int
    x: ChartAxis
    panels: list[Panel]
    marks: list[Mark]


def build_course(curves: Sequence[Curve]) -> Course | None:
    """Build the drawing of how runs trained; None where no training is recorded."""
    if not curves:
        return None
    last = max(one.step for curve in curves for one in curve.validations)
    x = ChartAxis(low=0, high=max(last, 1), start=LEFT, end=RIGHT)
    measures: dict[str, Callable[[Curve], list[tuple[int, float]]]] = {
        MAIN.head: lambda curve: [(one.step, one.score) for one in curve.validations],
        "loss, nats a token": lambda curve: [
            (one.step, one.loss) for one in curve.validations if one.loss is not None
        ],
        "parameters, M": _follow_parameters,
    }
    panels, top = [], TOP
    for title, measure in measures.items():
        bottom = top + _PANEL_HEIGHTS[title]
        courses = [(curve, measure(curve)) for curve in curves]
        y = build_axis([value for _, course in courses for _, value in course] or [0.0], bottom, top + 14)
        lines = [
            CurveLine(
                label=curve.label,
                points=" ".join(f"{x.place(step)},{y.place(value)}" for step, value in course),
                title=curve.name,
            )
            for curve, course in courses
        ]
        panels.append(Panel(title=title, y=y, lines=lines))
        top = bottom + _GAP
    marks = [
        Mark(label=curve.label, x=x.place(one.step), title=_describe(curve, one))
        for curve in curves
        for one in curve.restructurings
    ]
    return Course(height=top + 14, x=x, panels=panels, marks=marks)


def _describe(curve: Curve, change: Restructuring) -> str:
    end = "; growing ended" if change.finished else ""
    return (
        f"{curve.name}, step {change.step}: {change.before:,} to {count_noun(change.after, 'parameter')}{end}"
    )


def _follow_parameters(curve: Curve) -> list[tuple[int, float]]:
    """Follow the deployed size in millions, which jumps where the network was restructured."""
    grown = {one.step for one in curve.restructurings}
    course = [(one.step, one.parameters) for one in curve.validations if one.step not in grown]
    course += [(one.step, size) for one in curve.restructurings for size in (one.before, one.after)]
    return [(step, size / 1e6) for step, size in sorted(course, key=lambda place: place[0])]
