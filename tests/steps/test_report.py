import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.steps.conftest import Line
from tldrkit.errors import DamagedArtifact, UnknownReference
from tldrkit.options import Options
from tldrkit.reports.html import render_page
from tldrkit.specs import CompareSpec, PredictionsSpec
from tldrkit.steps.compare import compare
from tldrkit.steps.predictions import score_predictions
from tldrkit.steps.report import build_report, render_report
from tldrkit.steps.scored import read_scores
from tldrkit.store.lineage import Lineage
from tldrkit.store.store import Artifact, ArtifactStore

SPEC = CompareSpec(resamples=200)


def find_leaves(source: Lineage) -> list[Lineage]:
    return [leaf for one in source.inputs for leaf in find_leaves(one)] or [source]


def score_rows(
    options: Options,
    folder: Path,
    label: str,
    seed: int = 0,
    *,
    text: str = "{} ate {} cakes",
    prediction: str | None = None,
) -> Artifact:
    """Score outputs that no model wrote: each label's own words, or one prediction throughout."""
    rows = [
        {
            "prediction": text.format(label, number) if prediction is None else prediction,
            "reference": text.format("he", 5),
            "document": f"d {number}",
        }
        for number in range(9)
    ]
    file = folder / f"{label}{seed}.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    spec = PredictionsSpec(label=label, seed=seed)
    return score_predictions(options, spec, file=file, target=f"{label}/s{seed}/eval").artifact


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return Options(artifacts=tmp_path / "store")


@pytest.fixture
def compared(options: Options, tmp_path: Path) -> Artifact:
    """A comparison of two systems' outputs, two seeds each, the second label named between."""
    names = [("x", 1), ("y", 0), ("x", 0), ("y", 1)]
    references = [score_rows(options, tmp_path, *name).reference for name in names]
    return compare(options, SPEC, references=references, target="compare").artifact


def test_a_report_shows_what_the_runs_behind_it_hold(line: Line) -> None:
    """Every run's curve, its own summaries and scores, and lineage down to data and base."""
    store = ArtifactStore(line.options.artifacts)
    report = build_report(store, store.resolve("compare"))
    b = store.resolve("b/train@v1").manifest.metrics
    curve = report.curves[1]
    rows = [
        json.loads(row) for row in (store.resolve("b/eval").path / "predictions.jsonl").open(encoding="utf-8")
    ]

    assert [curve.name for curve in report.curves] == [f"{label}, seed 0" for label in "ABCD"]
    assert [one.step for one in curve.validations] == [0, 2, 4]
    assert [one.after for one in curve.restructurings] == [one["params_after"] for one in b["restructurings"]]
    assert [one.summaries[1] for one in report.examples.documents] == [row["prediction"] for row in rows]
    assert [one.points[1] for one in report.examples.documents] == [100 * row["rougeL"] for row in rows]
    assert [one.document for one in report.examples.documents] == [row["document"] for row in rows]
    assert {leaf.role for leaf in find_leaves(report.lineage)} == {"data", "run"}
    assert report.examples.first == (1, 0)


def test_curves_outlive_the_records_of_runs(line: Line, tmp_path: Path) -> None:
    """Curves come from the manifests; of older manifests, without validations, from the events left."""
    root = tmp_path / "store"
    shutil.copytree(line.options.artifacts, root)
    store = ArtifactStore(root)
    whole = build_report(store, store.resolve("compare")).curves
    for path in root.glob("*/train/v*/manifest.json"):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        del manifest["metrics"]["validations"]
        path.write_text(json.dumps(manifest), encoding="utf-8")
    from_events = build_report(store, store.resolve("compare")).curves
    shutil.rmtree(root / "runs")

    assert from_events == whole
    assert build_report(store, store.resolve("compare")).curves == ()


def test_seeds_are_put_in_order_whatever_order_they_were_named_in(
    options: Options, compared: Artifact
) -> None:
    """Runs stand as in the table, each with its own texts; two systems without models have no curves."""
    store = ArtifactStore(options.artifacts)
    report = build_report(store, compared)
    example = report.examples.documents[0]

    assert report.examples.runs == ("x, seed 0", "x, seed 1", "y, seed 0", "y, seed 1")
    assert example.summaries == ("x ate 0 cakes", "x ate 0 cakes", "y ate 0 cakes", "y ate 0 cakes")
    assert example.points[0] == 100 * read_scores(store.resolve("x/s0/eval")).scores["rougeL"][0]
    assert report.curves == ()
    assert render_report(store, compared) == render_report(store, compared)


@pytest.mark.parametrize("harm", ["cut", "gone", "no row", "other row"])
def test_predictions_that_are_not_whole_are_refused(options: Options, compared: Artifact, harm: str) -> None:
    """A file of predictions that was cut short, lost or changed is named, with what tells more."""
    path = ArtifactStore(options.artifacts).resolve("y/s0/eval").path / "predictions.jsonl"
    text = path.read_text(encoding="utf-8")
    if harm == "gone":
        path.unlink()
    else:
        path.write_text(
            {"cut": text[:-30], "no row": "[]\n" * 9, "other row": "{}\n" * 9}[harm], encoding="utf-8"
        )

    with pytest.raises(DamagedArtifact, match=r"'predictions\.jsonl' (is|was) ") as caught:
        render_report(ArtifactStore(options.artifacts), compared)
    assert "artifacts verify y/s0/eval@v1" in caught.value.hint


def test_scores_that_are_gone_are_named(options: Options, compared: Artifact) -> None:
    """A comparison whose scores were removed has no page, and a sentence says which are missing."""
    shutil.rmtree(options.artifacts / "y")

    with pytest.raises(UnknownReference, match="y/s0/eval@v1"):
        render_report(ArtifactStore(options.artifacts), compared)


def test_one_run_alone_has_a_page(options: Options, tmp_path: Path) -> None:
    """A comparison of one run is rendered too, without documents to compare."""
    alone = score_rows(options, tmp_path, "x")
    artifact = compare(
        replace(options, force=True), SPEC, references=[alone.reference], target="one"
    ).artifact

    assert "One run alone" in render_report(ArtifactStore(options.artifacts), artifact)


@pytest.mark.parametrize(
    "text", ["{}は{}個のケーキを食べた", "أكل {} عدد {} كعكة", "{} съел {} пирогов 🍰\u2028\x00"]
)
def test_other_scripts_reach_the_page_whole(options: Options, tmp_path: Path, text: str) -> None:
    """Texts in any script are shown as they are, under a warning that ROUGE does not see them."""
    references = [score_rows(options, tmp_path, label, text=text).reference for label in ("x", "y")]
    artifact = compare(options, SPEC, references=references, target="compare").artifact
    report = build_report(ArtifactStore(options.artifacts), artifact)

    assert report.examples.documents[8].summaries == (text.format("x", 8), text.format("y", 8))
    assert any("of 9 of 9 references it sees less than half" in one for one in report.comparison.warnings)
    assert json.dumps(text.format("x", 8), ensure_ascii=False) in render_page(report)


def test_predictions_without_a_word_are_compared(options: Options, tmp_path: Path) -> None:
    """Empty predictions score 0, are warned of, and are shown as nothing."""
    references = [
        score_rows(options, tmp_path, "x").reference,
        score_rows(options, tmp_path, "y", prediction="").reference,
    ]
    artifact = compare(options, SPEC, references=references, target="compare").artifact
    report = build_report(ArtifactStore(options.artifacts), artifact)

    assert report.comparison.rows[1].scores["rougeL"] == 0
    assert any("y/s0/eval@v1 has 9 empty predictions" in one for one in report.comparison.warnings)
    assert {example.summaries[1] for example in report.examples.documents} == {""}
