"""A sheet on which people rate summaries without knowing who wrote them, and what they filled in.

Knows texts and CSV. The code of a row is a digest of thread and summary: with the summaries at hand it tells
whose they are, and alone it tells nothing, so that no key has to be kept beside the sheet.
"""

import csv
import hashlib
import io
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

from tldrkit.errors import DataError
from tldrkit.scoring.metrics import compute_mean
from tldrkit.texts import count_noun, show_cell

LOWEST, HIGHEST = 1, 5
_CELL = 1 << 30  # characters; csv's own limit is less than some documents have
_HEADS = ("code", "thread", "document", "summary", "rating")
_HINT = f"Fill in numbers from {LOWEST} (poor) to {HIGHEST} (good) under `rating`, and save the sheet as CSV."


@dataclass(frozen=True, kw_only=True)
class Rated:
    """A thread, and the summaries that runs wrote of it, in the order of the runs."""

    id: str
    document: str
    summaries: tuple[str, ...]

    def code(self, summary: str) -> str:
        """Compute the code of a summary: equal texts of one thread have one, whoever wrote them."""
        whole = "\0".join((self.id, summary)).encode(errors="replace")
        return f"r{hashlib.sha256(whole).hexdigest()[:11]}"  # with a letter no spreadsheet reads a number


def choose_threads(count: int, of: int, *, seed: int) -> list[int]:
    """Choose threads by their numbers, in order; the same seed chooses the same."""
    return sorted(random.Random(seed).sample(range(of), min(count, of)))


def render_sheet(threads: Iterable[Rated], *, seed: int) -> str:
    """Render a sheet as CSV: a row for each different summary, those of a thread together in random order.

    The text begins with the mark by which spreadsheets know UTF-8; a text that they would take for a formula
    begins with an apostrophe.
    """
    draw = random.Random(seed)
    file = io.StringIO(newline="")
    rows = csv.writer(file)
    rows.writerow([*_HEADS[:-1], f"rating ({LOWEST} to {HIGHEST})"])
    for number, thread in enumerate(threads, start=1):
        summaries = sorted({*thread.summaries}, key=thread.code)
        draw.shuffle(summaries)
        for summary in summaries:
            rows.writerow([thread.code(summary), number, *map(show_cell, (thread.document, summary)), ""])
    return "\ufeff" + file.getvalue()


def read_ratings(text: str, name: str) -> dict[str, float | None]:
    """Read a sheet that people filled in: the rating of each code; None where none is given.

    Commas, semicolons or tabs may lie between cells, as spreadsheets write them, in any order of rows.

    Raises:
        DataError: It is no such sheet, a code is there twice, or a rating is no number in range.
    """
    text = text.removeprefix("\ufeff")
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    csv.field_size_limit(_CELL)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        return _read_rows(rows, name)
    except csv.Error as error:
        raise DataError(f"{name} cannot be read as CSV: {error}.", hint=_HINT) from error


def _read_rows(rows: Iterable[Sequence[str]], name: str) -> dict[str, float | None]:
    lines = iter(rows)
    heads = [cell.strip().lower() for cell in next(lines, [])]
    places = [
        place for word in ("code", "rating") for place, head in enumerate(heads) if head.startswith(word)
    ]
    if len(places) != 2:
        raise DataError(f"{name} is no rating sheet: it lacks the columns `code` and `rating`.", hint=_HINT)
    ratings: dict[str, float | None] = {}
    for number, row in enumerate(lines, start=2):
        if not any(map(str.strip, row)):
            continue
        code, told = ((row[place] if place < len(row) else "").strip() for place in places)
        if code in ratings:
            raise DataError(f"{name}, row {number}: the code {code!r} is there already.", hint="Keep one.")
        ratings[code] = _read_rating(told, f"{name}, row {number}")
    return ratings


def _read_rating(told: str, place: str) -> float | None:
    if not told:
        return None
    try:
        rating = float(told.replace(",", "."))
    except ValueError:
        rating = float("nan")
    if not LOWEST <= rating <= HIGHEST:
        raise DataError(f"{place}: the rating {told!r} is no number from {LOWEST} to {HIGHEST}.", hint=_HINT)
    return rating


def assign_ratings(
    ratings: Mapping[str, float | None], threads: Sequence[Rated], name: str
) -> list[tuple[float | None, ...]]:
    """Assign ratings to the summaries they were given for, as fractions: 0 for the lowest, 1 for the highest.

    Returns:
        For each run one a thread, None where it is not rated.

    Raises:
        DataError: Nothing is filled in, or the sheet is of other summaries.
    """
    known = {thread.code(summary) for thread in threads for summary in thread.summaries}
    strange = [code for code in ratings if code not in known]
    if strange:
        raise DataError(
            f"{name} holds {count_noun(len(strange), 'code')} of no summary of these runs, such as "
            f"{strange[0]!r}.",
            hint="Give the runs that it was written for, or write a new sheet under another name.",
        )
    if all(rating is None for rating in ratings.values()):
        raise DataError(f"{name} is not filled in: no summary has a rating.", hint=_HINT)
    runs = len(threads[0].summaries)
    return [
        tuple(_to_fraction(ratings.get(one.code(one.summaries[run]))) for one in threads)
        for run in range(runs)
    ]


def average_ratings(
    people: Sequence[Sequence[Sequence[float | None]]],
) -> list[tuple[float | None, ...]]:
    """Average what several people gave, over those who rated a summary.

    Args:
        people: For each sheet what ``assign_ratings`` returns of it.
    """
    return [
        tuple(compute_mean(one) for one in zip(*sheets, strict=True)) for sheets in zip(*people, strict=True)
    ]


def describe_agreement(people: Sequence[Sequence[Sequence[float | None]]]) -> str:
    """Tell how far two people's ratings of one summary lie apart, on average over all such pairs."""
    apart = [
        abs(one - other)
        for sheets in zip(*people, strict=True)
        for given in zip(*sheets, strict=True)
        for one, other in combinations([value for value in given if value is not None], 2)
    ]
    if not apart:
        return "No summary was rated by two people, so that nothing tells whether they agree."
    steps = (HIGHEST - LOWEST) * fmean(apart)
    pairs = count_noun(len(apart), "pair of ratings", "pairs of ratings")
    return (
        f"Two people's ratings of one summary are {steps:.2f} apart on average, over {pairs} from {LOWEST} "
        f"to {HIGHEST}."
    )


def _to_fraction(rating: float | None) -> float | None:
    return None if rating is None else (rating - LOWEST) / (HIGHEST - LOWEST)
