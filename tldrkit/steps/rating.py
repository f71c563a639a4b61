"""`tldrkit compare --rate`: what people are given to rate, and what they made of it."""

import dataclasses
from collections.abc import Collection, Sequence
from pathlib import Path

from tldrkit.errors import ComparisonError, DataError
from tldrkit.files import open_file
from tldrkit.reports.rating import (
    Rated,
    assign_ratings,
    average_ratings,
    describe_agreement,
    read_ratings,
)
from tldrkit.reports.scores import RunScores
from tldrkit.scoring.metrics import RATING
from tldrkit.steps.scored import Scored, name_without_texts, read_scored
from tldrkit.steps.step import Bench
from tldrkit.texts import say_reason


def add_ratings(
    bench: Bench, scored: Sequence[Scored], runs: Sequence[RunScores], files: Sequence[Path]
) -> list[RunScores]:
    """Add to the scores of runs what people gave their summaries, each on a sheet of their own.

    Raises:
        DataError: A sheet cannot be read, is not filled in, or is of other summaries.
        ComparisonError: The texts of a run are not kept.
    """
    sheets = [(read_ratings(_read_text(file), str(file)), str(file)) for file in files]
    threads = collect_rated(scored, runs, range(len(runs[0].document_ids)))
    people = [assign_ratings(ratings, threads, name) for ratings, name in sheets]
    if len(people) > 1:
        bench.tracker.log({"kind": "advice", "message": describe_agreement(people)})
    return [
        dataclasses.replace(run, scores=run.scores | {RATING.name: own})
        for run, own in zip(runs, average_ratings(people), strict=True)
    ]


def _read_text(file: Path) -> str:
    try:
        with open_file(file) as opened:
            return opened.read().decode(errors="replace")
    except OSError as error:
        raise DataError(f"{file} cannot be read: {say_reason(error)}.") from error


def collect_rated(
    scored: Sequence[Scored], runs: Sequence[RunScores], numbers: Collection[int]
) -> list[Rated]:
    """Collect threads by their numbers, with what each run wrote of them.

    Raises:
        ComparisonError: The texts of a run are not kept.
        DamagedArtifact: They cannot be read.
    """
    if without := name_without_texts(scored, runs):
        raise ComparisonError(
            f"Of {'; '.join(without)} there are scores without texts, which nobody can rate.",
            hint="Name the artifacts that `tldrkit eval` published.",
        )
    threads = read_scored([one.artifact for one in scored if one.artifact], numbers)
    return [
        Rated(
            id=runs[0].document_ids[number],
            document=document,
            summaries=tuple(row["prediction"] for row in rows),
        )
        for number, (document, rows) in zip(numbers, threads, strict=True)
    ]
