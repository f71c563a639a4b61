import bz2
import csv
import gzip
import io
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tldrkit.datasets.local import Columns, Extract, extract_examples, read_rows
from tldrkit.errors import DataError
from tldrkit.files import decode_json, open_file

ROWS = [
    {"id": str(number), "document": f"Text {number} é", "summary": f"Sum {number}"} for number in range(5)
]


def write_jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(data) if path.name.endswith(".gz") else data)
    return path


def extract(rows: list[dict[str, Any]], **columns: str) -> Extract:
    return extract_examples(rows, Columns(**columns), split="train", place="rows")


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_jsonl_gives_its_rows(tmp_path: Path, name: str) -> None:
    """A JSONL file gives its rows, packed or not."""
    assert list(read_rows(write_jsonl(tmp_path / name, ROWS))) == ROWS


def test_csv_gives_its_rows(tmp_path: Path) -> None:
    """A CSV file gives its rows; line ends inside quotes stay, a byte order mark goes."""
    (tmp_path / "a.csv").write_bytes(b'\xef\xbb\xbfdocument,summary\r\n"one\ntwo",three\r\n')
    assert list(read_rows(tmp_path / "a.csv")) == [{"document": "one\ntwo", "summary": "three"}]


def test_parquet_gives_its_rows(tmp_path: Path) -> None:
    """A Parquet file gives its rows."""
    import pyarrow as pa
    from pyarrow import parquet

    parquet.write_table(pa.Table.from_pylist(ROWS), tmp_path / "a.parquet")
    assert list(read_rows(tmp_path / "a.parquet")) == ROWS


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("a.jsonl", b'{"document": "a"}\n{"document\n', r"a\.jsonl:2 .* no JSON"),
        ("a.jsonl", b"[1]\n", r"a\.jsonl:1 is no JSON object"),
        ("a.jsonl", b'{"document": "\xff"}\n', r"a\.jsonl:1 .* not UTF-8"),
        ("a.jsonl", b"[" * 100_000, "nested too deeply"),
        ("a.jsonl", b"\x1f\x8bnot gzip", "cannot be read"),
        ("a.jsonl.gz", gzip.compress(b'{"document": "a"}\n' * 99, mtime=0)[:-12], "is cut short"),
        ("a.csv", b"document,summary\na,\xff\n", "not UTF-8"),
        ("a.csv", b"document,summary\na,b,c\n", r"a\.csv:2 has more cells"),
        ("a.csv", b"sep=;\ndocument;summary\na;b;c\n", r"a\.csv:3 has more cells"),
        ("a.csv", b'document,summary\na,"b\n', r"is no CSV"),
        ("a.parquet", b"PAR1 no", "no Parquet file"),
        ("a.txt", b"text", "is no data file"),
    ],
)
def test_a_damaged_file_is_one_sentence(tmp_path: Path, name: str, data: bytes, sentence: str) -> None:
    """A file that cannot be read is a DataError that names it, and its line where there is one."""
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=sentence):
        list(read_rows(tmp_path / name))


@pytest.mark.parametrize("extension", ["jsonl", "csv", "parquet"])
def test_a_missing_file_is_one_sentence(tmp_path: Path, extension: str) -> None:
    """A file that is not there is a DataError."""
    with pytest.raises(DataError, match="No such file"):
        list(read_rows(tmp_path / f"none.{extension}"))


@given(data=st.binary(max_size=200), start=st.sampled_from([b"", b"{", b'{"a": ', b"\x1f\x8b\x08", b"PAR1"]))
@pytest.mark.parametrize("extension", ["jsonl", "csv", "parquet"])
def test_any_bytes_are_rows_or_a_data_error(
    tmp_path_factory: pytest.TempPathFactory, extension: str, data: bytes, start: bytes
) -> None:
    """Whatever a file holds, reading it gives rows or raises DataError."""
    path = tmp_path_factory.getbasetemp() / f"any.{extension}"
    path.write_bytes(start + data)
    try:
        assert all(isinstance(row, dict) for row in read_rows(path))
    except DataError:
        return


def test_half_a_surrogate_pair_is_replaced() -> None:
    """A JSON escape of half a character becomes a character that can be written; a whole one stays."""
    assert decode_json(rb'"a\ud83d"') == "a�"
    assert decode_json(rb'"\ud83d\ude00"') == "😀"


def test_packing_is_seen_by_content(tmp_path: Path) -> None:
    """A gzip file is unpacked whatever its name says."""
    (tmp_path / "a.jsonl").write_bytes(gzip.compress(b"text"))
    with open_file(tmp_path / "a.jsonl") as file:
        assert file.read() == b"text"


@pytest.mark.parametrize(
    ("row", "document", "summaries"),
    [
        ({"content": "a", "body": "b", "summary": "c"}, "a", ("c",)),
        ({"documents": "a", "tldr": "c", "title": "b"}, "a", ("c",)),
        ({"dialogue": "a", "summary": "c", "topic": "b"}, "a", ("c",)),
        ({"article": "a", "highlights": "c"}, "a", ("c",)),
        ({"prompt": "POST: a\n\nTL;DR:", "completion": " c"}, "POST: a", ("c",)),
        ({"document": "a", "summary": "c", "summaries": ["c", "d", ""]}, "a", ("c", "d")),
        ({"document": "a", "summary": "c", "summaries": None}, "a", ("c",)),
        ({"document": "a", "summaries": ["c"]}, "a", ("c",)),
    ],
)
def test_known_columns_are_recognized(row: dict[str, Any], document: str, summaries: tuple[str, ...]) -> None:
    """The columns of the public data sets need not be named."""
    (example,) = extract([row]).examples
    assert (example.document, example.summaries) == (document, summaries)


def test_columns_given_win() -> None:
    """A column given by name is taken, even beside known ones; the other is still recognized."""
    row = {"document": "a", "summary": "b", "title": "c", "target": ["d", "e"]}
    assert extract([row], summary="title").examples[0].summaries == ("c",)
    assert extract([row], summary="target").examples[0].summaries == ("d", "e")
    assert extract([row], document="title").examples[0].document == "c"


def test_a_missing_column_names_those_present() -> None:
    """A column that is missing or cannot be guessed is an error whose hint names the columns."""
    with pytest.raises(DataError, match="no column 'nope'") as missing:
        extract(ROWS, document="nope")
    assert "id, document, summary" in missing.value.hint
    with pytest.raises(DataError, match="no columns that are known") as unknown:
        extract([{"a": "b", "c": "d"}])
    assert "a, c" in unknown.value.hint


def test_rows_without_text_are_dropped_and_counted() -> None:
    """Rows with an empty document or summary are left out and counted; the row number stays in the id."""
    rows = [
        {"document": "", "summary": "a"},
        {"document": "b", "summary": None},
        {"document": "c", "summary": "d"},
    ]
    found = extract(rows)
    assert [example.id for example in found.examples] == ["train-2"]
    assert found.dropped == 2


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], "is empty"),
        ([{"document": "a", "summary": " "}] * 3, "holds no row with a document and a summary, in 3 rows"),
        ([{"document": 5, "summary": "a"}], "row 1: column 'document' holds no text"),
        ([{"document": "a", "summary": {"text": "b"}}], "row 1: column 'summary' holds no text"),
    ],
)
def test_rows_that_cannot_be_used_are_one_sentence(rows: list[dict[str, Any]], sentence: str) -> None:
    """No rows, no summaries at all, or something else than text raises DataError."""
    with pytest.raises(DataError, match=sentence):
        extract(rows)


@pytest.mark.parametrize(
    "name", ["webis_tldr17", "reddit_tifu_long", "trl_tldr", "samsum", "dialogsum", "cnn_dailymail", "xsum"]
)
def test_public_sets_are_read_in_their_own_fields(shared_data: Path, name: str) -> None:
    """Rows under the field names of the public data sets give examples, none dropped."""
    path = shared_data / "native_fields" / f"{name}.jsonl"
    found = extract_examples(read_rows(path), Columns(), split="train", place=name)
    assert len(found.examples) >= 6
    assert found.dropped == 0
    assert not any(example.document.endswith("TL;DR:") for example in found.examples)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_cells_may_be_separated_by_any_mark(tmp_path: Path, delimiter: str, encoding: str, name: str) -> None:
    """Commas, semicolons, tabs and bars separate cells, with the others in them, in UTF-8 or UTF-16."""
    rows = [{"document": f"nora, tim; {n}:\tit | is é", "summary": f'a "lift", {n}; one'} for n in range(4)]
    text = io.StringIO()
    writer = csv.DictWriter(text, ["document", "summary"], delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    (tmp_path / name).write_bytes(text.getvalue().encode(encoding))

    assert list(read_rows(tmp_path / name)) == rows


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_table_may_say_what_separates_its_cells(tmp_path: Path, mark: str) -> None:
    """The line above the header that Excel reads is no header."""
    text = f'{mark}sep=;\r\ndocument;summary\r\n"a; b";c\r\n'
    (tmp_path / "a.csv").write_text(text, encoding="utf-8", newline="")
    assert list(read_rows(tmp_path / "a.csv")) == [{"document": "a; b", "summary": "c"}]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_tables_may_be_packed(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    """A CSV file is unpacked by its content."""
    (tmp_path / "a.csv.gz").write_bytes(pack(b"document,summary\na,b\n"))
    assert list(read_rows(tmp_path / "a.csv.gz")) == [{"document": "a", "summary": "b"}]


@pytest.mark.parametrize("name", ["train.parquet", "train.jsonl", "train.csv", "train.jsonl.gz"])
def test_a_pointer_of_git_lfs_is_named(tmp_path: Path, name: str) -> None:
    """A pointer in a file's place is told apart, with the command that gets the file."""
    (tmp_path / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0a1b\nsize 12\n")
    with pytest.raises(DataError, match="pointer of Git LFS") as refusal:
        list(read_rows(tmp_path / name))
    assert "git lfs pull" in refusal.value.hint


def test_zero_is_an_id() -> None:
    """Rows are called by their ids, 0 too; one without is called by its place."""
    rows = [{"id": one, "document": "a", "summary": "b"} for one in (0, "0.5", True, None, 5.0, 0.5)]
    examples = extract_examples(rows, Columns(), split="train", place="rows").examples
    assert [example.id for example in examples] == ["0", "0.5", "train-2", "train-3", "5", "train-5"]
