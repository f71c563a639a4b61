"""`tldrkit compare`: runs side by side, with intervals, and what they say in words."""

import atexit
import dataclasses
import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tldrkit.errors import ReadOnlyStore
from tldrkit.files import compute_digest
from tldrkit.options import Options
from tldrkit.reports.claims import check_claims
from tldrkit.reports.comparison import ComparedRuns, compare_runs
from tldrkit.reports.page import render_markdown
from tldrkit.specs import CompareSpec
from tldrkit.steps.rating import add_ratings
from tldrkit.steps.scored import describe_damage, find_all
from tldrkit.steps.step import Bench, Outcome, Step, perform
from tldrkit.store.manifest import Input
from tldrkit.store.store import Artifact, ArtifactStore

JSON_PAGE = "comparison.json"
MARKDOWN_PAGE = "comparison.md"


def compare(
    options: Options,
    spec: CompareSpec,
    *,
    references: Sequence[str],
    target: str,
    also: Sequence[Path] = (),
    ratings: Sequence[Path] = (),
) -> Outcome:
    """Set scored runs side by side, and publish the comparison where the store may be written.

    Args:
        options: The surroundings.
        spec: How runs are compared.
        references: Scores that `eval` published, as artifacts or files.
        target: Name of the comparison.
        also: Other stores with the same scores, each a replication.
        ratings: Sheets on which people rated the summaries, one a person.

    Raises:
        DataError: If a sheet cannot be read, is not filled in, or is of other summaries.
        DamagedArtifact: If a file of the scores is missing or was changed.
        ComparisonError: If the runs differ in data, split or decoding settings, or are no scores.
        SpecError: If a claim is about what is not measured.
    """
    check_claims(spec.claims)
    scored = find_all(ArtifactStore(options.artifacts), references, also, options.artifacts)
    inputs = tuple(one.to_input(number) for number, one in enumerate(scored))
    inputs += tuple(
        Input(role="ratings", reference=str(sheet), digest=compute_digest(sheet)) for sheet in ratings
    )
    step = Step(name="compare", kind="comparison", target=target, spec=spec, inputs=inputs)

    def work(bench: Bench) -> None:
        runs = [one.read() for one in scored]
        comparison = compare_runs(add_ratings(bench, scored, runs, ratings) if ratings else runs, spec)
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


def read_comparison(artifact: Artifact) -> ComparedRuns:
    """Read a published comparison.

    Raises:
        DamagedArtifact: If it cannot be read.
    """
    path = artifact.path / JSON_PAGE
    try:
        return ComparedRuns.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise describe_damage(artifact, path) from error
