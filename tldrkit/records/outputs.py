"""Files outside the store, for people: they appear whole or not at all."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tldrkit.errors import StoreError
from tldrkit.store.disk import release, take_lock


def find_file(path: Path) -> Path:
    """Find the file that a path names, behind all links; it may not be there yet.

    Raises:
        StoreError: It is no regular file, such as a folder, a pipe or a device, or a link to itself.
    """
    target = Path(os.path.realpath(path))
    there = path.exists()
    if not there and target.is_symlink():
        raise StoreError(f"{path} is a link to itself.", hint="Remove it, or name another file.")
    if there and not target.is_file():
        raise StoreError(
            f"{path} is no regular file.",
            hint="Name one, such as summaries.jsonl; `summarize --out -` is the standard output.",
        )
    return target


@contextmanager
def open_whole(
    path: Path, mode: str = "w", *, seal: Callable[[Path], None] | None = None
) -> Iterator[IO[Any]]:
    """Open a file that appears under its name only when the block succeeds.

    What a killed process left of it is written over. A link stays, and what it leads to is written.

    Args:
        path: Its folder is made where it is missing.
        mode: ``w`` for text, ``wb`` for bytes.
        seal: Called with the whole file, just before it gets its name.

    Raises:
        StoreError: Another process is writing this file, or it is no regular file.
    """
    target = find_file(path)
    draft = target.with_name(f".{target.name}.draft")
    descriptor = take_lock(draft)
    if descriptor is None:
        raise StoreError(f"Another process is writing {path}.", hint="Wait for it, or choose another file.")
    try:
        with open(descriptor, mode, encoding=None if "b" in mode else "utf-8", closefd=False) as file:
            os.ftruncate(descriptor, 0)
            yield file
            file.flush()
            os.fsync(descriptor)
        if seal is not None:
            seal(draft)
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    finally:
        release(descriptor)
