import csv
import io
import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tldrkit.datasets.local import read_rows
from tldrkit.errors import SpecError
from tldrkit.records.formats import COLUMNS, Record, choose_form, writing_records
from tldrkit.specs import Form
from tldrkit.texts import show_text

SUMMARY: Record = {
    "id": "7", "file": "a.json", "title": "Flat, \"tyre\"", "posts_read": 3, "posts_used": 2,
    "posts_unused": {"empty": 1}, "ending": "whole", "summary": "It is flat.\nPatch it.",
    "sources": [{"sentence": "It is flat.", "posts": [0]}],
}  # fmt: skip
ERROR: Record = {"id": "b", "file": "b.jsonl", "line": 4, "error": "This cannot be read: it is no JSON."}


def write(form: Form, *records: Record) -> bytes:
    file = io.BytesIO()
    with writing_records(form, file) as writer:
        for record in records:
            writer.write(record)
    return file.getvalue()


def test_json_lines_are_the_records() -> None:
    """A line a record, as it is."""
    assert [json.loads(line) for line in write("jsonl", SUMMARY, ERROR).splitlines()] == [SUMMARY, ERROR]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_tables_hold_every_field(tmp_path: Path, form: Form) -> None:
    """CSV and Parquet have the same columns for every record; lists and mappings are there as JSON."""
    path = tmp_path / f"x.{form}"
    path.write_bytes(write(form, SUMMARY, ERROR))
    first, second = read_rows(path)
    assert tuple(first) == COLUMNS
    assert first["summary"] == SUMMARY["summary"]
    assert json.loads(first["sources"]) == SUMMARY["sources"]
    assert str(first["posts_read"]) == "3"
    assert (second["error"], second["summary"] or "") == (ERROR["error"], "")


def test_many_rows_are_one_parquet_file(tmp_path: Path) -> None:
    """Rows are written some at a time; none is lost at the seams, and no row at all is a table too."""
    path = tmp_path / "x.parquet"
    path.write_bytes(write("parquet", *({"id": str(number)} for number in range(2050))))
    assert [row["id"] for row in read_rows(path)] == [str(number) for number in range(2050)]
    path.write_bytes(write("parquet"))
    assert list(read_rows(path)) == []


def test_a_digest_is_for_people() -> None:
    """Markdown shows title, summary and place; marks in texts are shown, not obeyed."""
    tricky = SUMMARY | {"title": "# *1* <b>", "summary": "1. [a](b)\n- c"}
    text = write("markdown", tricky, ERROR, SUMMARY | {"title": "- 2", "posts_used": 3}).decode()
    assert "## \\# \\*1\\* \\<b\\>\n\n1\\. \\[a\\](b) - c\n\na.json, 2 of 3 posts\n" in text
    assert text.endswith("## \\- 2\n\nIt is flat. Patch it.\n\na.json, 3 posts\n")
    wordless = write("markdown", SUMMARY | {"summary": "", "error": "No words."}).decode()
    assert wordless.endswith("*No summary: No words.*\n\na.json\n")
    assert "## b\n\n*Not read: This cannot be read: it is no JSON.*\n\nb.jsonl, line 4\n" in text


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=4))
def test_any_text_survives_csv(texts: list[str]) -> None:
    """Whatever quotes, commas and line ends a summary holds, a CSV reader gives it back as it is shown."""
    table = io.StringIO(write("csv", *({"id": text} for text in texts)).decode(), newline="")
    rows = [row["id"] for row in csv.DictReader(table, strict=True)]
    assert [row.removeprefix("'") for row in rows] == [show_text(text).removeprefix("'") for text in texts]


@given(
    text=st.text(st.characters(exclude_categories=["Cs"])),
    opening=st.sampled_from([*"=+-@\t\r\n", " =", "＝", ""]),
)
def test_no_cell_is_a_formula(text: str, opening: str) -> None:
    """No cell of a CSV begins with what a spreadsheet computes, also after spaces; other texts stay."""
    (row,) = csv.DictReader(io.StringIO(write("csv", {"title": opening + text}).decode(), newline=""))
    assert not row["title"].lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))
    assert not row["title"].startswith(("\t", "\r"))
    assert write("csv", {"title": "1=2"}).decode().splitlines()[1].strip(",") == "1=2"


@given(text=st.text(st.characters(max_codepoint=0x110), max_size=20))
def test_nothing_is_obeyed_by_a_terminal(text: str) -> None:
    """No control character but tabs and line ends is in any form for people; JSON lines escape them."""
    record = SUMMARY | {
        "title": text,
        "id": text,
        "file": text,
        "summary": text,
        "sources": [{"sentence": text}],
    }
    for form in ("csv", "markdown", "jsonl"):
        shown = write(form, record, ERROR | {"error": text}).decode()
        assert not [mark for mark in shown if unicodedata.category(mark) == "Cc" and mark not in "\t\r\n"]
    assert json.loads(write("jsonl", record)) == record


@pytest.mark.parametrize("form", ["jsonl", "csv", "markdown", "parquet"])
def test_records_are_added(tmp_path: Path, form: Form) -> None:
    """A file that goes on from another one is that of all records at once."""
    before, after = tmp_path / "before", io.BytesIO()
    before.write_bytes(write(form, SUMMARY, ERROR))
    with writing_records(form, after, before) as writer:
        writer.write(SUMMARY | {"id": "8"})
    whole = write(form, SUMMARY, ERROR, SUMMARY | {"id": "8"})
    if form == "parquet":
        for name, data in (("after.parquet", after.getvalue()), ("whole.parquet", whole)):
            (tmp_path / name).write_bytes(data)
        assert list(read_rows(tmp_path / "after.parquet")) == list(read_rows(tmp_path / "whole.parquet"))
    else:
        assert after.getvalue() == whole


def test_the_name_of_a_file_says_its_form() -> None:
    """The extension decides unless a form is asked for; an unknown one is refused with the known ones."""
    assert choose_form(Path("x.MD"), None) == "markdown"
    assert choose_form(Path("x.txt"), "csv") == "csv"
    assert choose_form(None, None) == "jsonl"
    with pytest.raises(SpecError, match=r"x\.txt"):
        choose_form(Path("x.txt"), None)
