"""What `summarize` reads: paths, patterns and the standard input, or one shard of them."""

import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tldrkit.errors import SpecError
from tldrkit.threads import BrokenThread, Thread, find_thread_files, is_page_part, read_members

STDIN = Path("-")


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
        return out if self.count == 1 else out.with_stem(f"{out.stem}-{self.number}-of-{self.count}")


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Files to read, found again whenever they are asked for.

    Args:
        paths: Files, folders and patterns.
        shard: The part of them that is meant.
        stdin: A file with what the standard input held; None where it is not asked for.
        out: Never read, though it lies among them.
        as_text: Whether texts are threads of one post though they do not read as prose.
    """

    paths: Sequence[Path]
    shard: Shard = field(default_factory=Shard)
    stdin: Path | None = None
    out: Path | None = None
    as_text: bool = False

    def find(self) -> Iterator[Path]:
        """Find the files, in order; the standard input is `-`.

        Raises:
            DataError: A path does not exist, or a pattern matches nothing.
        """
        for path in self.paths:
            found = iter([path]) if path == STDIN else find_thread_files([path])
            yield from (file for file in found if self.shard.holds(file) and not self._is_out(file))

    def read(self) -> Iterator[Item]:
        """Read the files one by one; what cannot be read is an item too."""
        named = set(self.paths)
        for file in self.find():
            if file not in named and is_page_part(file.name):
                yield Item(file, PassedOver(), file)
                continue
            path = self.stdin if file == STDIN and self.stdin else file
            for place, found in read_members(path, as_text=self.as_text):
                is_part = isinstance(found, BrokenThread) and found.of_pages
                meant = file in named and place == path
                name = file / place.relative_to(path)
                yield Item(file, PassedOver() if is_part and not meant else found, name)

    def compute_state(self) -> str:
        """Compute a digest of the files' names, sizes and times: it changes when they do."""
        state = hashlib.sha256()
        for file in self.find():
            try:
                status = file.stat()
            except OSError:
                continue
            state.update(f"{status.st_size} {status.st_mtime_ns} ".encode() + os.fsencode(file) + b"\0")
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
        return self.out is not None and file.name == self.out.name and file.resolve() == self.out.resolve()


@contextmanager
def open_inputs(
    paths: Sequence[Path], shard: Shard, out: Path | None, *, as_text: bool = False
) -> Iterator[Inputs]:
    """Open the inputs; the standard input is copied to a file first, since it is read more than once.

    Raises:
        DataError: A path does not exist, or a pattern matches nothing.
    """
    with tempfile.TemporaryDirectory(prefix="tldrkit-") as folder:
        stdin = None
        if STDIN in paths:
            stdin = Path(folder) / "stdin"
            with stdin.open("wb") as file:
                shutil.copyfileobj(sys.stdin.buffer, file)
        yield Inputs(paths=paths, shard=shard, stdin=stdin, out=out, as_text=as_text)
