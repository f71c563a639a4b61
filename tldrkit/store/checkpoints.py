"""Where a killed step goes on: the newest whole state of the work, kept until its result is published.

Knows folders and locks; does not know what a state holds.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tldrkit.errors import Busy
from tldrkit.store.digest import digest_json
from tldrkit.store.disk import as_store_error, find_folders, release, sync, take_lock

CHECKPOINTS = ".checkpoints"
_LOCK = "lock"
_STATE = "state"
_DRAFT = "draft"
_OLD = "old"


class Checkpoints:
    """The saved state of one step in the making, held by this process.

    Args:
        folder: Where it lies.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self) -> Path | None:
        """Find the folder of the newest state; None where the work has to begin."""
        return next((path for path in (self._folder / _STATE, self._folder / _OLD) if path.is_dir()), None)

    def save(self, write: Callable[[Path], None]) -> None:
        """Let a state be written into a folder, and put it in the place of the one before.

        A kill at any moment leaves one of the two whole.

        Raises:
            StoreError: The disk is full, or may not be written; the state before stands.
        """
        draft, state, old = (self._folder / name for name in (_DRAFT, _STATE, _OLD))
        with as_store_error(self._folder):
            self._remove(_DRAFT)
            draft.mkdir()
            write(draft)
            _sync_all(draft)
            if state.is_dir():
                self._remove(_OLD)
                state.rename(old)
            draft.rename(state)
            sync(self._folder)
            self._remove(_OLD)

    def clear(self) -> None:
        """Forget the state: the work begins anew, or is published."""
        for name in (_STATE, _OLD, _DRAFT):
            self._remove(name)

    def _remove(self, name: str) -> None:
        shutil.rmtree(self._folder / name, ignore_errors=True)


@contextmanager
def hold_checkpoints(root: Path, name: str, identity: str) -> Iterator[Checkpoints]:
    """Hold the checkpoints of a step; they are removed where the block ends well, and else stay.

    Args:
        root: Folder of the store.
        name: Name of the step's result.
        identity: The step's identity.

    Raises:
        Busy: Another process is at this very step.
        StoreError: The store cannot be written.
    """
    folder = root / CHECKPOINTS / compute_key(name, identity)
    with as_store_error(root):
        descriptor = take_lock(folder / _LOCK)
    if descriptor is None:
        raise Busy(
            "Another process is making this very result.",
            hint="Wait for its end: the same command then finds it done.",
        )
    checkpoints = Checkpoints(folder)
    try:
        yield checkpoints
    except BaseException:
        if checkpoints.find() is None:
            _remove_held(folder)
        raise
    else:
        _remove_held(folder)
    finally:
        release(descriptor)


def remove_checkpoints(root: Path, *, keep: Callable[[str], bool]) -> list[Path]:
    """Remove the checkpoints of steps that no live process works on; return their folders.

    Args:
        root: Folder of the store.
        keep: Tells of a step's key whether its state stays, if there is one.
    """
    removed = []
    for key in sorted(find_folders(root / CHECKPOINTS)):
        folder = root / CHECKPOINTS / key
        kept = keep(key) and Checkpoints(folder).find() is not None
        if not kept and (descriptor := take_lock(folder / _LOCK)) is not None:
            _remove_held(folder)
            release(descriptor)
            removed.append(folder)
    return removed


def compute_key(name: str, identity: str) -> str:
    """Compute the name of the folder of a step's checkpoints."""
    return digest_json([name, identity])


def _remove_held(folder: Path) -> None:
    """Remove a folder whose lock is held; the lock goes last."""
    for name in (_DRAFT, _OLD, _STATE):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / _LOCK).unlink(missing_ok=True)
    with suppress(OSError):  # the next holder may be in it already
        folder.rmdir()


def _sync_all(folder: Path) -> None:
    for place, _, files in os.walk(folder):
        for name in files:
            sync(Path(place) / name)
        sync(Path(place))
