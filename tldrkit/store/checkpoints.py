"""Where a killed step goes on: the newest whole state of the work, kept until its result is published.

Knows folders and locks; does not know what a state holds.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tldrkit.errors import Busy, DamagedArtifact
from tldrkit.store.digest import digest_file, digest_json
from tldrkit.store.disk import as_store_error, find_folders, release, sync, take_lock

CHECKPOINTS = ".checkpoints"
_LOCK = "lock"
_STATE = "state"
_DRAFT = "draft"
_OLD = "old"
_DIGESTS = "digests.json"


class Checkpoints:
    """The saved state of one step in the making, held by this process.

    Args:
        folder: Where it lies.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self) -> Path | None:
        """Find the folder of the newest state, and check its bytes; None where the work has to begin.

        Raises:
            DamagedArtifact: A file of it is missing or was changed.
        """
        state = self.look_up()
        if state is not None and (damaged := _find_damaged(state)):
            raise DamagedArtifact(
                f"The checkpoint {state} is damaged: {damaged!r} is not as it was saved.",
                hint="--force begins the step anew.",
            )
        return state

    def look_up(self) -> Path | None:
        """Find the folder of the newest state; nothing is read."""
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
            (draft / _DIGESTS).write_text(json.dumps(_digest_all(draft)), encoding="utf-8")
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
        if checkpoints.look_up() is None:
            _remove_held(folder)
        raise
    else:
        _remove_held(folder)
    finally:
        release(descriptor)


def is_begun(root: Path, name: str, identity: str) -> bool:
    """Tell whether a step has a state to go on from; nothing is read.

    Args:
        root: Folder of the store.
        name: Name of the step's result.
        identity: The step's identity.
    """
    return Checkpoints(root / CHECKPOINTS / compute_key(name, identity)).look_up() is not None


def remove_checkpoints(root: Path, *, keep: Callable[[str], bool]) -> list[Path]:
    """Remove the checkpoints of steps that no live process works on; return their folders.

    Args:
        root: Folder of the store.
        keep: Tells of a step's key whether its state stays, if there is one.
    """
    removed = []
    for key in sorted(find_folders(root / CHECKPOINTS)):
        folder = root / CHECKPOINTS / key
        kept = keep(key) and Checkpoints(folder).look_up() is not None
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


def _digest_all(folder: Path) -> dict[str, str]:
    """Compute the digests of a state's files, by their paths in it."""
    files = (path for path in folder.rglob("*") if path.is_file() and path != folder / _DIGESTS)
    return {path.relative_to(folder).as_posix(): digest_file(path) for path in files}


def _find_damaged(state: Path) -> str:
    """Name a file of a state that is not as it was saved; empty where all are."""
    try:
        saved = set(json.loads((state / _DIGESTS).read_bytes()).items())
        return min(saved ^ set(_digest_all(state).items()), default=("", ""))[0]
    except (OSError, ValueError, AttributeError, TypeError):
        return _DIGESTS


def _sync_all(folder: Path) -> None:
    for place, _, files in os.walk(folder):
        for name in files:
            sync(Path(place) / name)
        sync(Path(place))
