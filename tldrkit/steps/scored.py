"""Scores to compare, wherever they are kept: as artifacts, in other stores, or as a file of scores alone."""

import dataclasses
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, cast

from tldrkit.errors import ComparisonError, DamagedArtifact
from tldrkit.files import compute_digest, decode_json, open_file
from tldrkit.reports.scores import RunScores
from tldrkit.steps.scoring import PREDICTIONS, SCORES
from tldrkit.store.manifest import Input
from tldrkit.store.names import MANIFEST, parse_reference
from tldrkit.store.store import Artifact, ArtifactStore
from tldrkit.texts import say_reason


@dataclass(frozen=True, kw_only=True)
class Scored:
    """One run's scores, and where they are kept."""

    name: str
    """What other stores call the same run; empty where it is called by its path."""
    reference: str
    """What finds it again from the store that it is compared in."""
    path: Path
    """The file of scores."""
    artifact: Artifact | None = None
    """None where there is nothing but that file."""
    replication: str = ""

    def to_input(self, number: int) -> Input:
        """Describe it as an input of a comparison."""
        role = f"run {number:03}" + (f", {self.replication}" if self.replication else "")
        digest = self.artifact.manifest.digest if self.artifact else compute_digest(self.path)
        return Input(role=role, reference=self.reference, digest=digest)

    def read(self) -> RunScores:
        """Read the scores.

        Raises:
            DamagedArtifact: An artifact's cannot be read.
            ComparisonError: The file is no scores, or of another version.
        """
        try:
            with open_file(self.path) as file:
                run = RunScores.from_dict(cast(Any, decode_json(file.read())))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            if self.artifact:
                raise describe_damage(self.artifact, self.path) from error
            told = isinstance(error, OSError | ValueError)
            raise ComparisonError(
                f"{self.path} holds no scores: {say_reason(error) if told else 'its fields are others'}.",
                hint=f"`tldrkit eval` writes them, as {SCORES} of what it publishes.",
            ) from error
        return dataclasses.replace(run, reference=self.reference, replication=self.replication)


def find_all(
    store: ArtifactStore, references: Sequence[str], also: Sequence[Path], place: Path
) -> list[Scored]:
    """Find the scores to compare, those of other stores under the same names too.

    Args:
        store: The store that the comparison belongs to.
        references: What to compare.
        also: Other stores, or folders of kept scores; each with all of them, as a replication.
        place: What people call the first store.

    Raises:
        UnknownReference: One of them is not there.
        DamagedArtifact: A file of an artifact is missing or was changed.
        ComparisonError: It is an artifact of another kind, or cannot be looked up in other stores.
    """
    found = [find_scored(store, reference) for reference in references]
    if not also:
        return found
    every = [dataclasses.replace(one, replication=str(place)) for one in found]
    roots = {store.root.resolve()}
    others = [(folder, ArtifactStore(folder)) for folder in also]
    for _, other in others:
        other.require()
        if other.root.resolve() in roots:
            raise ComparisonError(f"{other.root} is named twice.", hint="Each store is one replication.")
        roots.add(other.root.resolve())
    for folder, other in others:
        for one in found:
            if not one.name:
                raise ComparisonError(
                    f"{one.reference} is a path, and no name to look up in {folder}.",
                    hint="With --also, name what all stores hold, such as a/eval.",
                )
            there = find_scored(other, one.name)
            where = there.artifact.path if there.artifact else there.path.absolute()
            every.append(dataclasses.replace(there, reference=str(where), replication=str(folder)))
    return every


def find_scored(store: ArtifactStore, reference: str) -> Scored:
    """Find scores by their reference, by the path of a file or folder, or by a name below a folder of files.

    Raises:
        UnknownReference: There is nothing of that name.
        DamagedArtifact: A file of an artifact is missing or was changed.
        ComparisonError: It names an artifact of another kind.
    """
    if (path := Path(reference)).is_file():
        return Scored(name="", reference=reference, path=path)
    for folder, name in ((store.root / reference, reference), (path, "")):
        if (folder / SCORES).is_file() and not (folder / MANIFEST).is_file():
            return Scored(name=name, reference=reference, path=folder / SCORES)
    artifact = store.take(reference)
    if artifact.manifest.kind != "scores":
        raise ComparisonError(
            f"{artifact.reference} is of kind {artifact.manifest.kind!r}, not scores.",
            hint="Score it first: `tldrkit eval SOURCE --as NAME`.",
        )
    name = artifact.manifest.name if artifact.stored else ""
    if (asked := parse_reference(reference)) and asked.name == name:
        name = reference
    return Scored(name=name, reference=artifact.reference, path=artifact.path / SCORES, artifact=artifact)


def read_scores(artifact: Artifact) -> RunScores:
    """Read the scores that `eval` published.

    Raises:
        DamagedArtifact: They cannot be read.
    """
    return Scored(
        name="", reference=artifact.reference, path=artifact.path / SCORES, artifact=artifact
    ).read()


def describe_damage(artifact: Artifact, path: Path) -> DamagedArtifact:
    """Describe a published file that cannot be read."""
    return DamagedArtifact(
        f"{path} cannot be read.", hint=f"`tldrkit artifacts verify {artifact.reference}` tells more."
    )


def read_predictions(artifact: Artifact, numbers: Collection[int]) -> list[dict[str, Any]]:
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


def read_scored(
    artifacts: Sequence[Artifact], numbers: Collection[int]
) -> list[tuple[str, list[dict[str, Any]]]]:
    """Read some documents by their numbers, in order: the text, where a run kept it, and each run's row.

    Raises:
        DamagedArtifact: A file cannot be read, or ends before.
    """
    tables = [read_predictions(artifact, numbers) for artifact in artifacts]
    threads = map(list, zip(*tables, strict=True))
    return [(next((row["document"] for row in rows if row.get("document")), ""), rows) for rows in threads]


def name_without_texts(scored: Sequence[Scored], runs: Sequence[RunScores]) -> tuple[str, ...]:
    """Name the runs of which there are scores alone."""
    return tuple(run.name for one, run in zip(scored, runs, strict=True) if one.artifact is None)
