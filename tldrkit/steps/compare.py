"""`tldrkit compare`: runs side by side, with intervals, and what they say in words."""

import atexit
import dataclasses
import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tldrkit.errors import ComparisonError, DamagedArtifact, ReadOnlyStore
from tldrkit.options import Options
from tldrkit.reports.claims import check_claims
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
    """Set scored runs side by side, and publish the comparison where the store may be written.

    Raises:
        DamagedArtifact: If a file of the scores is missing or was changed.
        ComparisonError: If the runs differ in data, split or decoding settings, or are no scores.
        SpecError: If a claim is about what is not measured.
    """
    check_claims(spec.claims)
    store = ArtifactStore(options.artifacts)
    artifacts = [store.take(reference) for reference in references]
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

    try:
        return perform(options, step, work)
    except ReadOnlyStore as error:
        options.display.log({"message": f"The comparison is shown, not published: {error}"})
        return _perform_aside(options, step, work)


def _perform_aside(options: Options, step: Step, work: Callable[[Bench], None]) -> Outcome:
    """Do a step whose result stays until this process ends."""
    folder = Path(tempfile.mkdtemp(prefix="tldrkit-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    outcome = perform(dataclasses.replace(options, artifacts=folder), step, work)
    return dataclasses.replace(outcome, artifact=dataclasses.replace(outcome.artifact, stored=False))


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
