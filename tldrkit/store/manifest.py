"""The manifest: what an artifact is, what it was made from, and how.

Knows the shape of ``manifest.json`` and checks it on reading; knows nothing of folders, versions or locks.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tldrkit.errors import DamagedArtifact, StoreError
from tldrkit.store.digest import digest_json
from tldrkit.store.names import MANIFEST, is_name
from tldrkit.texts import count_noun, name_json

SCHEMA = 1

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class FileEntry:
    """One payload file: its path inside the artifact, its size in bytes, its SHA-256."""

    path: str
    bytes: int
    sha256: str

    def to_dict(self) -> dict[str, Any]:
        """Build the JSON form."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "FileEntry":
        """Build from the JSON form.

        Raises:
            DamagedArtifact: A field is missing or wrong, or the path leaves the artifact.
        """
        path, size = _take(value, "path", str), _take(value, "bytes", int)
        if not is_payload_path(path) or size < 0:
            raise DamagedArtifact(
                f"The manifest lists a file that no artifact can hold: {path!r}, {count_noun(size, 'byte')}."
            )
        return cls(path=path, bytes=size, sha256=_take(value, "sha256", str))


@dataclass(frozen=True, kw_only=True)
class Input:
    """What a step read: its role, the resolved text it was asked for by, and its content's digest."""

    role: str
    reference: str
    digest: str

    def to_dict(self) -> dict[str, Any]:
        """Build the JSON form."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "Input":
        """Build from the JSON form.

        Raises:
            DamagedArtifact: A field is missing or wrong.
        """
        return cls(
            role=_take(value, "role", str),
            reference=_take(value, "reference", str),
            digest=_take(value, "digest", str),
        )


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Everything the store knows of one version of one artifact.

    ``digest`` tells contents apart, ``identity`` tells askings apart: the same spec, inputs and code have the
    same identity, whenever and wherever the step ran. What publishing fills in has a default.
    """

    schema: int = SCHEMA
    kind: str
    name: str
    version: int = 0
    created: str = ""
    digest: str = ""
    identity: str
    files: tuple[FileEntry, ...] = ()
    inputs: tuple[Input, ...]
    spec: dict[str, Any]
    code: dict[str, Any] = field(default_factory=dict)
    """What of tldrkit's code the result depends on; empty in manifests that are older than that."""

    metrics: dict[str, Any]
    provenance: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Build the JSON form."""
        lists = {
            "files": [file.to_dict() for file in self.files],
            "inputs": [item.to_dict() for item in self.inputs],
        }
        return {**vars(self), **lists}

    def to_text(self) -> str:
        """Render the text of ``manifest.json``."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "Manifest":
        """Build from the JSON form.

        Raises:
            DamagedArtifact: A field is missing or wrong, or the schema is newer than this tldrkit.
        """
        files = tuple(FileEntry.from_dict(file) for file in _take_list(value, "files"))
        if len({file.path for file in files}) < len(files):
            raise DamagedArtifact("The manifest lists a file twice.")
        schema, name, version = (
            _take(value, "schema", int),
            _take(value, "name", str),
            _take(value, "version", int),
        )
        _check_schema(schema)
        if not is_name(name) or version < 1:
            raise DamagedArtifact(f"{name!r} version {version} is no artifact.")
        return cls(
            schema=schema,
            kind=_take(value, "kind", str),
            name=name,
            version=version,
            created=_take(value, "created", str),
            digest=_take(value, "digest", str),
            identity=_take(value, "identity", str),
            files=files,
            inputs=tuple(Input.from_dict(item) for item in _take_list(value, "inputs")),
            spec=_take(value, "spec", dict),
            code=_check_type(value.get("code", {}), "code", dict),
            metrics=_take(value, "metrics", dict),
            provenance=_take(value, "provenance", dict),
        )


def is_payload_path(path: str) -> bool:
    """Tell whether a path is relative, posix, inside its artifact, and free for payload."""
    parts = path.split("/")
    return (
        path != MANIFEST
        and not any(part in ("", ".", "..") for part in parts)
        and not any(mark in path for mark in ("\\", "\0"))
        and _is_unicode(path)
    )


def compute_content_digest(kind: str, files: Iterable[FileEntry]) -> str:
    """Compute the digest of an artifact's content; equal payloads of one kind have equal digests."""
    return digest_json({"schema": SCHEMA, "kind": kind, "files": {file.path: file.sha256 for file in files}})


def compute_identity(
    kind: str, spec: Mapping[str, Any], inputs: Iterable[Input], code: Mapping[str, Any] = {}
) -> str:
    """Compute what a step was asked for: kind, spec, the content of its inputs, and the code that did it.

    Clock, machine and the texts the inputs were asked for by are no part of it.

    Raises:
        ValueError: Spec or code hold NaN or an infinity.
        TypeError: Spec or code hold what is no JSON.
    """
    read = sorted([item.role, item.digest] for item in inputs)
    asked = {"schema": SCHEMA, "kind": kind, "spec": dict(spec), "inputs": read}
    return digest_json(asked | ({"code": dict(code)} if code else {}))


def parse_manifest(text: str | bytes, place: Path) -> Manifest:
    """Read a manifest from its text; ``place`` is named where it cannot be.

    Raises:
        DamagedArtifact: The text is no manifest, or one of a newer tldrkit.
    """
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise DamagedArtifact(f"{place} is not readable JSON.", hint=_HINT) from error
    try:
        return Manifest.from_dict(_check_type(value, "manifest", dict))
    except DamagedArtifact as error:
        raise DamagedArtifact(f"{place} is damaged: {error}", hint=error.hint or _HINT) from error


def read_manifest(path: Path) -> Manifest:
    """Read and check one ``manifest.json``.

    Raises:
        DamagedArtifact: The file is missing or broken, or written by a newer tldrkit.
        StoreError: The file cannot be opened.
    """
    try:
        text = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DamagedArtifact(f"{path} is missing.", hint=_HINT) from error
    except OSError as error:
        raise StoreError(
            f"{path} cannot be read: {error.strerror}.", hint="Check the file's permissions."
        ) from error
    return parse_manifest(text, path)


_HINT = "Use another version, or run the step again with --force."


def _check_schema(schema: int) -> None:
    if schema > SCHEMA:
        raise DamagedArtifact(
            f"its schema is {schema}, this tldrkit reads up to {SCHEMA}.", hint="Upgrade tldrkit to read it."
        )
    if schema < 1:
        raise DamagedArtifact(f"its schema is {schema}.")


def _take(value: Mapping[str, Any], key: str, wanted: type[T]) -> T:
    if key not in value:
        raise DamagedArtifact(f"{key!r} is missing.")
    return _check_type(value[key], key, wanted)


def _take_list(value: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    return [_check_type(item, key, dict) for item in _take(value, key, list)]


def _check_type(value: object, key: str, wanted: type[T]) -> T:
    if not isinstance(value, wanted) or isinstance(value, bool):
        raise DamagedArtifact(f"{key!r} is {name_json(value)}, not {name_json(wanted())}.")
    return value


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
