"""The versions of one name: reading, committing and pointing.

The rename of a finished draft to ``v<N>`` is the commit and the lock in one: it fails where another process
took N, and then N+1 is tried. Readers find the newest version by looking at the folders, so ``latest.json``
is a convenience (a Make target) that any later reader repairs.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

from tldrkit.errors import DamagedArtifact, StoreError
from tldrkit.store.audit import find_problems, seal_folder
from tldrkit.store.checked import CHECKED, remember_digests
from tldrkit.store.disk import find_folders, lock, sync, write_atomically, write_durably
from tldrkit.store.manifest import Manifest, compute_content_digest, read_manifest
from tldrkit.store.names import LATEST, MANIFEST, VERSION

_LOCK = ".lock"


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """One version: its folder and its manifest.

    ``stored`` is false for a folder outside the store that was asked for by its path.
    """

    path: Path
    manifest: Manifest
    stored: bool = True

    @property
    def reference(self) -> str:
        """The resolved text, such as ``b/train@v3``; the path for a folder outside the store."""
        return f"{self.manifest.name}@v{self.manifest.version}" if self.stored else str(self.path)


class Versions:
    """All versions of one name in one store.

    Args:
        root: Folder of the store.
        name: Name of the artifact, checked.
    """

    def __init__(self, root: Path, name: str) -> None:
        self.root = root
        self.name = name
        self.folder = root / name
        self.pointer = self.folder / LATEST

    def build_path(self, version: int) -> Path:
        """Build the path of a version's folder."""
        return self.folder / f"v{version}"

    def find_numbers(self) -> list[int]:
        """List the versions present, oldest first.

        Raises:
            StoreError: The folder cannot be read.
        """
        matches = [VERSION.fullmatch(folder) for folder in find_folders(self.folder)]
        return sorted(int(match[1]) for match in matches if match)

    def read(self, version: int) -> Artifact:
        """Read one version.

        Raises:
            DamagedArtifact: Its manifest is missing, broken, or another artifact's.
        """
        folder = self.build_path(version)
        manifest = read_manifest(folder / MANIFEST)
        if (manifest.name, manifest.version) != (self.name, version):
            raise DamagedArtifact(
                f"{folder} holds the manifest of {manifest.name}@v{manifest.version}.",
                hint="Move the folder back to where it was, or out of the store and use its path.",
            )
        return Artifact(path=folder, manifest=manifest)

    def find_readable(self, *, newest_first: bool = False) -> Iterator[Artifact]:
        """Yield the versions whose manifests can be read."""
        for version in sorted(self.find_numbers(), reverse=newest_first):
            with suppress(StoreError):
                yield self.read(version)

    def find(self, identity: str) -> Artifact | None:
        """Find the newest version with this identity that is sound."""
        for artifact in self.find_readable(newest_first=True):
            if artifact.manifest.identity == identity and not self.check(artifact):
                return artifact
        return None

    def check(self, artifact: Artifact) -> list[str]:
        """Check a version, files that were checked before only where they were touched; problems in words.

        Raises:
            StoreError: A folder cannot be read.
        """
        with remember_digests(
            self.root / CHECKED / self.name / f"v{artifact.manifest.version}.json"
        ) as digest:
            return find_problems(artifact.path, artifact.manifest, digest)

    def commit(self, draft: Path, manifest: Manifest) -> Artifact:
        """Turn a filled draft into the next version; the manifest's contents and number are filled in here.

        Raises:
            StoreError: The draft holds what no artifact can.
            OSError: The disk is full or may not be written; nothing was published.
        """
        files = seal_folder(draft)
        created = datetime.now(timezone.utc).isoformat(timespec="seconds")
        sealed = replace(
            manifest, created=created, files=files, digest=compute_content_digest(manifest.kind, files)
        )
        version = self._find_next()
        while True:
            numbered = replace(sealed, version=version)
            write_durably(draft / MANIFEST, numbered.to_text())
            sync(draft)
            if self._take(draft, version):
                return Artifact(path=self.build_path(version), manifest=numbered)
            version = max(version + 1, self._find_next())

    def point(self, scratch: Path) -> None:
        """Make ``latest.json`` the newest version's manifest, in one step; it never goes back.

        Args:
            scratch: Path for the file while it is being written.

        Raises:
            OSError: The disk is full or may not be written; the old pointer stands.
        """
        with lock(self.root / _LOCK):
            if self.describe_pointer():
                write_atomically(self.pointer, self._read_newest_text(), scratch=scratch)

    def describe_pointer(self) -> str:
        """Tell what is wrong with ``latest.json``; empty where it is the newest version's manifest."""
        newest = self._read_newest_text()
        if not newest:
            return ""
        try:
            fresh = self.pointer.read_bytes() == newest
        except FileNotFoundError:
            return f"{self.name}: {LATEST} is missing"
        except OSError as error:
            return f"{self.name}: {LATEST} cannot be read: {error.strerror}"
        return "" if fresh else f"{self.name}: {LATEST} is not the newest version's manifest"

    def verify(self) -> list[str]:
        """Check every byte of every version, and the pointer; the problems in words."""
        problems = [problem for version in self.find_numbers() for problem in self.verify_version(version)]
        return problems + self.verify_pointer()

    def verify_pointer(self) -> list[str]:
        """Check ``latest.json``; the problem in words, if any."""
        return [problem] if (problem := self.describe_pointer()) else []

    def verify_version(self, version: int) -> list[str]:
        """Check every byte of one version; the problems in words."""
        try:
            artifact = self.read(version)
            problems = find_problems(artifact.path, artifact.manifest)
        except StoreError as error:
            problems = [str(error)]
        return [f"{self.name}@v{version}: {problem}" for problem in problems]

    def _find_next(self) -> int:
        numbers = self.find_numbers()
        with suppress(StoreError):
            numbers.append(read_manifest(self.pointer).version)  # the newest may have been removed by hand
        return max(numbers, default=0) + 1

    def _take(self, draft: Path, version: int) -> bool:
        """Rename the draft to its version; false where another process took the number."""
        target = self.build_path(version)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.rename(target)
        except OSError:
            if not os.path.lexists(target):
                raise
            return False
        for folder in (self.folder, *self.folder.parents):
            sync(folder)
            if folder == self.root:
                break
        return True

    def _read_newest_text(self) -> bytes:
        for artifact in self.find_readable(newest_first=True):
            with suppress(OSError):
                return (artifact.path / MANIFEST).read_bytes()
        return b""
