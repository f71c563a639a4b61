"""What `summarize` reads: paths, patterns and the standard input, or one shard of them."""

import glob
import hashlib
import os
import re
import shutil
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tldrkit.errors import DataError, SpecError
from tldrkit.store.disk import claim_draft
from tldrkit.threads import BrokenThread, Thread, find_thread_files, is_page_part, list_parts, read_members

STDIN = STDOUT = Path("-")


@dataclass(frozen=True)
class PassedOver:
    """What saved pages bring along: found in a folder or an archive, and not meant."""


class Item(NamedTuple):
    """What one place of a file holds.

    Args:
        file: What the file is called.
        found: There.
        name: The file, or the member of an archive.
    """

    file: Path
    found: Thread | BrokenThread | PassedOver
    name: Path


@dataclass(frozen=True)
class Shard:
    """One of several parts of the inputs, such as that of one job of an array.

    Files are dealt by their names, so that a part stays the same when files come or go.

    Args:
        number: From 1.
        count: How many parts there are.
    """

    number: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Read ``2/4``.

        Raises:
            SpecError: It is nothing of the kind.
        """
        match = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text)
        if not match or not 1 <= int(match[1]) <= int(match[2]):
            raise SpecError(f"{text!r} is no shard.", hint="Such as 2/4: the second of four.")
        return cls(int(match[1]), int(match[2]))

    def holds(self, file: Path) -> bool:
        """Tell whether a file is part of it."""
        if self.count == 1:
            return True
        digest = hashlib.sha256(os.fsencode(file)).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.number - 1

    def name(self, out: Path) -> Path:
        """Name its own output: ``out-2-of-4.jsonl`` for ``out.jsonl``."""
        return (
            out
            if self.count == 1 or out == STDOUT
            else out.with_stem(f"{out.stem}-{self.number}-of-{self.count}")
        )


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Files to read, found again whenever they are asked for.

    Args:
        paths: Files, folders and patterns.
        shard: The part of them that is meant.
        copies: Of what can be read but once: the standard input, and pipes.
        out: Never read, though it lies among them; links are followed to it.
        patient: Whether files come and go: what is not there is waited for, what has just gone is no error.
        as_text: Whether texts are threads of one post though they do not read as prose.
    """

    paths: Sequence[Path]
    shard: Shard = field(default_factory=Shard)
    copies: Mapping[Path, Path] = field(default_factory=dict)
    out: Path | None = None
    patient: bool = False
    as_text: bool = False

    def find(self) -> Iterator[Path]:
        """Find the files, in order; the standard input is `-`.

        Raises:
            DataError: A path does not exist, or a pattern matches nothing.
        """
        for path in self.paths:
            found = iter([path]) if path in self.copies else find_thread_files([path], patient=self.patient)
            yield from (file for file in found if self.shard.holds(file) and not self._is_out(file))

    def read(self) -> Iterator[Item]:
        """Read the files one by one; what cannot be read is an item too."""
        named = set(self.paths)
        for file in self.find():
            if file not in named and is_page_part(file):
                yield Item(file, PassedOver(), file)
                continue
            path = self.copies.get(file, file)
            for place, found in read_members(path, as_text=self.as_text):
                if self.patient and isinstance(found, BrokenThread) and not os.path.lexists(file):
                    continue
                is_part = isinstance(found, BrokenThread) and found.of_pages
                meant = file in named and place == path
                name = file / place.relative_to(path)
                yield Item(file, PassedOver() if is_part and not meant else found, name)

    def compute_state(self) -> str:
        """Compute a digest of the files' names, sizes and times: it changes when they do."""
        state = hashlib.sha256()
        for file in self.find():
            try:
                parts = [(part, part.stat()) for part in list_parts(file)]
            except OSError:  # it goes meanwhile, which the next look sees
                continue
            for part, status in parts:
                state.update(f"{status.st_size} {status.st_mtime_ns} ".encode() + os.fsencode(part) + b"\0")
        return state.hexdigest()

    def wait(self, known: str, seconds: float) -> str:
        """Wait until the files differ from a known state, and have been at rest for a while.

        Args:
            known: The state they had.
            seconds: Between two looks.

        Returns:
            Their state.
        """
        before = known
        while True:
            time.sleep(seconds)
            state = self.compute_state()
            if state == before != known:
                return state
            before = state

    def _is_out(self, file: Path) -> bool:
        if self.out is None or not (file.name == self.out.name or file.is_symlink()):
            return False
        return os.path.realpath(file) == os.path.realpath(self.out)


def is_read_once(path: Path) -> bool:
    """Tell whether a path is the standard input or a pipe, such as that of ``<(…)``."""
    try:
        return path == STDIN or path.is_fifo()
    except OSError:  # whatever it is may not be looked at, and will be told when it is read
        return False


@contextmanager
def open_inputs(
    paths: Sequence[Path],
    shard: Shard,
    out: Path | None,
    *,
    drafts: Path,
    patient: bool = False,
    as_text: bool = False,
) -> Iterator[Inputs]:
    """Open the inputs; what can be read but once is copied first, since inputs are read more than once.

    Args:
        paths: Files, folders, patterns, and `-` for the standard input.
        shard: The part of them that is meant.
        out: The output, which is never read.
        drafts: Where copies lie; what a killed process leaves there is removed with the store's other drafts.
        patient: Whether files come and go.
        as_text: Whether texts are threads of one post though they do not read as prose.

    Raises:
        DataError: A path does not exist, a pattern matches nothing, or the standard input is closed.
        StoreError: No copy can be written.
    """
    with ExitStack() as held:
        copies = dict[Path, Path]()
        for path in paths:
            if path not in copies and is_read_once(path):
                folder = held.enter_context(claim_draft(drafts)).folder
                copies[path] = folder / ("stdin" if path == STDIN else path.name)
                _copy(path, copies[path])
        inputs = Inputs(paths=paths, shard=shard, copies=copies, out=out, patient=patient, as_text=as_text)
        if patient:  # a path that was mistyped would be waited for in vain
            names = [path for path in paths if not (glob.has_magic(str(path)) or os.path.lexists(path))]
            deque(find_thread_files(names), maxlen=0)
        yield inputs


def _copy(path: Path, to: Path) -> None:
    if path == STDIN and sys.stdin is None:
        raise DataError("The standard input is closed.", hint="Name files, or pipe something in.")
    with to.open("wb") as copy, nullcontext(sys.stdin.buffer) if path == STDIN else path.open("rb") as file:
        shutil.copyfileobj(file, copy)
