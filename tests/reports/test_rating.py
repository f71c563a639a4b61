import csv
import io

import pytest

from tldrkit.errors import DataError
from tldrkit.reports.rating import (
    Rated,
    assign_ratings,
    average_ratings,
    choose_threads,
    describe_agreement,
    read_ratings,
    render_sheet,
)

THREADS = [
    Rated(id=f"t{n}", document=f"Thread {n}\nis long.", summaries=(f"one {n}", f"=two {n}", "same", "same"))
    for n in range(40)
]


def read_sheet(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def fill(text: str, rate: dict[str, str], delimiter: str = ",") -> str:
    """Fill in ratings by the summaries' texts, as a spreadsheet saves them."""
    file = io.StringIO(newline="")
    rows = csv.writer(file, delimiter=delimiter)
    rows.writerow(["code", "thread", "document", "summary", "rating (1 to 5)"])
    for row in read_sheet(text):
        told = rate.get(row["summary"].lstrip("'").split()[0], "")
        rows.writerow([row["code"], row["thread"], row["document"], row["summary"], told])
    return file.getvalue()


def test_a_sheet_hides_who_wrote_what() -> None:
    """Every different summary has a row, in an order that says nothing of the runs; equal texts share one."""
    rows = read_sheet(render_sheet(THREADS, seed=0))
    places: dict[str, list[int]] = {word: [] for word in ("one", "'=two", "same")}
    for number, row in enumerate(rows):
        places[row["summary"].split()[0]].append(number % 3)

    assert len(rows) == 3 * len(THREADS)
    assert all({0, 1, 2} == {*own} and max(map(own.count, own)) < 25 for own in places.values())
    assert len({row["code"] for row in rows}) == len(rows)
    assert not any(code.isdigit() for code in (row["code"] for row in rows))
    assert render_sheet(THREADS, seed=0) != render_sheet(THREADS, seed=1)
    assert render_sheet(THREADS, seed=1) == render_sheet(THREADS, seed=1)


def test_no_spreadsheet_computes_a_summary() -> None:
    """Texts that would be formulas are quoted, and control characters are gone."""
    rows = read_sheet(render_sheet([Rated(id="t", document="@SUM(1)", summaries=("-1\x1b",))], seed=0))

    assert (rows[0]["document"], rows[0]["summary"]) == ("'@SUM(1)", "'-1\ufffd")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_ratings_find_their_runs(delimiter: str) -> None:
    """From 1 to 5 becomes 0 to 1, with a comma or a point; both runs with the same text get its rating."""
    text = fill(render_sheet(THREADS, seed=3), {"one": "1", "=two": "4,5", "same": " 3 "}, delimiter)
    given = assign_ratings(read_ratings("\ufeff" + text, "sheet"), THREADS, "sheet")

    assert given == [(value,) * 40 for value in (0.0, 0.875, 0.5, 0.5)]


def test_what_is_not_filled_in_is_not_known() -> None:
    """Rows that were left empty or taken out are None; rows may come in any order."""
    plain = [Rated(id=one.id, document="d", summaries=one.summaries) for one in THREADS]
    lines = fill(render_sheet(plain, seed=3), {"one": "2"}).splitlines(keepends=True)
    text = "".join([lines[0], *lines[:3:-1]])
    one, two, *_ = assign_ratings(read_ratings(text, "sheet"), plain, "sheet")

    assert sum(value is not None for value in one) == 39
    assert {*two} == {None}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no rating sheet"),
        ("code,notes\nr1,3\n", "lacks the columns `code` and `rating`"),
        ("code,rating\nr1,6\n", "row 2: the rating '6' is no number from 1 to 5"),
        ("code,rating\nr1,0.5\n", "is no number from 1 to 5"),
        ("code,rating\nr1,nan\n", "is no number from 1 to 5"),
        ("code,rating\nr1,good\n", "the rating 'good' is no number"),
        ("code,rating\nr1,3\nr1,4\n", "row 3: the code 'r1' is there already"),
        ("code,rating\nr1,3\n", "holds 1 code of no summary of these runs, such as 'r1'"),
    ],
)
def test_what_cannot_be_used_is_told_in_a_sentence(text: str, words: str) -> None:
    """A sheet of another kind, a rating out of range, a code twice or of other summaries."""
    with pytest.raises(DataError, match=words) as caught:
        assign_ratings(read_ratings(text, "sheet.csv"), THREADS, "sheet.csv")
    assert caught.value.hint
    assert str(caught.value).startswith("sheet.csv")


def test_several_people_are_averaged_where_they_rated() -> None:
    """A summary has the mean of those who rated it; how far they lie apart is told on their scale."""
    one = [(0.0, None, 1.0, None), (0.5, 0.5, None, None)]
    other = [(0.5, 0.25, None, None), (0.75, 0.5, None, None)]

    assert average_ratings([one, other]) == [(0.25, 0.25, 1.0, None), (0.625, 0.5, None, None)]
    assert average_ratings([one]) == one
    assert "are 1.00 apart on average, over 3 pairs" in describe_agreement([one, other])
    assert "No summary was rated by two people" in describe_agreement([one, [(None,) * 4] * 2])


def test_an_empty_sheet_is_not_filled_in() -> None:
    """A sheet as it was written has no ratings to read."""
    with pytest.raises(DataError, match="sheet is not filled in: no summary has a rating"):
        assign_ratings(read_ratings(render_sheet(THREADS, seed=0), "sheet"), THREADS, "sheet")


def test_threads_are_drawn_by_the_seed() -> None:
    """Some of them, in order, the same ones each time; all of them where there are fewer."""
    assert choose_threads(3, 100, seed=1) == choose_threads(3, 100, seed=1) != choose_threads(3, 100, seed=2)
    assert choose_threads(9, 4, seed=0) == [0, 1, 2, 3]
