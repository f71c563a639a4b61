from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tldrkit.reports.plot import HEIGHT, WIDTH, Point, find_front, render_plot

POINTS = st.builds(
    Point, label=st.sampled_from("ABCD"), parameters=st.integers(1, 5), score=st.integers(0, 5).map(float)
)


def test_points_lie_where_their_numbers_say() -> None:
    """More parameters lie further right, more ROUGE-L higher; the ends of both axes are written."""
    lines = render_plot(
        [
            Point(label="A", parameters=3_000_000, score=50.0),
            Point(label="C", parameters=1_000_000, score=40.0),
        ]
    )
    rows = {label: number for number, line in enumerate(lines[1:-2]) for label in "AC" if label in line}
    assert (rows["A"], rows["C"]) == (0, HEIGHT - 1)
    assert lines[1].index("A") - lines[-3].index("C") == WIDTH - 1
    assert "50.00" in lines[1]
    assert "1.00 M" in lines[-1]
    assert "3.00 M" in lines[-1]


def test_no_label_covers_another() -> None:
    """Runs of one size and score stand side by side, long labels whole, at both edges too."""
    points = [Point(label=label, parameters=5, score=1.0) for label in ("x/eval", "B", "A")]
    (line,) = [line for line in render_plot(points) if "B" in line]
    assert all(point.label in line for point in points)
    spread = [*points, Point(label="the-largest", parameters=9, score=2.0)]
    assert any(line.endswith("the-largest") for line in render_plot(spread))


@given(st.lists(POINTS, min_size=1))
def test_the_front_holds_what_nothing_beats(points: list[Point]) -> None:
    """Every point has one of the front that is no larger and no worse; on it, larger means better."""
    front = find_front(points)

    assert all(any(f.parameters <= p.parameters and f.score >= p.score for f in front) for p in points)
    assert all(a.parameters < b.parameters and a.score < b.score for a, b in pairwise(front))
