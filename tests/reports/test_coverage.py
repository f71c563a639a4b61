from tests.reports.test_comparison import ORIGIN, build_run
from tldrkit.reports.coverage import explain_scope, find_scope, limit_verdict, warn_of_rounding


def test_one_run_of_either_side_speaks_of_its_weights() -> None:
    """The side with fewer runs decides, whatever bases the other goes back to."""
    several = [build_run("A", seed) for seed in range(3)]

    assert find_scope(several, [build_run("B")]) == find_scope([build_run("B")], several) == "these weights"
    assert find_scope(several, [build_run("B", seed) for seed in range(3)]) == ""


def test_runs_of_unknown_origin_speak_of_themselves() -> None:
    """Outputs that were given, or scores that are older, are not taken for runs of several bases."""
    known, unknown = ([build_run(label, seed) for seed in range(2)] for label in "AB")
    unknown[1] = build_run("B", 1, origin=None)

    assert find_scope(known, unknown) == "these runs"
    assert explain_scope("these runs").startswith("Not of all these runs is it known")


def test_a_verdict_without_limits_stays_as_it_is() -> None:
    """Only where something is not covered is anything added."""
    assert limit_verdict("held", "") == "held"
    assert limit_verdict("held", "this base") == "held, of this base only"
    assert explain_scope("") == ""


def test_runs_of_a_label_on_two_processors_are_named_one_by_one() -> None:
    """A label is named alone where all its runs are alike; what is not known is not named."""
    runs = [build_run("A", 0), build_run("A", 1, origin=None, scored_on="x"), build_run("A", 2)]
    runs[2] = build_run("A", 2, origin=ORIGIN.__class__(**vars(ORIGIN) | {"trained_on": "n"}))
    told = warn_of_rounding({"A": runs, "B": [build_run("B")]})

    assert told == ["Trained on different processors, whose rounding differs: m: A, seed 0, B; n: A, seed 2."]
