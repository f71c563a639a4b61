"""The artifact store: numbered, immutable folders, found by name and published whole.

Knows names, references and drafts; what one name's versions do is next door, in ``versions.py``.
"""

import builtins
import difflib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from tldrkit.errors import DamagedArtifact, StoreError, UnknownReference
from tldrkit.store.audit import find_problems
from tldrkit.store.checkpoints import compute_key, remove_checkpoints
from tldrkit.store.digest import to_plain
from tldrkit.store.disk import as_store_error, claim_draft, find_folders, remove_dead_drafts
from tldrkit.store.ledger import remove_journals
from tldrkit.store.lineage import Lineage
from tldrkit.store.manifest import Input, Manifest, compute_identity, read_manifest
from tldrkit.store.names import MANIFEST, VERSION, Reference, check_name, is_name, parse_reference
from tldrkit.store.versions import Artifact, Versions
from tldrkit.texts import say_reason

__all__ = ["Artifact", "ArtifactDraft", "ArtifactStore"]

DRAFTS = ".drafts"


class ArtifactDraft:
    """An artifact being made: a folder to fill, and what shall be written about it.

    Args:
        path: Empty folder for the payload.
        provenance: What is known of the run so far.
    """

    def __init__(self, path: Path, provenance: Mapping[str, Any]) -> None:
        self.path = path
        self.metrics: dict[str, Any] = {}
        self.provenance = dict(provenance)
        self._artifact: Artifact | None = None

    @property
    def artifact(self) -> Artifact:
        """What was published.

        Raises:
            StoreError: The block has not ended yet.
        """
        if self._artifact is None:
            raise StoreError("The draft is not published yet.", hint="Ask for it after the 'with' block.")
        return self._artifact

    @artifact.setter
    def artifact(self, artifact: Artifact) -> None:
        self._artifact = artifact


class ArtifactStore:
    """Artifacts below one folder; nothing is created until the first is published.

    Args:
        root: Folder of the store.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()  # a step may change the working folder

    def resolve(self, reference: str) -> Artifact:
        """Find ``b/train`` (newest), ``b/train@v3``, or the artifact in a folder; its manifest is checked.

        Raises:
            UnknownReference: Nothing of that name or version, and no artifact folder either.
            DamagedArtifact: Its manifest is missing or broken.
        """
        artifact = self._look_up(reference)
        if artifact is None:
            raise self._build_unknown(reference)
        return artifact

    def take(self, reference: str) -> Artifact:
        """Resolve an artifact that becomes an input: its files are checked too.

        Those that were checked before, and not touched since, are not read again.

        Raises:
            UnknownReference: Nothing of that name or version, and no artifact folder either.
            DamagedArtifact: A file of it is missing or was changed.
        """
        artifact = self.resolve(reference)
        if problems := self._check(artifact):
            more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
            raise DamagedArtifact(
                f"{artifact.reference} is damaged: {problems[0]}{more}.",
                hint="Run the step again that made it, or take another version; "
                f"`tldrkit artifacts verify {artifact.reference}` tells more.",
            )
        return artifact

    def find(self, name: str, identity: str) -> Artifact | None:
        """Find the newest version with this identity that is sound.

        Files that were checked before, and not touched since, are not read again. A stale or missing
        ``latest.json`` is repaired where it can be written.
        """
        versions = self._versions(check_name(name))
        artifact = versions.find(identity)
        with suppress(OSError, StoreError):
            if artifact and versions.describe_pointer():
                self._repair_pointer(versions)
        return artifact

    def touch(self, artifact: Artifact) -> None:
        """Freshen ``latest.json`` for Make, pointing it at the newest version where it does not.

        Raises:
            StoreError: The store cannot be written.
        """
        if not artifact.stored:
            return
        versions = self._versions(artifact.manifest.name)
        with as_store_error(self.root):
            if versions.describe_pointer():
                self._repair_pointer(versions)
            os.utime(versions.pointer)

    @contextmanager
    def publish(
        self,
        name: str,
        *,
        kind: str,
        spec: Mapping[str, Any],
        inputs: Sequence[Input],
        provenance: Mapping[str, Any],
        code: Mapping[str, Any] = {},
    ) -> Iterator[ArtifactDraft]:
        """Give a folder to fill, and publish it as the next version of ``name`` when the block ends.

        A block that fails leaves no trace. A kill leaves a draft (see :meth:`collect_garbage`).

        Raises:
            StoreError: A name or file that no artifact can have, a full disk, or no permission to write.
        """
        versions = self._versions(check_name(name))
        identity = compute_identity(kind, spec, inputs, code)
        with claim_draft(self.root / DRAFTS) as claim:
            draft = ArtifactDraft(claim.folder, provenance)
            with as_store_error(self.root, within=claim.folder):
                yield draft
            with as_store_error(self.root):
                manifest = Manifest(
                    kind=kind,
                    name=name,
                    identity=identity,
                    inputs=tuple(inputs),
                    spec=json.loads(json.dumps(dict(spec))),
                    code=dict(code),
                    metrics=to_plain(draft.metrics),
                    provenance=to_plain(draft.provenance),
                )
                draft.artifact = versions.commit(claim.folder, manifest)
            self._announce(draft.artifact, claim.scratch)

    def list(self) -> builtins.list[Artifact]:
        """List every version whose manifest can be read, in order; :meth:`verify` names the others."""
        return [artifact for versions in self._find_all() for artifact in versions.find_readable()]

    def verify(self, reference: str | None = None) -> builtins.list[str]:
        """Check every byte of one artifact, or of all, and that what they were made from is still there.

        A name without a version means its newest version and its pointer.

        Returns:
            The problems in words, none where all is sound.

        Raises:
            UnknownReference: Nothing of that name or version, or no store.
        """
        if reference is None:
            self.require()
            broken = [problem for versions in self._find_all() for problem in versions.verify()]
            return broken + [problem for artifact in self.list() for problem in self._find_lost(artifact)]
        named = parse_reference(reference)
        if named and (numbers := self._versions(named.name).find_numbers()):
            versions, version = self._versions(named.name), _choose(named, numbers)
            problems = versions.verify_version(version)
            with suppress(StoreError):  # verify_version has named it
                problems += self._find_lost(versions.read(version))
            return problems if named.version else [*problems, *versions.verify_pointer()]
        artifact = self.resolve(reference)
        broken = [f"{reference}: {problem}" for problem in find_problems(artifact.path, artifact.manifest)]
        return broken + self._find_lost(artifact)

    def lineage(self, reference: str) -> Lineage:
        """Build the tree of what an artifact was made from; what the store does not hold is a leaf.

        Artifacts are checked as in :meth:`take`; what is wrong with one is its ``problem``.

        Raises:
            UnknownReference: Nothing of that name or version.
        """
        artifact = self.resolve(reference)
        asked = Input(role="", reference=artifact.reference, digest=artifact.manifest.digest)
        return self._trace(asked, frozenset(), {})

    def collect_garbage(self, *, checkpoints: bool = False) -> builtins.list[Path]:
        """Remove what dead processes left and nobody can use: drafts, states of published steps, journals.

        Args:
            checkpoints: Remove those of unfinished steps too, which will then begin anew; their journals too.

        Returns:
            The folders and journals removed.

        Raises:
            StoreError: The store cannot be written.
        """
        published = {compute_key(a.manifest.name, a.manifest.identity) for a in self.list()}
        with as_store_error(self.root):
            drafts = remove_dead_drafts(self.root / DRAFTS)
            states = remove_checkpoints(self.root, keep=lambda key: not checkpoints and key not in published)
            return drafts + states + remove_journals(self.root, unfinished=checkpoints)

    def find_input(self, item: Input) -> tuple[Artifact | None, str]:
        """Find the artifact that an input is; None, and why, where it is none any more, or never was one."""
        named = parse_reference(item.reference)
        was_artifact = named is not None and named.version is not None
        try:
            artifact = self._look_up(item.reference)
        except UnknownReference:
            artifact = None
        except StoreError as error:
            return None, f"cannot be read: {say_reason(error)}"
        if artifact is None:
            return None, "is missing" if was_artifact else ""
        if artifact.manifest.digest != item.digest:
            return None, "has other content now" if was_artifact else ""
        return artifact, ""

    def find_home(self, artifact: Artifact) -> "ArtifactStore":
        """Find the store that an artifact lies in: this one, or of a folder elsewhere the store around it."""
        own = Path(artifact.manifest.name, f"v{artifact.manifest.version}").parts
        folder = artifact.path.resolve()
        if artifact.stored or folder.parts[-len(own) :] != own:
            return self
        return ArtifactStore(folder.parents[len(own) - 1])

    def find_names(self) -> builtins.list[str]:
        """List the names of its artifacts, in order; none where there is no store."""
        return [name for name in sorted(_find_names(self.root)) if self._versions(name).find_numbers()]

    def require(self) -> None:
        """Do nothing where the store is there.

        Raises:
            UnknownReference: It is not.
        """
        if not self.root.is_dir():
            raise UnknownReference(f"There is no artifact store at {self.root}.", hint=_ELSEWHERE)

    def _look_up(self, reference: str) -> Artifact | None:
        named = parse_reference(reference)
        if named and (numbers := self._versions(named.name).find_numbers()):
            return self._versions(named.name).read(_choose(named, numbers))
        folder = Path(reference)
        return self._open(folder) if _holds_manifest(folder) else None

    def _check(self, artifact: Artifact) -> builtins.list[str]:
        if artifact.stored:
            return self._versions(artifact.manifest.name).check(artifact)
        return find_problems(artifact.path, artifact.manifest)

    def _find_lost(self, artifact: Artifact) -> builtins.list[str]:
        """Name the inputs of an artifact that were artifacts and are none any more."""
        found = ((item, self.find_input(item)[1]) for item in artifact.manifest.inputs)
        return [
            f"{artifact.reference}: its {item.role}, {item.reference}, {problem}"
            for item, problem in found
            if problem
        ]

    def _versions(self, name: str) -> Versions:
        return Versions(self.root, name)

    def _find_all(self) -> builtins.list[Versions]:
        return [self._versions(name) for name in self.find_names()]

    def _open(self, folder: Path) -> Artifact:
        manifest = read_manifest(folder / MANIFEST)
        home = self._versions(manifest.name).build_path(manifest.version)
        return Artifact(path=folder, manifest=manifest, stored=folder.resolve() == home.resolve())

    def _repair_pointer(self, versions: Versions) -> None:
        with claim_draft(self.root / DRAFTS) as claim:
            versions.point(claim.scratch)

    def _announce(self, artifact: Artifact, scratch: Path) -> None:
        try:
            self._versions(artifact.manifest.name).point(scratch)
        except OSError as error:
            raise StoreError(
                f"{artifact.reference} is published, but latest.json could not be written: {error.strerror}.",
                hint="Free some space or permit writing, then run the command again: the work is not lost.",
            ) from error

    def _trace(self, asked: Input, above: frozenset[str], checked: dict[str, str]) -> Lineage:
        artifact, problem = self.find_input(asked)
        leaf = Lineage(role=asked.role, reference=asked.reference, digest=asked.digest, problem=problem)
        if artifact is None or (place := str(artifact.path)) in above:
            return leaf
        if place not in checked:
            problems = self._check(artifact)
            checked[place] = f"is damaged: {problems[0]}" if problems else ""
        below, home = above | {place}, self.find_home(artifact)
        return replace(
            leaf,
            kind=artifact.manifest.kind,
            problem=checked[place],
            inputs=tuple(home._trace(item, below, checked) for item in artifact.manifest.inputs),
        )

    def _build_unknown(self, reference: str) -> UnknownReference:
        if not self.root.is_dir():
            return UnknownReference(
                f"There is no artifact store at {self.root} to find {reference!r} in.", hint=_ELSEWHERE
            )
        names = self.find_names()
        near = _find_near(self._relative(reference.partition("@")[0]), names)
        hint = f"It holds {', '.join(names[:20])}." if names else f"It is empty. {_ELSEWHERE}"
        return UnknownReference(
            f"{self.root} holds no artifact {reference!r}, and no folder of that name is one.",
            hint=f"Did you mean {' or '.join(near)}?" if near else hint,
        )

    def _relative(self, text: str) -> str:
        place = Path(text).absolute()
        return place.relative_to(self.root).as_posix() if place.is_relative_to(self.root) else text


_ELSEWHERE = "Go to the folder that holds it, or name it with --artifacts (or TLDRKIT_ARTIFACTS)."


def _holds_manifest(folder: Path) -> bool:
    try:
        return (folder / MANIFEST).is_file()
    except (OSError, ValueError):  # a text that no file system takes for a path
        return False


def _find_near(asked: str, names: builtins.list[str]) -> builtins.list[str]:
    name, _, last = asked.rpartition("/")
    match = VERSION.fullmatch(last)
    if match and name in names:
        return [str(Reference(name=name, version=int(match[1])))]
    return difflib.get_close_matches(asked, names, n=3)


def _choose(named: Reference, numbers: builtins.list[int]) -> int:
    version = named.version or numbers[-1]
    if version not in numbers:
        shown = ", ".join(f"v{number}" for number in numbers[-10:])
        hint = f"It has {shown}; '{named.name}' alone means the newest."
        raise UnknownReference(f"{named.name} has no version v{version}.", hint)
    return version


def _find_names(root: Path, prefix: str = "") -> Iterator[str]:
    for name in (f"{prefix}{folder}" for folder in find_folders(root / prefix)):
        if is_name(name):
            yield name
            yield from _find_names(root, f"{name}/")
