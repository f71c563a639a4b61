"""Names and references: how an artifact is asked for.

Knows which texts are names; knows nothing of folders or files.
"""

import re
from dataclasses import dataclass

from tldrkit.errors import StoreError

SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")  # file systems take 255 bytes, run records add to it
VERSION = re.compile(r"v([1-9][0-9]*)")
MANIFEST = "manifest.json"
LATEST = "latest.json"
RUNS = "runs"

_VERSION_LIKE = re.compile(r"v[0-9]+")


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A name, and a version where one was asked for."""

    name: str
    version: int | None = None

    def __str__(self) -> str:
        return self.name if self.version is None else f"{self.name}@v{self.version}"


def is_name(text: str) -> bool:
    """Tell whether a text can name an artifact, such as ``b/train``."""
    segments = text.split("/")
    return segments[0] != RUNS and all(
        SEGMENT.fullmatch(segment)
        and not _VERSION_LIKE.fullmatch(segment)
        and segment not in (MANIFEST, LATEST)
        for segment in segments
    )


def name_sibling(name: str, step: str) -> str:
    """Name what a step makes after what it goes with: ``b/eval`` for ``b/train``, ``x/eval`` for ``x``."""
    folder, _, last = name.rpartition("/")
    return f"{folder}/{step}".lstrip("/") if last == "train" else f"{name}/{step}"


def check_name(text: str) -> str:
    """Return the name itself.

    Raises:
        StoreError: The text cannot name an artifact.
    """
    if not is_name(text):
        raise StoreError(
            f"{text!r} cannot name an artifact.",
            hint="Use letters, digits, '.', '_', '-' in parts joined by '/'; no part 'v3', no 'runs' first.",
        )
    return text


def parse_reference(text: str) -> Reference | None:
    """Read ``b/train`` or ``b/train@v3``; None where the text is neither (a path, perhaps)."""
    name, mark, version = text.partition("@")
    match = VERSION.fullmatch(version)
    if not is_name(name) or (mark and not match):
        return None
    return Reference(name=name, version=int(match[1]) if match else None)
