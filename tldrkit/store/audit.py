"""Looking at what lies in an artifact's folder: listing it, sealing it, comparing it with its manifest.

Knows files and manifests; knows nothing of versions or pointers.
"""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from tldrkit.errors import StoreError
from tldrkit.store.digest import digest_file
from tldrkit.store.disk import as_store_error, sync
from tldrkit.store.manifest import (
    FileEntry,
    Manifest,
    compute_content_digest,
    compute_identity,
    is_payload_path,
)
from tldrkit.store.names import MANIFEST
from tldrkit.texts import count_noun


def seal_folder(folder: Path) -> tuple[FileEntry, ...]:
    """Hash every file of a draft and wait until it is on the disk.

    Raises:
        StoreError: A link, a device, or a path that no artifact can hold.
        OSError: A file cannot be read.
    """
    entries = []
    for path in _walk(folder):
        relative = path.relative_to(folder).as_posix()
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            raise StoreError(
                f"An artifact cannot hold {relative!r}: it is no plain file.",
                hint="Copy what the link points to.",
            )
        if not is_payload_path(relative):
            raise StoreError(
                f"An artifact cannot hold a file named {relative!r}.", hint="Give the file another name."
            )
        sync(path)
        entries.append(FileEntry(path=relative, bytes=status.st_size, sha256=digest_file(path)))
    for parent in {parent for entry in entries for parent in PurePosixPath(entry.path).parents}:
        sync(folder / parent)
    return tuple(sorted(entries, key=lambda entry: entry.path))


def find_problems(folder: Path, manifest: Manifest, digest: Callable[[Path], str] = digest_file) -> list[str]:
    """Compare a folder with its manifest, byte for byte; each problem in words, none where it is sound.

    Args:
        folder: The artifact.
        manifest: What it should be.
        digest: Computes a file's SHA-256, or knows it.

    Raises:
        StoreError: A folder cannot be read.
    """
    problems = [problem for entry in manifest.files if (problem := _describe_problem(folder, entry, digest))]
    known = {MANIFEST, *(entry.path for entry in manifest.files)}
    with as_store_error(folder):
        present = sorted(path.relative_to(folder).as_posix() for path in _walk(folder))
    problems += [f"{path!r} is not in the manifest" for path in present if path not in known]
    return problems + _find_contradictions(manifest)


def _find_contradictions(manifest: Manifest) -> list[str]:
    try:
        digest = compute_content_digest(manifest.kind, manifest.files)
        identity = compute_identity(manifest.kind, manifest.spec, manifest.inputs, manifest.code)
    except ValueError:  # 1e999, or half a surrogate pair: JSON that could be read but not written
        return ["the manifest holds values that no manifest can"]
    problems = {
        "the manifest's digest does not fit its files": digest != manifest.digest,
        "the manifest's identity does not fit its spec, inputs and code": identity != manifest.identity,
    }
    return [problem for problem, holds in problems.items() if holds]


def _describe_problem(folder: Path, entry: FileEntry, digest: Callable[[Path], str]) -> str:
    if problem := _describe_size(folder, entry):
        return problem
    try:
        return "" if digest(folder / entry.path) == entry.sha256 else f"{entry.path!r} was changed"
    except OSError as error:
        return f"{entry.path!r} cannot be read: {error.strerror}"


def _describe_size(folder: Path, entry: FileEntry) -> str:
    try:
        status = (folder / entry.path).lstat()
    except OSError:
        return f"{entry.path!r} is missing"
    if not stat.S_ISREG(status.st_mode):
        return f"{entry.path!r} is no plain file"
    if status.st_size < entry.bytes:
        return f"{entry.path!r} is cut short: {status.st_size:,} of {count_noun(entry.bytes, 'byte')}"
    if status.st_size > entry.bytes:
        return f"{entry.path!r} was changed: {count_noun(status.st_size, 'byte')} instead of {entry.bytes:,}"
    return ""


def _walk(folder: Path) -> Iterator[Path]:
    """Yield everything below a folder that is no folder; links are yielded, not followed."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(Path(entry.path))
            else:
                yield Path(entry.path)
