"""`tldrkit compare`: runs side by side, with intervals, and what they say in words."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from tldrkit.errors import ComparisonError, DamagedArtifact
from tldrkit.options import Options
from tldrkit.reports.comparison import Comparison, compare_runs
from tldrkit.reports.page import render_markdown
from tldrkit.reports.scores import RunScores
from tldrkit.specs import CompareSpec
from tldrkit.steps.scoring import SCORES
from tldrkit.steps.step import Bench, Outcome, Step, perform
from tldrkit.store.manifest import Input
from tldrkit.store.store import Artifact, ArtifactStore

JSON_PAGE = "comparison.json"
MARKDOWN_PAGE = "comparison.md"


def compare(options: Options, spec: CompareSpec, *, references: Sequence[str], target: str) -> Outcome:
    """Set scored runs side by side, and publish the comparison.

    Raises:
        ComparisonError: If the runs differ in data, split or decoding settings, or are no scores.
    """
    store = ArtifactStore(options.artifacts)
    artifacts = [store.resolve(reference) for reference in references]
    for artifact in artifacts:
        if artifact.manifest.kind != "scores":
            raise ComparisonError(
                f"{artifact.reference} is of kind {artifact.manifest.kind!r}, not scores.",
                hint="Score it first: `tldrkit eval SOURCE --as NAME`.",
            )
    inputs = tuple(
        Input(role=f"run {number:03}", reference=artifact.reference, digest=artifact.manifest.digest)
        for number, artifact in enumerate(artifacts)
    )
    step = Step(name="compare", kind="comparison", target=target, spec=spec, inputs=inputs)

    def work(bench: Bench) -> None:
        runs = [read_scores(artifact) for artifact in artifacts]
        comparison = compare_runs(runs, spec)
        page = json.dumps(comparison.to_dict(), ensure_ascii=False, indent=1)
        (bench.draft.path / JSON_PAGE).write_text(page, encoding="utf-8")
        (bench.draft.path / MARKDOWN_PAGE).write_text(render_markdown(comparison), encoding="utf-8")
        bench.draft.metrics.update({"winner": comparison.winner, "winner_model": comparison.winner_model})

    return perform(options, step, work)


def read_scores(artifact: Artifact) -> RunScores:
    """Read the scores that `eval` published.

    Raises:
        DamagedArtifact: If they cannot be read.
    """
    path = artifact.path / SCORES
    try:
        run = RunScores.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise describe_damage(artifact, path) from error
    return dataclasses.replace(run, reference=artifact.reference)


def read_comparison(artifact: Artifact) -> Comparison:
    """Read a published comparison.

    Raises:
        DamagedArtifact: If it cannot be read.
    """
    path = artifact.path / JSON_PAGE
    try:
        return Comparison.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise describe_damage(artifact, path) from error


def describe_damage(artifact: Artifact, path: Path) -> DamagedArtifact:
    """Describe a published file that cannot be read."""
    return DamagedArtifact(
        f"{path} cannot be read.", hint=f"`tldrkit artifacts verify {artifact.reference}` tells more."
    )
