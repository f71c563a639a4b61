import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tldrkit.errors import DamagedArtifact, StoreError
from tldrkit.store.digest import digest_json
from tldrkit.store.manifest import (
    SCHEMA,
    FileEntry,
    Input,
    Manifest,
    compute_content_digest,
    compute_identity,
    parse_manifest,
    read_manifest,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
plain = st.dictionaries(
    texts, st.none() | st.integers() | texts | st.lists(st.floats(-1e9, 1e9), max_size=3), max_size=4
)
inputs = st.builds(Input, role=texts, reference=texts, digest=texts)
paths = st.lists(st.from_regex(r"[a-z0-9._-]*[a-z0-9]", fullmatch=True), min_size=1, max_size=3).map("/".join)
files = st.builds(
    FileEntry, path=paths.filter(lambda p: p != "manifest.json"), bytes=st.integers(0), sha256=texts
)
manifests = st.builds(
    Manifest,
    kind=texts,
    name=st.just("b/train"),
    version=st.integers(1, 10**6),
    created=texts,
    digest=texts,
    identity=texts,
    files=st.lists(files, max_size=4, unique_by=lambda file: file.path).map(tuple),
    inputs=st.lists(inputs, max_size=3).map(tuple),
    spec=plain,
    code=plain,
    metrics=plain,
    provenance=plain,
)


def build_value(**changes: object) -> dict[str, Any]:
    """Build the JSON form of a sound manifest, with changes."""
    file = FileEntry(path="a.bin", bytes=1, sha256="0" * 64)
    manifest = Manifest(
        kind="blob",
        name="b",
        version=1,
        identity="i",
        inputs=(),
        spec={},
        metrics={},
        provenance={},
        files=(file,),
    )
    return {**manifest.to_dict(), **changes}


@settings(deadline=None)
@given(manifests)
def test_round_trip(manifest: Manifest) -> None:
    """What was written reads as the same manifest."""
    assert parse_manifest(manifest.to_text(), Path("m")) == manifest


@pytest.mark.parametrize(
    "path", ["", "/a", "../a", "a/../b", "a//b", "./a", "a\\b", "a\0", "a/", "manifest.json", "\ud800"]
)
def test_paths_that_leave_the_artifact_are_refused(path: str) -> None:
    """A manifest can only list files inside its own folder."""
    with pytest.raises(DamagedArtifact, match="no artifact can hold"):
        Manifest.from_dict(build_value(files=[{"path": path, "bytes": 1, "sha256": ""}]))


@pytest.mark.parametrize("key", sorted(build_value()))
@pytest.mark.parametrize(
    "change", [lambda value, key: value.pop(key), lambda value, key: value.update({key: None})]
)
def test_missing_and_wrong_fields_are_refused(
    change: Callable[[dict[str, Any], str], object], key: str
) -> None:
    """Every field is needed, but for the code of older manifests, and has its type; the message names it."""
    value = build_value(code={"revision": 1})
    change(value, key)
    if value.keys() == build_value().keys() - {"code"}:
        assert Manifest.from_dict(value).code == {}
        return
    with pytest.raises(DamagedArtifact, match=key):
        Manifest.from_dict(value)


def test_newer_schema_asks_for_an_upgrade(tmp_path: Path) -> None:
    """A manifest of a later tldrkit is refused with the one thing that helps."""
    (tmp_path / "manifest.json").write_text(json.dumps(build_value(schema=SCHEMA + 1)))
    with pytest.raises(DamagedArtifact, match="schema") as caught:
        read_manifest(tmp_path / "manifest.json")
    assert "Upgrade tldrkit" in caught.value.hint


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "\xff", '{"schema": NaN}', "[" * 100_000, '{"files": [1]}']
)
def test_broken_text_is_damage(tmp_path: Path, text: str) -> None:
    """Whatever the file holds, it is a manifest or a DamagedArtifact with a hint, nothing else."""
    (tmp_path / "manifest.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(DamagedArtifact, match=r"manifest\.json") as caught:
        read_manifest(tmp_path / "manifest.json")
    assert caught.value.hint


@settings(deadline=None)
@given(st.data())
def test_any_changed_byte_is_read_or_refused(data: st.DataObject) -> None:
    """A flipped byte in a manifest never escapes as another kind of error."""
    text = bytearray(json.dumps(build_value()).encode())
    text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    try:
        parse_manifest(bytes(text), Path("m"))
    except StoreError as error:
        assert error.hint  # noqa: PT017  (a parse that succeeds is as good)


def test_two_entries_of_one_file_are_refused() -> None:
    """A file is listed once."""
    value = build_value()
    with pytest.raises(DamagedArtifact, match="twice"):
        Manifest.from_dict({**value, "files": value["files"] * 2})


def test_identity_is_what_was_asked_for() -> None:
    """Texts and order of the inputs are no part of it; roles, contents, kind, spec and code are."""
    one, two = Input(role="a", reference="x@v1", digest="1"), Input(role="b", reference="y@v1", digest="2")
    renamed = Input(role="a", reference="other@v9", digest="1")
    asked = compute_identity("k", {"lr": 1.0, "seed": 0}, [one, two])
    assert asked == compute_identity("k", {"seed": 0, "lr": 1.0}, [two, renamed])
    swapped = [Input(role="b", reference="", digest="1"), Input(role="a", reference="", digest="2")]
    others = [("j", {"lr": 1.0, "seed": 0}, [one, two]), ("k", {"lr": 1.0, "seed": 1}, [one, two])]
    others += [("k", {"lr": 1.0, "seed": 0}, [one]), ("k", {"lr": 1.0, "seed": 0}, swapped)]
    others += [("k", {"lr": 1.0, "seed": 0}, [one, two], {"revision": revision}) for revision in (1, 2)]
    assert len({compute_identity(*other) for other in others}) == len(others)
    assert asked not in {compute_identity(*other) for other in others}


def test_manifests_of_before_keep_their_identity() -> None:
    """What was published before manifests told of code is as sound as it was."""
    asked = {"schema": 1, "kind": "blob", "spec": {"seed": 0}, "inputs": [["a", "1"]]}
    given = Input(role="a", reference="x@v1", digest="1")
    assert compute_identity("blob", {"seed": 0}, [given]) == digest_json(asked)


def test_digest_is_the_content() -> None:
    """Equal payloads have equal digests; another path, byte or kind has another."""
    file = FileEntry(path="a", bytes=1, sha256="s")
    same = FileEntry(path="a", bytes=1, sha256="s")
    assert compute_content_digest("k", [file]) == compute_content_digest("k", [same])
    others = [
        ("j", file),
        ("k", FileEntry(path="b", bytes=1, sha256="s")),
        ("k", FileEntry(path="a", bytes=1, sha256="t")),
    ]
    assert compute_content_digest("k", [file]) not in {
        compute_content_digest(kind, [other]) for kind, other in others
    }
