"""Files of rows on this machine: JSONL, CSV and Parquet, and the examples in them.

Knows how a row becomes an example, wherever the row comes from; knows nothing of splits or hubs.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import chain, islice
from pathlib import Path
from typing import Any

from tldrkit.datasets.examples import Example
from tldrkit.errors import DataError
from tldrkit.files import LFS_POINTER, decode_json, open_file
from tldrkit.texts import count_noun, say_reason

FILE_KINDS = (".jsonl", ".csv", ".tsv", ".parquet")
"""What the names of data files end with."""
PACKED = (".gz", ".bz2", ".xz", ".zst")
"""What may follow that where the file is packed."""

Row = Mapping[str, Any]

# Columns of the public sets, the likeliest first: a row of Webis-TLDR-17 holds `content` and `body`.
_PAIRS = (
    ("document", "summary"),
    ("dialogue", "summary"),
    ("article", "highlights"),
    ("content", "summary"),
    ("documents", "tldr"),
    ("prompt", "completion"),
    ("document", "summaries"),
)
_SEPARATOR = re.compile(r'"?sep=(.)"?')  # the line above the header that Excel reads
_DELIMITERS = ",;\t|"
_ROWS_LOOKED_AT = 100  # rows whose columns are known before any is used


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The columns an example is made of; where None, the columns of the public data sets are recognized."""

    document: str | None = None
    summary: str | None = None

    def to_dict(self) -> dict[str, str | None]:
        """Render as the data's part of an identity."""
        return {"document": self.document, "summary": self.summary}

    def resolve(self, present: Iterable[str], *, place: str) -> "Columns":
        """Fill in what is not given from the columns present.

        Raises:
            DataError: A given column is missing, or none is recognized.
        """
        names = list(dict.fromkeys(present))
        for given in (self.document, self.summary):
            if given is not None and given not in names:
                raise DataError(f"{place} has no column {given!r}.", hint=f"Its columns: {_listed(names)}.")
        for document, summary in _PAIRS:
            pair = Columns(document=self.document or document, summary=self.summary or summary)
            if pair.document in names and pair.summary in names and pair.document != pair.summary:
                return pair
        raise DataError(
            f"{place} has no columns that are known to hold documents and summaries.",
            hint=f"Name them with document_column and summary_column. Its columns: {_listed(names)}.",
        )


def read_rows(path: Path) -> Iterator[Row]:
    """Read the rows of a JSONL, CSV or Parquet file; all but Parquet may be packed.

    Raises:
        DataError: The file cannot be read, or a line of it is no row.
    """
    readers = {".jsonl": _read_jsonl, ".csv": _read_csv, ".tsv": _read_csv, ".parquet": _read_parquet}
    kind = find_kind(path.name)
    if not kind:
        raise DataError(f"{path} is no data file.", hint=f"Known kinds: {_listed(FILE_KINDS)}.")
    read = readers[kind]
    try:
        _check_for_pointer(path)
        yield from read(path)
    except EOFError as error:
        raise DataError(f"{path} is cut short.", hint="Copy or download it again.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text.", hint="Convert it to UTF-8 first.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {say_reason(error)}.") from error


def find_kind(name: str) -> str:
    """Find the kind of data file that a name says; empty where it says none."""
    bare = next((name.removesuffix(packed) for packed in PACKED if name.endswith(packed)), name)
    return next((kind for kind in FILE_KINDS if bare.endswith(kind)), "")


def _check_for_pointer(path: Path) -> None:
    with path.open("rb") as file:
        if file.read(len(LFS_POINTER)) == LFS_POINTER:
            raise DataError(
                f"{path} is a pointer of Git LFS, not the file that it stands for.", hint="Run: git lfs pull"
            )


def _read_jsonl(path: Path) -> Iterator[Row]:
    with open_file(path) as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = decode_json(line)
            except ValueError as error:
                raise DataError(
                    f"{path}:{number} cannot be read: {say_reason(error)}.",
                    hint="Every line is one JSON object. If it is the last line, the file may be cut short.",
                ) from error
            if not isinstance(row, dict):
                raise DataError(f"{path}:{number} is no JSON object.", hint="Every line is one JSON object.")
            yield row


def _read_csv(path: Path) -> Iterator[Row]:
    csv.field_size_limit(1 << 30)
    with open_file(path) as packed, TextIOWrapper(packed, encoding="utf-8", newline="") as file:
        head = list(islice(file, _ROWS_LOOKED_AT))
        told = _SEPARATOR.fullmatch(head[0].strip("\ufeff\r\n")) if head else None
        above = 1 if told else 0  # lines above the header
        delimiter = told[1] if told else _find_delimiter(head)
        reader = csv.DictReader(chain(head[above:], file), delimiter=delimiter, strict=True)
        try:
            for row in reader:
                if None in row:
                    raise DataError(f"{path}:{above + reader.line_num} has more cells than the header names.")
                yield row
        except csv.Error as error:
            raise DataError(f"{path}:{above + reader.line_num} is no CSV: {say_reason(error)}.") from error


def _find_delimiter(lines: Sequence[str]) -> str:
    """Find what stands between cells: what most rows have as often as the header, and that most often."""

    def judge(delimiter: str) -> tuple[float, int]:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            return 0.0, 0
        if not widths or widths[0] < 2:
            return 0.0, 0
        return widths.count(widths[0]) / len(widths), widths[0]

    return max(_DELIMITERS, key=judge)


def _read_parquet(path: Path) -> Iterator[Row]:
    from tldrkit.datasets.parquet import read_parquet

    yield from read_parquet(path)


@dataclass(frozen=True, kw_only=True)
class Extract:
    """The examples a run of rows held, and how many rows held none."""

    examples: tuple[Example, ...]
    dropped: int


def extract_examples(rows: Iterable[Row], columns: Columns, *, split: str, place: str) -> Extract:
    """Turn rows into examples; rows with an empty document or summary are dropped and counted.

    Args:
        rows: From a file or from the hub.
        columns: Where document and summary are.
        split: The rows' own split; names the examples that have no id (`<split>-<row, from 0>`).
        place: What the rows are called in an error.

    Raises:
        DataError: A column is missing or holds no text, there is no row, or all summaries are empty.
    """
    rows = iter(rows)
    head = list(islice(rows, _ROWS_LOOKED_AT))
    if not head:
        raise DataError(f"{place} is empty.", hint="It must hold at least one row.")
    columns = columns.resolve((name for row in head for name in row), place=place)
    examples: list[Example] = []
    number = -1
    for number, row in enumerate(chain(head, rows)):
        document = _document(row, columns, f"{place}, row {number + 1}")
        summaries = _summaries(row, columns, f"{place}, row {number + 1}")
        if document and summaries:
            examples.append(Example(read_id(row, f"{split}-{number}"), document, summaries))
    if not examples:
        raise DataError(
            f"{place} holds no row with a document and a summary, in {count_noun(number + 1, 'row')}.",
            hint=f"Is {columns.document!r} the document and {columns.summary!r} the summary? "
            "If not, name them with document_column and summary_column.",
        )
    return Extract(examples=tuple(examples), dropped=number + 1 - len(examples))


def _document(row: Row, columns: Columns, place: str) -> str:
    text = row.get(columns.document or "")
    if text is not None and not isinstance(text, str):
        raise _not_text(place, columns.document)
    text = (text or "").strip()
    # The TRL form of Reddit TL;DR ends its prompt with the mark the summary should follow.
    return text.removesuffix("TL;DR:").rstrip() if columns.document == "prompt" else text


def _summaries(row: Row, columns: Columns, place: str) -> tuple[str, ...]:
    value = row.get("summaries") if columns.summary == "summary" else None
    value = value or row.get(columns.summary or "")
    texts = value if isinstance(value, list) else [value]
    if not all(text is None or isinstance(text, str) for text in texts):
        raise _not_text(place, columns.summary)
    return tuple(text.strip() for text in texts if text and text.strip())


def _not_text(place: str, column: str | None) -> DataError:
    return DataError(
        f"{place}: column {column!r} holds no text.", hint="Name another column, or mend the row."
    )


def read_id(row: Row, fallback: str) -> str:
    """Read a row's id, a text or a whole number, 0 and 1.0 too; the fallback where it has none."""
    value = row.get("id")
    if isinstance(value, float) and value.is_integer():  # of a column in which others have none
        value = int(value)
    known = isinstance(value, str | int) and not isinstance(value, bool) and value != ""
    return str(value) if known else fallback


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
