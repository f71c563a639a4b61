from tests.reports.samples import build_training
from tests.reports.test_comparison import build_run
from tldrkit.reports.curves import build_curve, collect_validations


def test_a_curve_is_read_from_the_figures_of_a_training() -> None:
    """Validations come in points and in order, restructurings with both sizes."""
    curve = build_curve(build_run("B", 3), build_training(1000, 1))

    assert curve.name == "B, seed 3"
    assert [one.step for one in curve.validations] == [0, 10, 20, 30, 40]
    assert curve.validations[1].score == 10.0
    assert [(one.step, one.before, one.after) for one in curve.restructurings] == [(40, 1000, 1100)]
    assert build_curve(build_run("A"), {}).validations == ()


def test_events_hold_the_same_validations() -> None:
    """A run's events give what its manifest gives; events of other kinds are passed over."""
    figures = build_training(1000, 0)["validations"]
    events = [
        {"kind": "validation", "val_rouge_l": one["rouge_l"], "val_loss": one["loss"], "message": "m", **one}
        for one in figures
    ]

    assert collect_validations([{"kind": "train", "step": 5}, *events]) == figures
