"""Digests of files that were checked before: looking again at what nobody has touched costs nothing.

A file is untouched while its size, its times of change and its inode are the same: a program that puts the
time of modification back cannot put back the other. A disk that loses bytes changes none of them, which
is why ``verify`` never asks here.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tldrkit.store.digest import digest_file

CHECKED = ".checked"


@contextmanager
def remember_digests(notes: Path) -> Iterator[Callable[[Path], str]]:
    """Give a function that computes a file's SHA-256, or knows it from before.

    Args:
        notes: File that remembers; where it cannot be written nothing is remembered.
    """
    known = _read(notes)
    scratch = notes.with_name(f"{notes.stem}.{os.urandom(8).hex()}.tmp")
    now = 0
    fresh: dict[str, str] = {}

    def digest(path: Path) -> str:
        nonlocal now
        status = path.stat()
        marks = f"{status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"
        if marks not in known:
            now = now or _read_clock(scratch)
            known[marks] = digest_file(path)
            if status.st_ctime_ns < now:  # else it may be written once more within the clock's tick
                fresh[marks] = known[marks]
        return known[marks]

    try:
        yield digest
        if fresh:
            with suppress(OSError):
                scratch.write_text(json.dumps(_read(notes) | fresh), encoding="utf-8")
                scratch.replace(notes)
    finally:
        with suppress(OSError):
            scratch.unlink(missing_ok=True)


def _read(notes: Path) -> dict[str, str]:
    try:
        content = json.loads(notes.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    whole = isinstance(content, dict) and all(isinstance(value, str) for value in content.values())
    return content if whole else {}


def _read_clock(scratch: Path) -> int:
    """Ask the file system for its time, by making a file; 0 where none can be made."""
    try:
        scratch.parent.mkdir(parents=True, exist_ok=True)
        scratch.touch(exist_ok=False)
        return scratch.stat().st_mtime_ns
    except OSError:
        return 0
