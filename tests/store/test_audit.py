import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tldrkit.errors import StoreError
from tldrkit.store.store import Artifact, ArtifactStore

PAYLOAD = {"model.bin": bytes(range(256)), "deep/er/config.json": b'{"a": 1}'}


@pytest.fixture(scope="module")
def sealed() -> tuple[ArtifactStore, Artifact]:
    """One artifact for all examples: each puts back what it changed."""
    store = ArtifactStore(Path(tempfile.mkdtemp()))
    with store.publish("b", kind="blob", spec={}, inputs=[], provenance={}) as draft:
        for path, payload in PAYLOAD.items():
            (draft.path / path).parent.mkdir(parents=True, exist_ok=True)
            (draft.path / path).write_bytes(payload)
    return store, draft.artifact


@settings(deadline=None)
@given(path=st.sampled_from(sorted(PAYLOAD)), place=st.integers(0, 255), change=st.integers(1, 255))
def test_any_changed_byte_is_found(
    sealed: tuple[ArtifactStore, Artifact], path: str, place: int, change: int
) -> None:
    """One changed byte anywhere in the payload is named by verify, and by nothing but its file."""
    store, artifact = sealed
    payload = bytearray(PAYLOAD[path])
    payload[place % len(payload)] ^= change
    (artifact.path / path).write_bytes(payload)
    assert store.verify("b") == [f"b@v1: {path!r} was changed"]
    (artifact.path / path).write_bytes(PAYLOAD[path])
    assert store.verify("b") == []


@settings(deadline=None)
@given(path=st.sampled_from(sorted(PAYLOAD)), place=st.integers(0, 255))
def test_any_truncation_is_found(sealed: tuple[ArtifactStore, Artifact], path: str, place: int) -> None:
    """A file cut short anywhere is named, by the cheap check too."""
    store, artifact = sealed
    size = place % len(PAYLOAD[path])
    (artifact.path / path).write_bytes(PAYLOAD[path][:size])
    assert store.verify("b") == [f"b@v1: {path!r} is cut short: {size} of {len(PAYLOAD[path])} bytes"]
    assert store.find("b", artifact.manifest.identity) is None
    (artifact.path / path).write_bytes(PAYLOAD[path])


def test_missing_grown_linked_and_extra_files_are_found(
    store: ArtifactStore, publish: Callable[..., Artifact]
) -> None:
    """Verify names each kind of damage in words."""
    folder = publish(files={"a": b"1", "b": b"2", "c": b"3"}).path
    (folder / "a").unlink()
    (folder / "b").write_bytes(b"22")
    (folder / "c").unlink()
    (folder / "c").symlink_to("b")
    (folder / "d").write_bytes(b"")
    problems = " | ".join(store.verify("b/train@v1"))
    assert all(
        word in problems
        for word in ("'a' is missing", "'b' was changed: 2", "'c' is no plain", "'d' is not in")
    )


@pytest.mark.parametrize("text", ['"seed": 1e999', '"seed": 2', '"seed": "\\ud800"'])
def test_a_changed_manifest_is_found(
    store: ArtifactStore, publish: Callable[..., Artifact], text: str
) -> None:
    """Another spec in the manifest contradicts the identity written beside it, even one no JSON can hold."""
    manifest = publish(spec={"seed": 1}).path / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"seed": 1', text, 1))
    assert "manifest" in store.verify("b/train@v1")[0]


@pytest.mark.parametrize("make", [lambda path: path.symlink_to("/etc/passwd"), os.mkfifo])
def test_links_and_devices_are_refused(store: ArtifactStore, make: Callable[[Path], None]) -> None:
    """An artifact holds plain files only: what a link points to may change or vanish."""
    with (
        pytest.raises(StoreError, match="no plain file"),
        store.publish("b", kind="blob", spec={}, inputs=[], provenance={}) as draft,
    ):
        make(draft.path / "odd")
    assert store.list() == []


@pytest.mark.parametrize("name", ["manifest.json", "back\\slash", os.fsdecode(b"\xff")])
def test_names_that_no_manifest_can_hold_are_refused(
    store: ArtifactStore, publish: Callable[..., Artifact], name: str
) -> None:
    """What could not be read back is not written."""
    with pytest.raises(StoreError, match="cannot hold"):
        publish(files={name: b""})
    assert store.list() == []
