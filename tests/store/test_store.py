import json
import os
import shutil
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from tldrkit.errors import DamagedArtifact, StoreError, UnknownReference
from tldrkit.store.digest import digest_file
from tldrkit.store.lineage import Lineage
from tldrkit.store.manifest import Input, compute_identity
from tldrkit.store.store import Artifact, ArtifactDraft, ArtifactStore


def list_files(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


@contextmanager
def publish_half(store: ArtifactStore) -> Iterator[ArtifactDraft]:
    with store.publish("b/train", kind="blob", spec={}, inputs=[], provenance={}) as draft:
        (draft.path / "half").write_bytes(b"half")
        yield draft


def test_nothing_is_created_by_asking(store: ArtifactStore) -> None:
    """A store that is not there is an error wherever it is read, and asking makes no folder."""
    assert (store.find_names(), store.list(), store.find("b", "i")) == ([], [], None)
    for ask in (
        store.require,
        store.verify,
        *(partial(look, "b") for look in (store.resolve, store.take, store.verify, store.lineage)),
    ):
        with pytest.raises(UnknownReference, match=f"no artifact store at {store.root}") as caught:
            ask()
        assert "--artifacts" in caught.value.hint
    assert not store.root.exists()


def test_a_file_is_no_store(tmp_path: Path) -> None:
    """Neither is a link to nothing."""
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("nothing")
    for name in ("file", "link"):
        with pytest.raises(UnknownReference, match="no artifact store"):
            ArtifactStore(tmp_path / name).verify()


def test_an_empty_store_is_sound(store: ArtifactStore) -> None:
    """A folder without artifacts is a store that holds none."""
    store.root.mkdir()
    assert (store.list(), store.verify(), store.collect_garbage()) == ([], [], [])


def test_published_is_what_was_drafted(store: ArtifactStore, publish: Callable[..., Artifact]) -> None:
    """Files, metrics, spec and provenance are there, under the first number, and verify."""
    artifact = publish(files={"a": b"1", "deep/b": b"22"}, spec={"lr": 0.5, "sizes": (1, 2)})
    assert artifact == store.resolve("b/train") == store.resolve("b/train@v1")
    assert [(file.path, file.bytes) for file in artifact.manifest.files] == [("a", 1), ("deep/b", 2)]
    assert artifact.manifest.spec == {"lr": 0.5, "sizes": [1, 2]}
    assert (artifact.manifest.metrics, artifact.manifest.provenance) == ({"rouge_l": 0.25}, {"seed": 1})
    assert (artifact.reference, store.verify()) == ("b/train@v1", [])
    latest, manifest = artifact.path.parent / "latest.json", artifact.path / "manifest.json"
    assert latest.read_bytes() == manifest.read_bytes()


def test_versions_count_up_and_stay(store: ArtifactStore, publish: Callable[..., Artifact]) -> None:
    """Each publication is a new number; the old ones keep their bytes; past v9 the newest is by number."""
    for number in range(1, 12):
        assert publish(files={"n": str(number).encode()}).reference == f"b/train@v{number}"
    assert (store.resolve("b/train@v2").path / "n").read_text() == "2"
    assert store.resolve("b/train").manifest.version == 11
    assert [artifact.manifest.version for artifact in store.list()] == list(range(1, 12))


def test_a_name_may_be_the_folder_of_another(store: ArtifactStore, publish: Callable[..., Artifact]) -> None:
    """``b`` and ``b/train`` are two artifacts; the list has both, in order."""
    for name in ("b/train", "b", "b-2", "b/train/deep"):
        publish(name)
    assert [artifact.reference for artifact in store.list()] == [
        "b@v1",
        "b-2@v1",
        "b/train@v1",
        "b/train/deep@v1",
    ]
    assert store.verify() == []


def test_a_failing_block_leaves_no_trace(store: ArtifactStore, publish: Callable[..., Artifact]) -> None:
    """Whatever ends the block, Ctrl-C too, goes on as it is, and no file remains of the draft."""
    publish()
    before = list_files(store.root)
    for error in (ValueError("mine"), KeyboardInterrupt(), OSError(2, "theirs", "/elsewhere")):
        with pytest.raises(type(error)) as caught, publish_half(store):
            raise error
        assert caught.value is error
    assert list_files(store.root) == before
    assert list((store.root / ".drafts").iterdir()) == []


def test_an_unfinished_draft_has_no_artifact(store: ArtifactStore) -> None:
    """Asking too early is refused, not answered with nothing."""
    with store.publish("b", kind="blob", spec={}, inputs=[], provenance={}) as draft:
        with pytest.raises(StoreError, match="not published"):
            _ = draft.artifact
        assert store.list() == []


@pytest.mark.parametrize("name", ["../b", "runs", "b/v1", ""])
def test_bad_names_are_refused_before_any_work(
    store: ArtifactStore, publish: Callable[..., Artifact], name: str
) -> None:
    """A name that cannot be costs no training run."""
    with pytest.raises(StoreError, match="cannot name"):
        publish(name)
    assert not store.root.exists()


def test_permissions_follow_the_umask(publish: Callable[..., Artifact]) -> None:
    """Published folders and files can be read by those whom the umask lets."""
    old = os.umask(0o022)
    try:
        artifact = publish(files={"deep/a": b""})
    finally:
        os.umask(old)
    folders = [artifact.path, artifact.path / "deep", artifact.path.parent]
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o755}
    files = [artifact.path / "manifest.json", artifact.path.parent / "latest.json", artifact.path / "deep/a"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o644}


def test_find_knows_finished_work(store: ArtifactStore, publish: Callable[..., Artifact]) -> None:
    """The newest version made from the same spec and inputs is found; others and damaged ones are not."""
    for seed in (0, 1, 0):
        publish(spec={"seed": seed}, files={"a": b"1234"})
    asked = compute_identity("blob", {"seed": 0}, [])
    found = store.find("b/train", asked)
    assert found is not None
    assert found.reference == "b/train@v3"
    (found.path / "a").write_bytes(b"123")
    assert getattr(store.find("b/train", asked), "reference", None) == "b/train@v1"
    assert store.find("b/train", compute_identity("blob", {"seed": 2}, [])) is None
    assert store.find("b", asked) is None


def test_find_passes_over_a_broken_manifest(store: ArtifactStore, publish: Callable[..., Artifact]) -> None:
    """A damaged newest version hides no older sound one, and verify names it."""
    publish()
    broken = publish()
    (broken.path / "manifest.json").write_text("{")
    assert getattr(store.find("b/train", broken.manifest.identity), "reference", None) == "b/train@v1"
    assert [artifact.reference for artifact in store.list()] == ["b/train@v1"]
    assert any("b/train@v2" in problem and "JSON" in problem for problem in store.verify())
    with pytest.raises(DamagedArtifact):
        store.resolve("b/train")
    assert publish().reference == "b/train@v3"


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_text("{")])
def test_a_pointer_is_repaired(
    store: ArtifactStore, publish: Callable[..., Artifact], damage: Callable[[Path], object]
) -> None:
    """A missing or broken latest.json is named by verify and put right by find and by touch."""
    artifact = publish()
    pointer = artifact.path.parent / "latest.json"
    sound = pointer.read_bytes()
    for repair in (lambda: store.find("b/train", artifact.manifest.identity), lambda: store.touch(artifact)):
        damage(pointer)
        assert any("latest.json" in problem for problem in store.verify())
        repair()
        assert pointer.read_bytes() == sound
        assert store.verify() == []


def test_touch_freshens_the_target(store: ArtifactStore, publish: Callable[..., Artifact]) -> None:
    """Make sees finished work as fresh: the time moves, the text stays, and an old artifact moves nothing."""
    old, new = publish(), publish()
    pointer = new.path.parent / "latest.json"
    os.utime(pointer, (1, 1))
    store.touch(old)
    assert pointer.stat().st_mtime > 1
    assert json.loads(pointer.read_text())["version"] == 2


def test_a_removed_newest_version_is_not_numbered_again(
    store: ArtifactStore, publish: Callable[..., Artifact]
) -> None:
    """The pointer remembers the number, so references never change their meaning."""
    publish()
    shutil.rmtree(publish().path)
    assert publish().reference == "b/train@v3"
    assert store.verify() == []


def test_a_moved_version_is_damage(store: ArtifactStore, publish: Callable[..., Artifact]) -> None:
    """A folder under another number is not what its name says; by its path it can still be read."""
    artifact = publish()
    shutil.copytree(artifact.path, artifact.path.parent / "v7")
    with pytest.raises(DamagedArtifact, match="b/train@v1"):
        store.resolve("b/train")
    assert store.verify("b/train@v7")
    assert store.resolve(str(artifact.path)) == artifact


def test_an_artifact_folder_can_be_anywhere(
    store: ArtifactStore, publish: Callable[..., Artifact], tmp_path: Path
) -> None:
    """A copied artifact is read and verified by its path, which is then its reference."""
    copy = shutil.copytree(publish().path, tmp_path / "copy")
    artifact = store.resolve(str(copy))
    assert (artifact.reference, artifact.stored, store.verify(str(copy))) == (str(copy), False, [])
    (copy / "blob.bin").write_bytes(b"blub")
    assert store.verify(str(copy)) == [f"{copy}: 'blob.bin' was changed"]


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("b/trian", "Did you mean b/train"),
        ("b/train@v9", "It has v1, v2"),
        ("zzz", "It holds b/train"),
        ("b/train/v1", "Did you mean b/train@v1"),
        ("artifacts/b/train/", "Did you mean b/train?"),
        ("artifacts/b/train/v2x", "Did you mean b/train?"),
        ("b/train@latest", "Did you mean b/train"),
        ("x" * 5000, "It holds"),
        ("a\0b", "It holds"),
    ],
)
def test_unknown_references_name_the_known(
    store: ArtifactStore,
    publish: Callable[..., Artifact],
    monkeypatch: pytest.MonkeyPatch,
    asked: str,
    hint: str,
) -> None:
    """A wrong reference is answered with the near names, or with the versions there are."""
    monkeypatch.chdir(store.root.parent)
    publish()
    publish()
    with pytest.raises(UnknownReference) as caught:
        store.resolve(asked)
    assert hint in caught.value.hint


def test_lineage_goes_back_to_what_no_store_holds(
    store: ArtifactStore, publish: Callable[..., Artifact]
) -> None:
    """The tree follows inputs whose content the store still holds; all else is a leaf."""
    data = Input(role="data", reference="xsum", digest="d")
    base = publish("base", files={"w": b"0"}, inputs=(data,))
    source = Input(role="source", reference=base.reference, digest=base.manifest.digest)
    changed = Input(role="match", reference=base.reference, digest="another")
    publish("b/train", inputs=(source, changed, data))
    tree = store.lineage("b/train")
    assert (tree.reference, tree.kind) == ("b/train@v1", "blob")
    assert [(item.role, item.kind, item.problem) for item in tree.inputs] == [
        ("source", "blob", ""),
        ("match", "", "has other content now"),
        ("data", "", ""),
    ]
    assert [item.reference for item in tree.inputs[0].inputs] == ["xsum"]
    assert Lineage.from_dict(json.loads(json.dumps(tree.to_dict()))) == tree


def as_input(artifact: Artifact, role: str = "source") -> Input:
    return Input(role=role, reference=artifact.reference, digest=artifact.manifest.digest)


def test_a_lost_input_is_named(store: ArtifactStore, publish: Callable[..., Artifact]) -> None:
    """Who made an artifact from what is no longer there is told so, by verify and by lineage."""
    base = publish("base")
    small = publish("small", inputs=(as_input(base), Input(role="data", reference="xsum", digest="d")))
    publish("b/train", inputs=(as_input(small), as_input(base, "teacher")))
    assert (store.verify(), store.lineage("b/train").is_sound) == ([], True)
    shutil.rmtree(base.path.parent)

    tree = store.lineage("b/train")
    lost = ["b/train@v1: its teacher, base@v1, is missing", "small@v1: its source, base@v1, is missing"]
    assert store.verify() == lost
    assert store.verify("b/train") == lost[:1]
    assert [item.problem for item in (tree.inputs[0].inputs[0], tree.inputs[1])] == ["is missing"] * 2
    assert (tree.is_sound, tree.problem, tree.inputs[0].problem) == (False, "", "")
    (small.path / "manifest.json").write_text("{")
    assert any("its source, small@v1, cannot be read" in problem for problem in store.verify())


def flip(path: Path) -> None:
    """Change a byte of a file, and put its time of modification back."""
    status = path.stat()
    payload = bytearray(path.read_bytes())
    payload[len(payload) // 2] ^= 1
    path.write_bytes(payload)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_flipped_bytes_are_no_input(store: ArtifactStore, publish: Callable[..., Artifact]) -> None:
    """A change that keeps size and time is found where the artifact is used, and by lineage."""
    artifact = publish(files={"a": b"1234", "deep/b": b"5678"})
    user = publish("c", inputs=(as_input(artifact),))
    assert store.take("b/train") == artifact
    time.sleep(0.02)  # several ticks of the file system's clock
    assert store.take("b/train") == artifact  # and is remembered
    flip(artifact.path / "deep/b")

    for reference in ("b/train", "b/train@v1", str(artifact.path)):
        with pytest.raises(DamagedArtifact, match=r"b/train@v1 is damaged: 'deep/b' was changed\.") as caught:
            store.take(reference)
        assert caught.value.hint
    assert store.lineage("c").inputs[0].problem == "is damaged: 'deep/b' was changed"
    assert store.take("c") == user
    assert store.find("b/train", artifact.manifest.identity) is None


def test_a_copy_elsewhere_is_checked_too(
    store: ArtifactStore, publish: Callable[..., Artifact], tmp_path: Path
) -> None:
    """An artifact's folder outside the store is no input either where its bytes are not its manifest's."""
    copy = shutil.copytree(publish().path, tmp_path / "copy")
    assert store.take(str(copy)).reference == str(copy)
    flip(copy / "blob.bin")
    with pytest.raises(DamagedArtifact, match="was changed"):
        store.take(str(copy))


def test_a_second_look_reads_nothing(
    store: ArtifactStore, publish: Callable[..., Artifact], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was checked and not touched is not read again, in no process; verify reads all the same."""
    artifact = publish(files={"a": b"1234", "b": b"5678"})
    time.sleep(0.02)  # several ticks of the file system's clock
    store.take("b/train")
    read: list[str] = []
    monkeypatch.setattr(
        "tldrkit.store.checked.digest_file", lambda path: read.append(path.name) or digest_file(path)
    )
    again = ArtifactStore(store.root)
    assert again.take("b/train") == again.find("b/train", artifact.manifest.identity) == artifact
    assert read == []
    os.utime(artifact.path / "a", (1, 1))
    again.take("b/train")
    assert read == ["a"]

    notes = store.root / ".checked/b/train/v1.json"
    status = (artifact.path / "b").stat()
    marks = f"{status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"
    remembered = json.loads(notes.read_text())
    assert marks in remembered
    flip(artifact.path / "b")
    status = (artifact.path / "b").stat()
    marks = f"{status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"
    sound = {entry.path: entry.sha256 for entry in artifact.manifest.files}
    notes.write_text(json.dumps(remembered | {marks: sound["b"]}))  # a disk that lost a bit, as it were
    assert again.take("b/train") == artifact
    assert again.verify() == ["b/train@v1: 'b' was changed"]


@pytest.mark.parametrize("notes", ["", "{", "[]", '{"a": 1}', "[" * 5000, None])
def test_broken_notes_harm_nothing(
    store: ArtifactStore, publish: Callable[..., Artifact], notes: str | None
) -> None:
    """Notes that cannot be read are written anew; where they cannot be written nothing is remembered."""
    artifact = publish()
    path = store.root / ".checked/b/train/v1.json"
    path.parent.mkdir(parents=True)
    if notes is None:
        path.mkdir()
    else:
        path.write_text(notes)
    time.sleep(0.02)
    assert store.take("b/train") == artifact
    assert notes is None or len(json.loads(path.read_text())) == 1
    assert [other.name for other in path.parent.iterdir()] == ["v1.json"]
    flip(artifact.path / "blob.bin")
    with pytest.raises(DamagedArtifact):
        store.take("b/train")


def test_odd_numbers_do_not_lose_a_run(store: ArtifactStore) -> None:
    """A metric of NaN is written as null; a spec of NaN is refused before the work."""
    with store.publish("b", kind="blob", spec={}, inputs=[], provenance={}) as draft:
        draft.metrics["loss"] = float("nan")
    assert store.resolve("b").manifest.metrics == {"loss": None}
    with (
        pytest.raises(ValueError, match="JSON"),
        store.publish("b", kind="blob", spec={"lr": float("nan")}, inputs=[], provenance={}),
    ):
        pytest.fail("the work was begun")


def test_a_root_that_cannot_be_a_folder_is_said(tmp_path: Path) -> None:
    """A file where the store should be is a StoreError with a hint."""
    (tmp_path / "file").write_text("")
    store = ArtifactStore(tmp_path / "file" / "artifacts")
    with (
        pytest.raises(StoreError, match="is a file") as caught,
        store.publish("b", kind="blob", spec={}, inputs=[], provenance={}),
    ):
        pytest.fail("the work was begun")
    assert caught.value.hint


def test_a_forbidden_root_is_said(store: ArtifactStore, publish: Callable[..., Artifact]) -> None:
    """A store without write permission can be read, and says so when written."""
    artifact = publish()
    for folder in (store.root / ".drafts", store.root):
        folder.chmod(0o555)
    if os.access(store.root, os.W_OK):
        pytest.skip("root may write everywhere; the read-only disk below holds the same rule")
    with pytest.raises(StoreError, match="Permission denied"):
        publish()
    assert store.find("b/train", artifact.manifest.identity) == artifact
    for folder in (store.root, store.root / ".drafts"):
        folder.chmod(0o755)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        pytest.skip("no right to mount a small file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_leaves_no_half_version(tiny_disk: Path) -> None:
    """However little room is left, a publication is whole or has failed, and the store stays sound."""
    store = ArtifactStore(tiny_disk / "artifacts")
    with publish_half(store):
        pass
    published = set()
    for size in range(300_000, 190_000, -4096):
        with suppress(StoreError), publish_half(store) as draft:
            (draft.path / "a").write_bytes(b"a" * size)
        assert [problem for problem in store.verify() if "latest.json" not in problem] == []
        assert list((store.root / ".drafts").iterdir()) == []
        for artifact in store.list()[1:]:
            published.add(artifact.manifest.files[0].bytes)
            shutil.rmtree(artifact.path)
    assert 0 < len(published) < 27


def test_a_full_disk_is_said(tiny_disk: Path) -> None:
    """The error names the disk and what to do; nothing of the draft remains."""
    store = ArtifactStore(tiny_disk / "artifacts")
    with pytest.raises(StoreError, match="full") as caught, publish_half(store):
        (tiny_disk / "filler").write_bytes(b"a" * 300_000)
    assert "Free some space" in caught.value.hint
    assert list((store.root / ".drafts").iterdir()) == []


def test_a_read_only_disk_is_said(tiny_disk: Path) -> None:
    """A store that cannot be written can still be read, and finished work is found in it."""
    store = ArtifactStore(tiny_disk)
    with publish_half(store):
        pass
    artifact = store.resolve("b/train")
    (tiny_disk / "b/train/latest.json").unlink()
    subprocess.run(["mount", "-o", "remount,ro", str(tiny_disk)], check=True)
    with pytest.raises(StoreError, match="Read-only"), publish_half(store):
        pytest.fail("the work was begun")
    with pytest.raises(StoreError, match="Read-only"):
        store.touch(artifact)
    assert store.find("b/train", artifact.manifest.identity) == artifact


def test_a_step_may_change_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store asked for by a relative path stays where it was."""
    monkeypatch.chdir(tmp_path)
    store = ArtifactStore(Path("artifacts"))
    (tmp_path / "elsewhere").mkdir()
    with publish_half(store):
        monkeypatch.chdir(tmp_path / "elsewhere")
    assert store.resolve("b/train").path == tmp_path / "artifacts/b/train/v1"
    assert store.verify() == []
