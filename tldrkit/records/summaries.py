"""Records of threads, and where they go: one file, one beside each input, or the standard output."""

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, groupby, islice
from pathlib import Path
from typing import IO, Any

from tldrkit.errors import SpecError
from tldrkit.records.formats import EXTENSIONS, Record, RecordWriter, writing_records
from tldrkit.records.inputs import STDOUT, Item, PassedOver
from tldrkit.records.outputs import find_file, open_whole
from tldrkit.specs import Form
from tldrkit.store.ledger import Ledger
from tldrkit.threads import Thread
from tldrkit.threads.finding import SIDECAR

RecordOfFile = tuple[Path, Record]


@dataclass(frozen=True, kw_only=True)
class Output:
    """Where records go, and in which form.

    Args:
        file: One file for all, or `-` for the standard output; None for one beside each input.
        form: How records are written; by the file's name where not given.
        sources: Whether records say which posts each sentence came from.
        overwrite: Whether a file may go that is there and that no run wrote.
        stream: The standard output, where it is not the process's.
    """

    file: Path | None = None
    form: Form | None = None
    sources: bool = False
    overwrite: bool = False
    stream: IO[bytes] | None = None


def build_record(item: Item, summary: str) -> dict[str, Any]:
    """Build the record of what was read, from the summary as it is journaled; what is no thread has none."""
    found, file = item.found, _show(str(item.name))
    assert not isinstance(found, PassedOver)  # which has no record
    if not isinstance(found, Thread):
        return {"id": _show(found.id), "file": file, "line": found.line, "error": found.reason}
    return {"id": _show(found.id), "file": file, **found.describe_summarized(json.loads(summary))}


def _show(name: str) -> str:
    """Make a name that may come from a file system a text that can be written."""
    return name.encode(errors="surrogateescape").decode(errors="replace")


@dataclass(kw_only=True)
class RecordFiles:
    """Files that records are written into, pass by pass.

    Args:
        output: As asked for.
        out: One file for all, or `-`; None for one beside each input.
        form: How records are written.
        ledger: Knows what earlier passes and runs wrote.
        adds: Whether a pass adds to the one file what is new, and else leaves it as it is.
        stream: The standard output, where that is meant.
        writer: Of records into it.
    """

    output: Output
    out: Path | None
    form: Form
    ledger: Ledger
    adds: bool
    stream: IO[bytes] | None = None
    writer: RecordWriter | None = None

    @property
    def file(self) -> Path | None:
        """The one file, where that is meant."""
        return None if self.out == STDOUT else self.out

    def write(self, records: Iterator[RecordOfFile]) -> int:
        """Write a pass's records; return how many threads of the files before were summarized otherwise."""
        if self.writer is not None:
            for _ in self._put(self._leave_known(records, STDOUT) if self.adds else records, self.writer):
                pass
            return 0
        if self.file is not None:
            return self._write_file(records, self.file)
        return sum(
            self._write_file(group, file.with_name(f"{file.name}{SIDECAR}{EXTENSIONS[self.form]}"))
            for file, group in groupby(records, key=lambda found: found[0])
        )

    def check(self, path: Path) -> Path | None:
        """Find what a file holds that stays; None where it is not there, or is written anew.

        Raises:
            SpecError: What is added has another form.
            StoreError: It is no regular file, or is there and no run wrote it.
        """
        self.ledger.check(find_file(path), overwrite=self.output.overwrite)
        if not (self.adds and self.out is not None and path.exists()):
            return None
        if (form := self.ledger.find_form(find_file(path))) is None:
            return None
        if form != self.form:
            raise SpecError(
                f"{path} holds {form}, which {self.form} cannot follow.", hint=f"Say --format {form}."
            )
        return path

    def _write_file(self, records: Iterator[RecordOfFile], path: Path) -> int:
        before, target = self.check(path), find_file(path)
        others = 0 if before else self.ledger.count_others(target)
        self.ledger.begin()
        new = self._leave_known(records, target) if before else records
        first = list(islice(new, 1)) if before else []
        if before and not first:
            return 0
        counts = Counter[bool]()
        with (
            open_whole(
                path, "wb", seal=lambda draft: self._note(target, draft, counts[True], before)
            ) as file,
            writing_records(self.form, file, before) as writer,
        ):
            counts.update(self._put(chain(first, new), writer))
        return others

    def _note(self, path: Path, draft: Path, threads: int, before: Path | None) -> None:
        self.ledger.note(path, draft, self.form, threads, added=before is not None)

    def _leave_known(self, records: Iterator[RecordOfFile], path: Path) -> Iterator[RecordOfFile]:
        for file, record in records:
            if not self.ledger.holds(path, _compute_key(record)):
                yield file, record

    def _put(self, records: Iterable[RecordOfFile], writer: RecordWriter) -> Iterator[bool]:
        """Write records, and yield of each whether it holds a summary."""
        left_out = set() if self.output.sources else {"sources"}
        for _, record in records:
            writer.write({key: value for key, value in record.items() if key not in left_out})
            if self.stream is not None:
                self.stream.flush()  # who reads may be waiting
            if self.out is not None:
                self.ledger.add(_compute_key(record))
            yield "summary" in record


def _compute_key(record: Record) -> bytes:
    """Compute what tells a record from others; equal ones are written once where files are added to."""
    return hashlib.sha256(json.dumps(record).encode()).digest()[:16]


@contextmanager
def open_files(
    output: Output, out: Path | None, form: Form, ledger: Ledger, *, adds: bool
) -> Iterator[RecordFiles]:
    """Open where records go; what may not be written is refused before anything is read.

    Raises:
        SpecError: What is there has another form, and shall be added to.
        StoreError: What is there was not written by a run, and may not be overwritten.
    """
    files = RecordFiles(output=output, out=out, form=form, ledger=ledger, adds=adds)
    if out is None:
        yield files
    elif out == STDOUT:
        stream = output.stream or sys.stdout.buffer
        with writing_records(form, stream) as writer:
            yield replace(files, stream=stream, writer=writer)
    else:
        files.check(out)
        yield files
