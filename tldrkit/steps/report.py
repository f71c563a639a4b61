"""What lies behind a published comparison, gathered from the store: its page as one HTML file."""

import dataclasses
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tldrkit.reports.comparison import ComparedRuns
from tldrkit.reports.curves import Curve, build_curve, collect_validations
from tldrkit.reports.examples import Examples, ShownExample, choose_documents
from tldrkit.reports.html import render_page
from tldrkit.reports.rating import choose_threads, render_sheet
from tldrkit.reports.report import Report
from tldrkit.reports.scores import RunScores
from tldrkit.scoring.metrics import MAIN
from tldrkit.steps.compare import read_comparison
from tldrkit.steps.rating import collect_rated
from tldrkit.steps.scored import Scored, find_scored, name_without_texts, read_scored
from tldrkit.store.manifest import Manifest
from tldrkit.store.names import RUNS
from tldrkit.store.store import Artifact, ArtifactStore


def render_report(store: ArtifactStore, artifact: Artifact) -> str:
    """Render the page of a comparison.

    Raises:
        UnknownReference: Scores that the comparison rests on are no longer there.
        DamagedArtifact: They cannot be read.
    """
    return render_page(build_report(store, artifact))


def build_report(store: ArtifactStore, artifact: Artifact) -> Report:
    """Gather what a page shows of a comparison and of the runs behind it.

    Raises:
        UnknownReference: Scores that the comparison rests on are no longer there.
        DamagedArtifact: They cannot be read.
    """
    comparison = read_comparison(artifact)
    scored = _find_compared(store, comparison)
    runs = [one.read() for one in scored]
    return Report(
        comparison=comparison,
        curves=tuple(filter(None, map(partial(_read_curve, store), scored, runs))),
        examples=_collect_examples(comparison, scored, runs),
        lineage=store.lineage(artifact.reference),
    )


def build_sheet(store: ArtifactStore, artifact: Artifact, *, threads: int) -> str:
    """Build a sheet to rate on what the runs of a comparison wrote of some threads, drawn by its seed.

    Raises:
        ComparisonError: The texts of a run are not kept.
        UnknownReference: Scores that the comparison rests on are no longer there.
        DamagedArtifact: They cannot be read.
    """
    scored = _find_compared(store, read_comparison(artifact))
    runs = [one.read() for one in scored]
    seed = int(artifact.manifest.spec["seed"])
    numbers = choose_threads(threads, len(runs[0].document_ids), seed=seed)
    return render_sheet(collect_rated(scored, runs, numbers), seed=seed)


def _find_compared(store: ArtifactStore, comparison: ComparedRuns) -> list[Scored]:
    """Find the scores that a comparison rests on, in the order of its rows.

    Raises:
        UnknownReference: Some are no longer there.
        DamagedArtifact: Some of them cannot be read.
    """
    rows = comparison.rows
    names = {name: own for row in rows for name, own in zip(row.references, row.replications, strict=True)}
    return [
        dataclasses.replace(find_scored(store, name), replication=replication)
        for name, replication in names.items()
    ]


def _read_curve(store: ArtifactStore, scored: Scored, run: RunScores) -> Curve | None:
    """Read how the scored model was trained; None where that is not recorded."""
    if scored.artifact is None:
        return None
    home = store.find_home(scored.artifact)
    source = next((item for item in scored.artifact.manifest.inputs if item.role == "source"), None)
    found = home.find_input(source)[0] if source else None
    if found is None:
        return None
    manifest = found.manifest
    told = manifest.metrics.get("validations") or _read_validations(home.root, manifest)
    curve = build_curve(run, manifest.metrics | {"validations": told})
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
    comparison: ComparedRuns, scored: Sequence[Scored], every: Sequence[RunScores]
) -> Examples:
    """Collect documents with the summaries of the runs whose texts are kept."""
    with_texts = [(one.artifact, run) for one, run in zip(scored, every, strict=True) if one.artifact]
    runs = [run for _, run in with_texts]
    choice = choose_documents(runs)
    threads = read_scored([artifact for artifact, _ in with_texts], choice.numbers)
    documents = []
    for number, (document, rows) in zip(choice.numbers, threads, strict=True):
        example = ShownExample(
            id=runs[0].document_ids[number],
            document=document,
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
        without=name_without_texts(scored, every),
    )


def _choose_first(comparison: ComparedRuns, runs: Sequence[RunScores]) -> tuple[int, int]:
    """Choose the runs of the first question that can be shown, or else the first and the last."""
    labels = [run.label for run in runs]
    for contrast in comparison.contrasts:
        if contrast.label in labels and contrast.against in labels:
            return labels.index(contrast.label), labels.index(contrast.against)
    return 0, max(0, len(labels) - 1)
