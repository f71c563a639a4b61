"""Parquet files: rows out of them and into them; the only importer of pyarrow.

Importing this room loads pyarrow, so no other room imports it at its top.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import pyarrow
from pyarrow import parquet

from tldrkit.errors import DataError

_BATCH = 1024  # rows read or written together


def read_parquet(path: Path) -> Iterator[Mapping[str, Any]]:
    """Read the rows of a Parquet file, a part of it at a time.

    Raises:
        DataError: It is no Parquet file, or a damaged one.
    """
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_BATCH):
                yield from batch.to_pylist()
    except pyarrow.ArrowException as error:
        raise DataError(f"{path} is no Parquet file, or a damaged one.") from error


class ParquetWriter:
    """Writes rows into an open file, some a time.

    Args:
        file: Open for writing bytes.
        columns: Names of the columns.
        numbers: Those that hold whole numbers; the others hold texts.
    """

    def __init__(self, file: IO[bytes], columns: Sequence[str], numbers: Sequence[str]) -> None:
        kinds = {name: pyarrow.int64() if name in numbers else pyarrow.string() for name in columns}
        self._schema = pyarrow.schema(list(kinds.items()))
        self._writer = parquet.ParquetWriter(file, self._schema)
        self._rows: list[Mapping[str, object]] = []

    def write(self, row: Mapping[str, object]) -> None:
        """Write a row; a column it lacks is null."""
        self._rows.append(row)
        if len(self._rows) == _BATCH:
            self._flush()

    def close(self) -> None:
        """Write what is left, and the file's end."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(pyarrow.Table.from_pylist(self._rows, schema=self._schema))
            self._rows = []
