"""Files outside the store, for people: they appear whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tldrkit.errors import StoreError
from tldrkit.store.disk import release, take_lock


@contextmanager
def open_whole(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """Open a file that appears under its name only when the block succeeds.

    What a killed process left of it is written over.

    Args:
        path: Its folder is made where it is missing.
        mode: ``w`` for text, ``wb`` for bytes.

    Raises:
        StoreError: Another process is writing this file.
    """
    draft = path.with_name(f".{path.name}.draft")
    descriptor = take_lock(draft)
    if descriptor is None:
        raise StoreError(f"Another process is writing {path}.", hint="Wait for it, or choose another file.")
    try:
        with open(descriptor, mode, encoding=None if "b" in mode else "utf-8", closefd=False) as file:
            os.ftruncate(descriptor, 0)
            yield file
            file.flush()
            os.fsync(descriptor)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    finally:
        release(descriptor)
