import re
from typing import Any
from xml.etree import ElementTree

import pytest

from tldrkit.reports.coordinates import RunLine, render_coordinates
from tldrkit.reports.sweep import SweepReport, render_sweep, render_sweep_markdown
from tldrkit.search.study import Trial


@pytest.fixture
def report() -> SweepReport:
    """Three trials, of which one failed with an error that is no HTML."""
    done: dict[str, Any] = {
        "reference": "s/train@v1",
        "params_deployed": 12345,
        "dendrites": 1,
        "seconds": 2.5,
    }
    broken = {"error": "<b> & |", "retry_of": 2}
    trials = [
        Trial(number=0, state="finished", parameters={"lr": 0.001, "b": True}, values=(0.25,), facts=done),
        Trial(number=1, state="stopped", parameters={"lr": 0.1, "b": False}, values=(0.1,)),
        Trial(number=2, state="killed", parameters={"lr": 0.02, "b": False}),
        Trial(number=3, state="failed", parameters={"lr": 0.02, "b": False}, facts=broken),
    ]
    return SweepReport(
        name="s",
        axes=["lr", "b"],
        trials=trials,
        best=trials[:1],
        importances={"lr": 0.75, "b": 0.25},
        commands=["tldrkit train --spec out/best.yaml"],
    )


def test_the_page_stands_alone_and_is_well_formed(report: SweepReport) -> None:
    """One file: no link, script or address in it, every tag closed, texts of errors escaped."""
    page = render_sweep(report)
    assert ElementTree.fromstring(page.removeprefix("<!doctype html>")).tag == "html"
    assert not re.search(r"https?:|<script|<link|src=|url\(", page)
    assert "&lt;b&gt; &amp; |" in page
    assert page.count("<polyline") == 2


def test_both_pages_tell_every_trial(report: SweepReport) -> None:
    """State, score, size, retries, parameters and where the result lies, on the page and in Markdown."""
    for page in (render_sweep(report), render_sweep_markdown(report)):
        for words in (
            "4 trials: 1 finished, 1 stopped, 1 killed, 1 failed; 1 of them tried again after a kill.",
            "25.00", "12,345", "s/train@v1", "failed, again after 2", "75%", "tldrkit train --spec",
        ):  # fmt: skip
            assert words in page


def test_lines_lie_where_their_values_are() -> None:
    """The lowest value is at the foot of its axis, the highest at its head; a wide range is logarithmic."""
    lines = [
        RunLine(values={"lr": lr, "kind": kind, "score": score}, label="x", best=score == 3.0)
        for lr, kind, score in ((0.001, "a", 1.0), (0.01, "b", 2.0), (0.1, "c", 3.0))
    ]
    drawn = render_coordinates(["lr", "kind", "score"], lines)
    points = re.findall(r'class="(\w+)" points="([^"]*)"', drawn)
    heights = [[float(point.split(",")[1]) for point in line.split()] for _, line in points]

    assert heights == [[340.0] * 3, [190.0] * 3, [40.0] * 3]
    assert [kind for kind, _ in points] == ["run", "run", "best"]
