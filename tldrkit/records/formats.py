"""Records of summaries as files: JSON lines, CSV, Parquet, or a Markdown digest to read.

A record is one thread's: where it is from, its posts counted, and its summary or the error.
"""

import csv
import io
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol, get_args

from tldrkit.errors import SpecError
from tldrkit.specs import Form
from tldrkit.texts import count_noun, escape_json, show_cell, show_text

Record = Mapping[str, Any]

EXTENSIONS: Mapping[Form, str] = {"jsonl": ".jsonl", "csv": ".csv", "parquet": ".parquet", "markdown": ".md"}
COUNT_FIELDS = ("line", "posts_read", "posts_used", "posts_not_loaded", "characters_cut")
COLUMNS = (
    *(
        "id",
        "file",
        "line",
        "title",
        "encoding",
        "posts_read",
        "posts_used",
        "posts_unused",
        "posts_not_loaded",
        "characters_cut",
    ),
    *("ending", "summary", "sources", "unfamiliar", "error"),
)
"""Columns of CSV and Parquet; a list or a mapping is there in its JSON form."""


class RecordWriter(Protocol):
    """Takes records in order."""

    def write(self, record: Record) -> object:
        """Write one record."""

    def close(self) -> object:
        """Write what is left."""


def choose_form(out: Path | None, asked: Form | None) -> Form:
    """Choose how records are written: as asked, else by the name of the file, else as JSON lines.

    Raises:
        SpecError: The file's extension is that of no form.
    """
    if asked or out is None:
        return asked or "jsonl"
    known = {extension: form for form, extension in EXTENSIONS.items()} | {".markdown": "markdown"}
    form = known.get(out.suffix.lower())
    if form is None:
        raise SpecError(
            f"What is to be written into {out} cannot be told from its name.",
            hint=f"Use one of {', '.join(EXTENSIONS.values())}, or say --format {'|'.join(get_args(Form))}.",
        )
    return form


@contextmanager
def writing_records(form: Form, file: IO[bytes], before: Path | None = None) -> Iterator[RecordWriter]:
    """Open a writer of records into a file, which stays open; the block's end completes it.

    Args:
        form: How they are written.
        file: Open for writing, and empty.
        before: A file of that form, whose records come first.
    """
    if before is not None and form != "parquet":
        with before.open("rb") as old:
            shutil.copyfileobj(old, file)
    writer = _build_writer(form, file, before)
    yield writer
    writer.close()


def _build_writer(form: Form, file: IO[bytes], before: Path | None) -> RecordWriter:
    if form == "csv":
        return FlatWriter(CsvWriter(file, heads=before is None))
    if form == "markdown":
        return MarkdownWriter(file, heads=before is None)
    if form == "parquet":
        from tldrkit.datasets.parquet import ParquetWriter, read_parquet

        table = ParquetWriter(file, COLUMNS, COUNT_FIELDS)
        for row in read_parquet(before) if before else ():
            table.write(row)
        return FlatWriter(table)
    return JsonlWriter(file)


class JsonlWriter:
    """One JSON object a line."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, record: Record) -> None:
        """Write one record."""
        self._file.write(escape_json(json.dumps(record, ensure_ascii=False)).encode() + b"\n")

    def close(self) -> None:
        """Have nothing left."""


class FlatWriter:
    """Passes records on with lists and mappings as JSON texts."""

    def __init__(self, writer: RecordWriter) -> None:
        self._writer = writer
        self.close = writer.close

    def write(self, record: Record) -> None:
        """Write one record."""
        flat = {
            key: escape_json(json.dumps(value, ensure_ascii=False))
            if isinstance(value, list | dict)
            else value
            for key, value in record.items()
        }
        self._writer.write(flat)


class CsvWriter:
    """A header and a row a record, as RFC 4180 has it; no cell is a formula to a spreadsheet."""

    def __init__(self, file: IO[bytes], *, heads: bool = True) -> None:
        self._text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        self._rows = csv.DictWriter(self._text, COLUMNS)
        if heads:
            self._rows.writeheader()

    def write(self, record: Record) -> None:
        """Write one record."""
        shown = {key: show_cell(one) if isinstance(one, str) else one for key, one in record.items()}
        self._rows.writerow(shown)

    def close(self) -> None:
        """Let go of the file."""
        self._text.detach()


class MarkdownWriter:
    """A digest for people: a heading, the summary, and where it is from."""

    _SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")
    _OPENING = re.compile(r"^(\d*)([.)+=-])")

    def __init__(self, file: IO[bytes], *, heads: bool = True) -> None:
        self._file = file
        if heads:
            self._say("# Summaries\n")

    def write(self, record: Record) -> None:
        """Write one record."""
        place = self._escape(record["file"]) + (f", line {record['line']}" if record.get("line") else "")
        self._say(f"\n## {self._escape(record.get('title') or record['id'])}\n")
        if "error" in record:
            what = "No summary" if "posts_read" in record else "Not read"
            self._say(f"\n*{what}: {self._escape(record['error'])}*\n\n{place}\n")
        else:
            used, read = record["posts_used"], record["posts_read"]
            posts = f"{used:,} of " * (used != read) + count_noun(read, "post")
            self._say(f"\n{self._escape(record['summary'])}\n\n{place}, {posts}\n")
            if record.get("unfamiliar"):
                self._say(f"\n*Likely made up: {self._escape(record['unfamiliar'])}*\n")

    def close(self) -> None:
        """Have nothing left."""

    def _say(self, text: str) -> None:
        self._file.write(text.encode())

    def _escape(self, text: str) -> str:
        """Make a text one line that Markdown shows as it is."""
        line = self._SPECIAL.sub(r"\\\1", " ".join(show_text(text).split())).replace("&", "&amp;")
        return self._OPENING.sub(r"\1\\\2", line)
