import pytest

from tests.reports.samples import build_report, build_training
from tests.reports.test_comparison import build_run
from tldrkit.reports.charts import LEFT, RIGHT, ChartAxis, build_axis, build_course, build_scatter
from tldrkit.reports.curves import build_curve


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (0, 10, ["0", "2", "4", "6", "8", "10"]),
        (49.2, 51.1, ["49.5", "50.0", "50.5", "51.0"]),
        (-0.3, 0.1, ["-0.3", "-0.2", "-0.1", "0.0", "0.1"]),
        (0, 4000, ["0", "1,000", "2,000", "3,000", "4,000"]),
        (0.0007, 0.001, ["0.0007", "0.0008", "0.0009", "0.0010"]),
    ],
)
def test_ticks_are_round_and_inside(low: float, high: float, texts: list[str]) -> None:
    """Ticks are multiples of 1, 2 or 5 times a power of ten, and lie where their values do."""
    axis = ChartAxis(low=low, high=high, start=0, end=100)

    assert [tick.text for tick in axis.ticks] == texts
    assert all(0 <= tick.at <= 100 for tick in axis.ticks)


@pytest.mark.parametrize("values", [[5.0], [0.0], [-3.0, -3.0], [100 / 3, 100 / 3 + 1e-14]])
def test_an_axis_of_one_value_holds_it(values: list[float]) -> None:
    """Values without a range get an axis around them."""
    axis = build_axis(values, 0, 100)

    assert axis.place(values[0]) == 50
    assert 3 <= len(axis.ticks) <= 7


def test_dots_lie_where_their_numbers_say() -> None:
    """Larger runs lie right, better ones higher, those of one size side by side; the front is named."""
    scatter = build_scatter(build_report().comparison)
    assert scatter is not None
    dots = {dot.label: dot for dot in scatter.dots}

    assert LEFT <= dots["C"].x < dots["B"].x == dots["D"].x - 11 < dots["A"].x <= RIGHT
    assert [dots[label].is_crowded for label in "ABCD"] == [True, True, True, False]
    assert dots["D"].y < dots["A"].y < dots["B"].y < dots["C"].y
    assert all(dot.high < dot.y < dot.low for dot in scatter.dots)
    assert scatter.front == ("C", "D")


def test_parameters_jump_where_a_network_is_restructured() -> None:
    """The line of sizes has both sizes at the step of the restructuring, one above the other."""
    course = build_course([build_curve(build_run("B"), build_training(1000, 2))])
    assert course is not None
    points = [tuple(map(float, point.split(","))) for point in course.panels[2].lines[0].points.split()]
    at_mark = [y for x, y in points if x == course.marks[0].x]

    assert len(points) == 5 + 2
    assert at_mark[0] > at_mark[1]
    assert build_course([]) is None


def test_a_loss_that_is_no_number_leaves_a_gap() -> None:
    """A validation without a loss is missing in that panel alone; without any, the panel is empty."""
    training = build_training(1000, 0)
    training["validations"][1]["loss"] = None
    whole = build_course([build_curve(build_run("A"), training)])
    for one in training["validations"]:
        one["loss"] = None
    empty = build_course([build_curve(build_run("A"), training)])
    assert whole is not None
    assert empty is not None

    assert [len(panel.lines[0].points.split()) for panel in whole.panels] == [5, 4, 5]
    assert empty.panels[1].lines[0].points == ""
