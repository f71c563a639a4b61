"""What libraries say: kept in the log of the run that is being recorded, or nowhere while there is none.

Knows the process's standard output and error by their numbers, so that warnings, loggers and prints are
caught alike, those of code in C++ or Rust too, in any thread, and however late it was loaded.
"""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

_STREAMS = (1, 2)  # standard output and error
_caught = False


@contextmanager
def catch() -> Iterator[tuple[TextIO, TextIO]]:
    """Catch what the process writes to its standard output and error, and forget it.

    Yields:
        The output and the error as they were, for those who may speak.
    """
    global _caught
    own = [
        os.fdopen(os.dup(stream), "w", encoding=file.encoding, errors=file.errors)
        for stream, file in zip(_STREAMS, (sys.stdout, sys.stderr), strict=True)
    ]
    before, _caught = _caught, True
    try:
        with _pointed(Path(os.devnull)):
            yield own[0], own[1]
    finally:
        _caught = before
        for file in own:
            with suppress(OSError):  # nobody reads any more, or the disk is full: whoever wrote was told
                file.close()


@contextmanager
def keep(log: Path) -> Iterator[None]:
    """Add what is caught to a file; where nothing is caught, do nothing.

    Raises:
        OSError: The file cannot be written.
    """
    if not _caught:
        yield
        return
    with _pointed(log):
        yield


@contextmanager
def _pointed(path: Path) -> Iterator[None]:
    """Point output and error at a file, and back."""
    before = [os.dup(stream) for stream in _STREAMS]
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    _point([file] * len(_STREAMS))
    os.close(file)
    try:
        yield
    finally:
        _point(before)
        for descriptor in before:
            os.close(descriptor)


def _point(targets: list[int]) -> None:
    for file in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # what cannot be written, or was closed, has nothing left to say
            file.flush()
    ctypes.CDLL(None).fflush(None)  # C's own buffers, which would follow whenever they are full
    for stream, target in zip(_STREAMS, targets, strict=True):
        os.dup2(target, stream)
