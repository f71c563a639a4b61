"""Durable writes and locks: what makes the store survive a kill, a full disk and its neighbours.

Knows files, fsync and flock (Linux and macOS); knows nothing of manifests or versions.
"""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tldrkit.errors import ReadOnlyStore, StoreError
from tldrkit.texts import say_reason

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_NOT_A_FOLDER = {errno.ENOTDIR, errno.EEXIST}


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A draft held by this process: a folder to fill, and a path for a scratch file."""

    folder: Path
    scratch: Path


@contextmanager
def as_store_error(place: Path, *, within: Path | None = None) -> Iterator[None]:
    """Turn an ``OSError`` of the block into a ``StoreError``.

    Args:
        place: Folder the error is about.
        within: Leave alone what does not concern this folder: the block does other people's work.
    """
    try:
        yield
    except OSError as error:
        if within is not None and not _concerns(error, within):
            raise
        raise _build_store_error(error, place) from error


def find_folders(folder: Path) -> list[str]:
    """List the names of the folders in a folder, links not among them; none where it does not exist.

    Raises:
        StoreError: The folder cannot be read.
    """
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise _build_store_error(error, folder) from error


def sync(path: Path) -> None:
    """Wait until a file's bytes, or a folder's entries, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_durably(path: Path, text: str | bytes) -> None:
    """Write a file and wait until its bytes are on the disk."""
    with path.open("wb") as file:
        file.write(text.encode() if isinstance(text, str) else text)
        file.flush()
        os.fsync(file.fileno())


def write_atomically(path: Path, text: str | bytes, *, scratch: Path) -> None:
    """Write a file so that readers see the old or the new one; ``scratch`` is on the same file system."""
    try:
        write_durably(scratch, text)
        scratch.replace(path)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
    sync(path.parent)


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file, waiting for it; the system frees it when the process dies."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        release(descriptor)


def take_lock(path: Path, *, shared: bool = False) -> int | None:
    """Take the lock of a file, made where it is missing with its folder; None where a live process has it.

    Args:
        path: The file.
        shared: Let others take it too who share it.

    Returns:
        What ``release`` is to be given. The file may be removed before, by its holder alone.
    """
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:  # its holder has just removed the folder
            continue
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            return None
        except FileNotFoundError:  # or the file
            pass
        release(descriptor)


def release(descriptor: int) -> None:
    """Give back a lock that was taken."""
    with suppress(OSError):
        # a forked child shares the lock: closing alone would not free it
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Tell whether a live process holds the lock on a file; a file that may not be opened counts as held."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    except PermissionError:
        return True
    try:
        # shared, so that two processes asking at once do not take each other for the holder
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        release(descriptor)
    return False


@contextmanager
def claim_draft(drafts: Path) -> Iterator[Claim]:
    """Make an empty draft folder that lives as long as the block; what was not moved out of it is removed.

    Raises:
        StoreError: The drafts folder cannot be written.
    """
    with as_store_error(drafts.parent):
        drafts.mkdir(parents=True, exist_ok=True)
        lock_path, descriptor = _take_fresh_lock(drafts)
    claim = Claim(folder=lock_path.with_suffix(""), scratch=lock_path.with_suffix(".json"))
    try:
        with as_store_error(drafts.parent):
            claim.folder.mkdir()
        yield claim
    finally:
        _remove_draft(lock_path)
        release(descriptor)


def remove_dead_drafts(drafts: Path) -> list[Path]:
    """Remove the drafts that no live process holds, and return their folders."""
    if not drafts.is_dir():
        return []
    stems = sorted({path.name.split(".")[0] for path in drafts.iterdir()})
    return [drafts / stem for stem in stems if _remove_if_dead(drafts / f"{stem}.lock")]


def _concerns(error: OSError, folder: Path) -> bool:
    if error.filename is None:
        return error.errno in _FULL  # a failing write names no file
    return Path(os.fsdecode(error.filename)).is_relative_to(folder)


def _build_store_error(error: OSError, place: Path) -> StoreError:
    """Build the error that says why the file system refused, and what to do."""
    if error.errno in _FULL:
        return StoreError(
            f"The disk holding {place} is full.",
            hint="Free some space and run the command again; nothing was left half-written.",
        )
    if error.errno in _FORBIDDEN:
        return ReadOnlyStore(
            f"{error.filename or place} cannot be used: {error.strerror}.",
            hint="Choose another artifacts folder, or change this one's permissions.",
        )
    if error.errno in _NOT_A_FOLDER:
        return StoreError(
            f"{place} cannot be a folder: {error.filename or place} is a file.",
            hint="Choose another artifacts folder, or move that file away.",
        )
    return StoreError(
        f"{place} cannot be used: {say_reason(error)}.",
        hint="Check the disk, or choose another artifacts folder.",
    )


def _take_fresh_lock(drafts: Path) -> tuple[Path, int]:
    while True:
        path = drafts / f"{os.urandom(8).hex()}.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.exists():  # a garbage collector may have come between the two calls
                return path, descriptor
        except BlockingIOError:
            pass
        except BaseException:
            path.unlink(missing_ok=True)
            os.close(descriptor)
            raise
        os.close(descriptor)


def _remove_if_dead(lock_path: Path) -> bool:
    try:
        descriptor = os.open(lock_path, os.O_RDWR)
    except FileNotFoundError:
        # the lock is made before the folder and removed after it: nobody is there
        return _remove_draft(lock_path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return _remove_draft(lock_path)
    except BlockingIOError:
        return False
    finally:
        release(descriptor)


def _remove_draft(lock_path: Path) -> bool:
    """Remove everything of one draft; the lock goes last. True where there was something and it is gone."""
    folder, scratch = lock_path.with_suffix(""), lock_path.with_suffix(".json")
    present = [path for path in (folder, scratch, lock_path) if path.exists()]
    shutil.rmtree(folder, ignore_errors=True)
    for path in (scratch, lock_path):
        with suppress(OSError):
            path.unlink(missing_ok=True)
    return bool(present) and not folder.exists()
