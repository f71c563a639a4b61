"""A small plot of characters: quality against size."""

from collections.abc import Sequence
from dataclasses import dataclass

from tldrkit.reports.comparison import ComparedRuns
from tldrkit.scoring.metrics import MAIN

WIDTH, HEIGHT = 60, 10


@dataclass(frozen=True, kw_only=True)
class Point:
    """A run's place: parameters, and points of the main metric."""

    label: str
    parameters: int
    score: float


def place_runs(comparison: ComparedRuns) -> list[Point]:
    """Collect the places of the runs whose size is known."""
    sizes = [(row, row.cost["parameters"]) for row in comparison.rows]
    return [
        Point(label=row.label, parameters=round(size), score=row.interval.mean) for row, size in sizes if size
    ]


def find_front(points: Sequence[Point]) -> list[Point]:
    """Find the Pareto front, the smallest first: the points above all that are no larger."""
    front: list[Point] = []
    for point in sorted(points, key=lambda point: (point.parameters, -point.score)):
        if not front or point.score > front[-1].score:
            front.append(point)
    return front


def render_plot(points: Sequence[Point]) -> list[str]:
    """Render each point's label at its place, scores upwards, parameters to the right, axes labelled.

    A label that would cover another goes beside it, as far as there is room.
    """
    sizes = [point.parameters for point in points]
    scores = [point.score for point in points]
    grid = [[" "] * WIDTH for _ in range(HEIGHT)]
    for point in sorted(points, key=lambda point: (point.parameters, point.label)):
        row = HEIGHT - 1 - _place(point.score, min(scores), max(scores), HEIGHT)
        column = min(_place(point.parameters, min(sizes), max(sizes), WIDTH), WIDTH - len(point.label))
        while column > 0 and "".join(grid[row][column : column + len(point.label)]).strip():
            column -= 1
        grid[row][column : column + len(point.label)] = list(point.label[: WIDTH - column])
    ends = {0: MAIN.show(max(scores)), HEIGHT - 1: MAIN.show(min(scores))}
    lines = [f"{ends.get(number, ''):>8} |{''.join(row).rstrip()}" for number, row in enumerate(grid)]
    low, high = f"{min(sizes) / 1e6:.2f} M", f"{max(sizes) / 1e6:.2f} M"
    rule = f"{'':>8} +{'-' * WIDTH}"
    return [MAIN.head, *lines, rule, f"{'':>10}{low}{high:>{WIDTH - len(low)}} parameters"]


def _place(value: float, low: float, high: float, cells: int) -> int:
    return round((value - low) / (high - low) * (cells - 1)) if high > low else cells // 2
