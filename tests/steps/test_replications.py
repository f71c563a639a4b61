"""Comparisons of scores kept elsewhere: in other stores, and as files of scores without texts."""

import csv
import gzip
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.steps.conftest import Line
from tests.steps.test_report import SPEC, score_rows
from tldrkit.errors import ComparisonError, TldrkitError, UnknownReference
from tldrkit.options import Options
from tldrkit.reports.comparison import ComparedRuns
from tldrkit.reports.html import render_page
from tldrkit.steps.compare import MARKDOWN_PAGE, compare, read_comparison
from tldrkit.steps.report import build_report, build_sheet, render_report
from tldrkit.steps.scored import find_scored
from tldrkit.store.store import ArtifactStore

WORDS = {"here": "he ate {} cakes and {} pies", "there": "{} ate {} cakes", "far": "{} and {}"}
NAMES = ["x/s0/eval", "y/s0/eval"]


def fill(folder: Path) -> None:
    """Score x and y in three stores, with other outputs in each."""
    for place, text in WORDS.items():
        (folder / place).mkdir()
        options = Options(artifacts=folder / place / "store")
        for label in "xy":
            score_rows(
                options, folder / place, label, prediction=text.format(label, 5 if label == "x" else 6)
            )


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stores")
    fill(folder)
    return folder


@pytest.fixture
def options(stores: Path, tmp_path: Path) -> Options:
    shutil.copytree(stores / "here" / "store", tmp_path / "store")
    return Options(artifacts=tmp_path / "store")


def set_beside(options: Options, also: list[Path]) -> ComparedRuns:
    return read_comparison(compare(options, SPEC, references=NAMES, target="compare", also=also).artifact)


def test_stores_stand_beside_each_other_and_pooled(stores: Path, options: Options) -> None:
    """Each store's difference is its own comparison's; pooled, each is one row whatever its seeds."""
    also = [stores / place / "store" for place in ("there", "far")]
    pooled = set_beside(options, also)
    (contrast,) = pooled.contrasts
    places = (options.artifacts, *also)
    alone = [set_beside(replace(options, artifacts=place, force=True), []) for place in places]
    own = [one.contrasts[0].difference.mean for one in alone]

    assert (contrast.unit, contrast.difference.seeds) == ("replication", 3)
    assert [one.name for one in pooled.replications] == [str(place) for place in places]
    assert [one.difference.mean for one in contrast.parts] == pytest.approx(own)
    assert contrast.difference.mean == pytest.approx(np.mean(own))
    assert pooled.rows[0].interval.seeds == 3
    assert pooled.rows[0].scores["rougeL"] == pytest.approx(pooled.rows[0].interval.mean)
    assert "3 replications x 9 threads" in contrast.sentence


def test_replications_are_in_every_form(stores: Path, options: Options) -> None:
    """Each store's sentence and the formula are in Markdown and page; documents are shown of all runs."""
    also = [stores / "there" / "store"]
    artifact = compare(options, SPEC, references=NAMES, target="compare", also=also).artifact
    store = ArtifactStore(options.artifacts)
    comparison = read_comparison(artifact)
    report = build_report(store, artifact)

    for text in ((artifact.path / MARKDOWN_PAGE).read_text(encoding="utf-8"), render_page(report)):
        assert "Pooled, a replication counts as one" in text
        assert all(
            line.replace("'", "&#39;") in text or line in text for line in comparison.contrasts[0].beside
        )
    assert ComparedRuns.from_dict(json.loads(json.dumps(comparison.to_dict()))) == comparison
    assert report.examples.runs[:2] == (f"x, seed 0 ({options.artifacts})", f"x, seed 0 ({also[0]})")
    assert report.examples.documents[0].summaries[:2] == ("he ate x cakes and 5 pies", "x ate 5 cakes")
    assert report.lineage.is_sound


def test_what_cannot_be_a_replication_is_refused(stores: Path, options: Options, tmp_path: Path) -> None:
    """A store named twice, one that is not there, one without the runs, and a run called by its path."""
    there = stores / "there" / "store"
    (tmp_path / "empty").mkdir()
    path = str(options.artifacts / "x/s0/eval/v1/scores.json")
    refused: list[tuple[list[str], list[Path], type[TldrkitError], str]] = [
        (NAMES, [there, there], ComparisonError, "is named twice"),
        (NAMES, [options.artifacts], ComparisonError, "is named twice"),
        (NAMES, [tmp_path / "none"], UnknownReference, "no artifact store at"),
        (NAMES, [tmp_path / "empty"], UnknownReference, "holds no artifact 'x/s0/eval'"),
        ([path], [there], ComparisonError, "is a path, and no name to look up in"),
    ]
    for references, also, kind, words in refused:
        with pytest.raises(kind, match=words):
            compare(options, SPEC, references=references, target="compare", also=also)
    assert not (options.artifacts / "compare").exists()


def test_a_copy_is_no_replication(line: Line, tmp_path: Path) -> None:
    """The same weights in another store are refused: they would count twice."""
    shutil.copytree(line.options.artifacts, tmp_path / "copy")

    with pytest.raises(ComparisonError, match="are both A with the same weights"):
        compare(line.options, SPEC, references=["a/eval"], target="twice", also=[tmp_path / "copy"])


def test_the_lineage_of_another_store_is_followed_there(line: Line, tmp_path: Path) -> None:
    """Curves and lineage of a run come from the store it lies in, not from what has its name here."""
    options = Options(artifacts=tmp_path / "empty")
    path = str(line.options.artifacts / "b/eval/v1")
    artifact = compare(options, SPEC, references=[path], target="compare").artifact
    report = build_report(ArtifactStore(options.artifacts), artifact)

    assert [curve.name for curve in report.curves] == ["B, seed 0"]
    assert report.lineage.is_sound
    assert report.lineage.inputs[0].inputs[0].kind == "model"


def test_scores_are_compared_without_texts(options: Options, tmp_path: Path) -> None:
    """A file of scores alone, packed or not, or a folder of such, gives the very same comparison."""
    whole = set_beside(options, [])
    kept = tmp_path / "kept"
    for name in NAMES:
        (kept / name).mkdir(parents=True)
        shutil.copy(options.artifacts / name / "v1/scores.json", kept / name)
    packed = tmp_path / "x.json.gz"
    packed.write_bytes(gzip.compress((kept / NAMES[0] / "scores.json").read_bytes()))
    ways = ([str(packed), str(kept / NAMES[1])], [str(kept / name / "scores.json") for name in NAMES], NAMES)
    roots = (tmp_path / "one", tmp_path / "two", kept)
    for references, root in zip(ways, roots, strict=True):
        store = ArtifactStore(root)
        artifact = compare(Options(artifacts=root), SPEC, references=references, target="compare").artifact
        again = read_comparison(artifact)

        assert again.contrasts == whole.contrasts
        assert again.rows[0].references == (references[0],)
        page = render_report(store, artifact)
        assert "Scores without texts, of which no summaries can be shown: x, seed 0; y, seed 0." in page
        assert "cakes" not in page
        assert not list(tmp_path.glob(f"{root.name}/**/predictions.jsonl"))


def test_kept_scores_are_a_replication(stores: Path, options: Options, tmp_path: Path) -> None:
    """A folder of scores stands for the store they were kept from; documents of the others are shown."""
    for name in NAMES:
        (tmp_path / "kept" / name).mkdir(parents=True)
        shutil.copy(stores / "there/store" / name / "v1/scores.json", tmp_path / "kept" / name)
    artifact = compare(options, SPEC, references=NAMES, target="kept", also=[tmp_path / "kept"]).artifact
    comparison = read_comparison(artifact)
    report = build_report(ArtifactStore(options.artifacts), artifact)

    stored = set_beside(options, [stores / "there/store"])
    kept, same = ([part.difference for part in one.contrasts[0].parts] for one in (comparison, stored))

    assert kept == same
    assert len(report.examples.without) == len(report.examples.runs) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it is no JSON"),
        ("[]", "holds no scores"),
        ('{"format": 3}', "holds no scores"),
        ("{", "it is no JSON"),
    ],
)
def test_files_that_are_no_scores_are_refused(tmp_path: Path, text: str, words: str) -> None:
    """One sentence names the file and says what writes such scores."""
    file = tmp_path / "scores.json"
    file.write_text(text)

    with pytest.raises(ComparisonError, match=words) as caught:
        find_scored(ArtifactStore(tmp_path), str(file)).read()
    assert "tldrkit eval" in caught.value.hint


def test_ratings_of_people_are_one_more_metric(options: Options, tmp_path: Path) -> None:
    """A sheet that was filled in gives paired intervals over the threads whose summaries are both rated."""
    artifact = compare(options, SPEC, references=NAMES, target="compare").artifact
    sheet = tmp_path / "ratings.csv"
    sheet.write_text(build_sheet(ArtifactStore(options.artifacts), artifact, threads=6), encoding="utf-8")
    rows = list(csv.reader(sheet.open(encoding="utf-8-sig", newline="")))
    for number, row in enumerate(rows[1:]):
        row[-1] = "" if number == 0 else "5" if "he ate x" in row[3] else "2"
    csv.writer(sheet.open("w", encoding="utf-8", newline="")).writerows(rows)
    rated = compare(options, SPEC, references=NAMES, target="rated", ratings=[sheet])
    comparison = read_comparison(rated.artifact)
    rating = comparison.contrasts[0].others["rating"]

    assert len(rows) == 1 + 2 * 6
    assert (rating.mean, rating.low, rating.high, rating.documents) == (-75, -75, -75, 5)
    assert "People rated 6 threads, all runs' summaries of 5." in " ".join(comparison.warnings)
    assert (
        "| rating | higher | -75.00 [-75.00, -75.00] |" in (rated.artifact.path / MARKDOWN_PAGE).read_text()
    )
    assert compare(options, SPEC, references=NAMES, target="rated", ratings=[sheet]).done_before


def test_texts_that_are_not_kept_cannot_be_rated(options: Options, tmp_path: Path) -> None:
    """Scores without texts have no summaries to show or to find again."""
    file = tmp_path / "scores.json"
    shutil.copy(options.artifacts / NAMES[0] / "v1/scores.json", file)
    artifact = compare(options, SPEC, references=[str(file), NAMES[1]], target="compare").artifact

    with pytest.raises(ComparisonError, match="Of x, seed 0 there are scores without texts"):
        build_sheet(ArtifactStore(options.artifacts), artifact, threads=6)
