"""A store in a temporary folder, and a short way to publish into it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tldrkit.store.manifest import Input
from tldrkit.store.store import Artifact, ArtifactStore

Publish = Callable[..., Artifact]


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "artifacts")


@pytest.fixture
def publish(store: ArtifactStore) -> Publish:
    """Publish files (path -> bytes) under a name; a blob of four bytes where none are given."""

    def publish(
        name: str = "b/train",
        files: dict[str, bytes] | None = None,
        spec: dict[str, Any] | None = None,
        inputs: tuple[Input, ...] = (),
    ) -> Artifact:
        with store.publish(
            name, kind="blob", spec=spec or {}, inputs=inputs, provenance={"seed": 1}
        ) as draft:
            for path, payload in (files or {"blob.bin": b"blob"}).items():
                (draft.path / path).parent.mkdir(parents=True, exist_ok=True)
                (draft.path / path).write_bytes(payload)
            draft.metrics["rouge_l"] = 0.25
        return draft.artifact

    return publish
