import pytest
from hypothesis import given
from hypothesis import strategies as st

from tldrkit.errors import SpecError
from tldrkit.scoring.metrics import MAIN, METRICS, compute_mean, find_metric
from tldrkit.scoring.overlap import ROUGE_TYPES

NEEDS_DOCUMENT = {"novel_bigrams", "unsupported_names"}


@given(st.text(), st.lists(st.text(), min_size=1, max_size=2), st.text())
def test_any_text_has_a_fraction_or_nothing(summary: str, references: list[str], document: str) -> None:
    """Whatever the texts, a score lies between 0 and 1; what needs a document is None without one."""
    for name, metric in METRICS.items():
        score = metric.compute(summary, references, document) if metric.compute else None
        assert score is None or 0 <= score <= (float("inf") if name == "length_ratio" else 1)
        assert document or name not in NEEDS_DOCUMENT or score is None


def test_names_and_heads_are_the_metrics_own() -> None:
    """No two metrics share a name or a head; ROUGE is among them, and the main one."""
    assert len({metric.head for metric in METRICS.values()}) == len(METRICS)
    assert {*ROUGE_TYPES} < {*METRICS}
    assert METRICS[MAIN.name] is MAIN


def test_scores_are_shown_times_100() -> None:
    """Points have two digits, shares one and their unit, differences a sign."""
    share = METRICS["name_recall"]
    assert (MAIN.show(48.934), MAIN.show_difference(0.8)) == ("48.93", "+0.80")
    assert (share.show(61.04), share.show_difference(-2.0)) == ("61.0 %", "-2.0")


def test_unknown_metric_is_told_the_known_ones() -> None:
    """A name that is none is refused with a hint that holds those there are."""
    with pytest.raises(SpecError, match="no metric 'rouge3'") as caught:
        find_metric("rouge3")
    assert "rougeL, rougeLsum" in caught.value.hint


def test_mean_leaves_out_what_is_not_known() -> None:
    """None is no zero."""
    assert compute_mean([None, 0.5, 1.0]) == 0.75
    assert compute_mean([None]) is None
