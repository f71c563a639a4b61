"""Parallel coordinates as SVG: one line a run, one vertical axis a parameter, the score at the right."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

_GAP, _HEIGHT, _MARGIN, _TOP = 140, 300, 70, 40  # pixels
_MANY = 6  # whole numbers from which on an axis shows its ends only
_WIDE = 20.0  # from this ratio of its ends on, a positive axis is logarithmic


@dataclass(frozen=True, kw_only=True)
class RunLine:
    """A run: its values by the names of the axes, and what is shown when it is pointed at."""

    values: Mapping[str, Any]
    label: str
    best: bool = False


def render_coordinates(axes: Sequence[str], lines: Sequence[RunLine]) -> str:
    """Render the lines as an SVG element; the last axis gives each its colour, from pale to strong.

    Args:
        axes: Names of the axes; every line has a value for each.
        lines: The runs.
    """
    scales = {name: _Scale([line.values[name] for line in lines]) for name in axes}
    width = 2 * _MARGIN + _GAP * (len(axes) - 1)
    places = {name: _MARGIN + _GAP * number for number, name in enumerate(axes)}
    ordered = sorted(lines, key=lambda line: scales[axes[-1]].place(line.values[axes[-1]]))
    parts = [_render_line(line, places, scales, axes[-1]) for line in ordered]
    parts += [_render_axis(name, places[name], scale) for name, scale in scales.items()]
    return f'<svg width="{width}" height="{_HEIGHT + 2 * _TOP}" role="img">{"".join(parts)}</svg>'


class _Scale:
    """Where the values of one axis lie: numbers by size, anything else in order."""

    def __init__(self, values: Sequence[Any]) -> None:
        kinds = sorted(set(values), key=lambda value: (isinstance(value, str), value))
        self.numeric = all(type(value) in (int, float) for value in kinds)
        few = len(kinds) < _MANY and all(type(value) is int for value in kinds)
        self.ticks = kinds if few or not self.numeric else [kinds[0], kinds[-1]]
        self._kinds = kinds
        self._log = self.numeric and kinds[0] > 0 and kinds[-1] / kinds[0] >= _WIDE

    def place(self, value: Any) -> float:  # noqa: ANN401  (whatever a sweep lists)
        """Place a value between 0, the lowest, and 1."""
        if len(self._kinds) == 1:
            return 0.5
        if not self.numeric:
            return self._kinds.index(value) / (len(self._kinds) - 1)
        low, high, at = self._kinds[0], self._kinds[-1], value
        if self._log:
            low, high, at = math.log(low), math.log(high), math.log(at)
        return float((at - low) / (high - low))


def _y(place: float) -> float:
    return round(_TOP + _HEIGHT * (1 - place), 1)


def _render_line(line: RunLine, places: Mapping[str, int], scales: Mapping[str, _Scale], score: str) -> str:
    points = " ".join(f"{x},{_y(scales[name].place(line.values[name]))}" for name, x in places.items())
    strength = 0.15 + 0.75 * scales[score].place(line.values[score])
    kind = "best" if line.best else "run"
    return (
        f'<polyline class="{kind}" points="{points}" opacity="{strength:.2f}">'
        f"<title>{escape(line.label)}</title></polyline>"
    )


def _render_axis(name: str, x: int, scale: _Scale) -> str:
    ticks = "".join(
        f'<text x="{x + 5}" y="{_y(scale.place(value)) + 4}">{escape(render_value(value))}</text>'
        for value in scale.ticks
    )
    return (
        f'<line x1="{x}" y1="{_TOP}" x2="{x}" y2="{_TOP + _HEIGHT}"/>'
        f'<text class="name" x="{x}" y="{_TOP - 14}" text-anchor="middle">{escape(name)}</text>{ticks}'
    )


def render_value(value: object) -> str:
    """Render a parameter's value for a reader: four digits of a number that is not whole."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.4g}" if isinstance(value, float) else str(value)
