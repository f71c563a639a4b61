"""What lies behind a published comparison, gathered from the store: its page as one HTML file."""

import json
from collections.abc import Collection, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from tldrkit.errors import StoreError
from tldrkit.reports.comparison import Comparison
from tldrkit.reports.curves import Curve, build_curve, collect_validations
from tldrkit.reports.examples import Example, Examples, choose_documents
from tldrkit.reports.html import render_html
from tldrkit.reports.report import Report
from tldrkit.reports.scores import RunScores
from tldrkit.scoring.metrics import MAIN
from tldrkit.steps.compare import describe_damage, read_comparison, read_scores
from tldrkit.steps.scoring import PREDICTIONS
from tldrkit.store.manifest import Manifest
from tldrkit.store.names import RUNS
from tldrkit.store.store import Artifact, ArtifactStore


def render_report(store: ArtifactStore, artifact: Artifact) -> str:
    """Render the page of a comparison.

    Raises:
        UnknownReference: Scores that the comparison rests on are no longer there.
        DamagedArtifact: They cannot be read.
    """
    return render_html(build_report(store, artifact))


def build_report(store: ArtifactStore, artifact: Artifact) -> Report:
    """Gather what a page shows of a comparison and of the runs behind it.

    Raises:
        UnknownReference: Scores that the comparison rests on are no longer there.
        DamagedArtifact: They cannot be read.
    """
    comparison = read_comparison(artifact)
    scored = [store.take(item.reference) for item in artifact.manifest.inputs]
    runs = {one.reference: read_scores(one) for one in scored}
    places = {reference: number for number, reference in enumerate(_list_references(comparison))}
    scored.sort(key=lambda one: places[one.reference])
    return Report(
        comparison=comparison,
        curves=tuple(filter(None, (_read_curve(store, one, runs[one.reference]) for one in scored))),
        examples=_collect_examples(comparison, scored, [runs[one.reference] for one in scored]),
        lineage=store.lineage(artifact.reference),
    )


def _list_references(comparison: Comparison) -> list[str]:
    return [reference for row in comparison.rows for reference in row.references]


def _read_curve(store: ArtifactStore, scores: Artifact, run: RunScores) -> Curve | None:
    """Read how the scored model was trained; None where that is not recorded."""
    source = next((item for item in scores.manifest.inputs if item.role == "source"), None)
    if source is None:
        return None
    try:
        manifest = store.resolve(source.reference).manifest
    except StoreError:
        return None
    if manifest.digest != source.digest:
        return None
    found = manifest.metrics.get("validations") or _read_validations(store.root, manifest)
    curve = build_curve(run, manifest.metrics | {"validations": found})
    return curve if curve.validations else None


def _read_validations(root: Path, manifest: Manifest) -> list[dict[str, Any]]:
    """Read the validations from a run's events, for manifests written before they held them."""
    path = root / RUNS / f"{manifest.provenance.get('run')}.metrics.jsonl"
    try:
        events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return collect_validations(events)
    except (OSError, ValueError, KeyError):
        return []


def _collect_examples(
    comparison: Comparison, scored: Sequence[Artifact], runs: Sequence[RunScores]
) -> Examples:
    choice = choose_documents(runs)
    tables = [_read_rows(one, choice.numbers) for one in scored]
    documents = []
    for place, number in enumerate(choice.numbers):
        rows = [table[place] for table in tables]
        example = Example(
            id=runs[0].document_ids[number],
            document=next((row["document"] for row in rows if row.get("document")), ""),
            references=tuple(rows[0]["references"]),
            summaries=tuple(row["prediction"] for row in rows),
            points=tuple(100 * (run.scores[MAIN.name][number] or 0.0) for run in runs),
        )
        documents.append(example)
    return Examples(
        metric=MAIN.head,
        runs=tuple(run.name for run in runs),
        documents=tuple(documents),
        of=comparison.documents,
        ranks=choice.ranks,
        first=_choose_first(comparison, runs),
    )


def _choose_first(comparison: Comparison, runs: Sequence[RunScores]) -> tuple[int, int]:
    """Choose the runs of the first question, or else the first two."""
    labels = [run.label for run in runs]
    for contrast in comparison.contrasts[:1]:
        return labels.index(contrast.label), labels.index(contrast.against)
    return 0, len(labels) - 1


def _read_rows(artifact: Artifact, numbers: Collection[int]) -> list[dict[str, Any]]:
    """Read some of a run's predictions, in order.

    Raises:
        DamagedArtifact: The file cannot be read, or ends before.
    """
    wanted = set(numbers)
    path = artifact.path / PREDICTIONS
    try:
        with path.open(encoding="utf-8") as file:
            lines = islice(enumerate(file), max(wanted, default=-1) + 1)
            rows = [json.loads(line) for number, line in lines if number in wanted]
        complete = len(rows) == len(wanted) and all(
            {"prediction", "references"} <= row.keys() for row in rows
        )
    except (OSError, ValueError, AttributeError):
        complete = False
    if not complete:
        raise describe_damage(artifact, path)
    return rows
