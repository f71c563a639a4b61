"""Many processes, and dead ones: what the rename promises."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import tldrkit
from tldrkit.store.manifest import read_manifest
from tldrkit.store.store import Artifact, ArtifactStore

PUBLISHER = """
import os, random, sys
from pathlib import Path
from tldrkit.store.store import Artifact, ArtifactStore

root, said, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
store = ArtifactStore(root)
said = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
print("ready", flush=True)
for turn in range(count):
    with store.publish("b/train", kind="blob", spec={}, inputs=[], provenance={"pid": os.getpid()}) as draft:
        (draft.path / "deep").mkdir()
        (draft.path / "deep" / "a.bin").write_bytes(os.urandom(random.randrange(40_000)))
        (draft.path / "b.txt").write_text(f"{os.getpid()} {turn}")
    os.write(said, f"{draft.artifact.manifest.version}\\n".encode())
    os.fsync(said)
"""


KILLS_ITSELF = """
import os, signal, sys
from pathlib import Path
from tldrkit.store.store import ArtifactStore

left = int(sys.argv[2])

def count_down(event, arguments):  # sees every open, mkdir, rename, remove, lock and listing beforehand
    global left
    left -= event.split(".")[0] in ("open", "os", "fcntl", "shutil")
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)

store = ArtifactStore(Path(sys.argv[1]))
with store.publish("b/train", kind="blob", spec={}, inputs=[], provenance={}) as draft:
    (draft.path / "deep").mkdir()
    (draft.path / "deep" / "a.bin").write_bytes(b"a")
    (draft.path / "b.txt").write_text("b")
    sys.addaudithook(count_down)
"""


def start_publisher(root: Path, said: Path, count: int) -> "subprocess.Popen[str]":
    """Start a process that publishes ``count`` times, and notes each version after it was published."""
    return start(PUBLISHER, root, said, count)


def start(program: str, *arguments: object) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": str(Path(tldrkit.__file__).parents[1])}
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def wait_until_ready(child: "subprocess.Popen[str]") -> None:
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"


def kill_at_random(root: Path, said: Path, chance: random.Random) -> None:
    """Start three publishers and kill each at a random moment of its work."""
    children = [start_publisher(root, said, 10_000) for _ in range(3)]
    for child in children:
        wait_until_ready(child)
    for child in children:
        time.sleep(chance.uniform(0, 0.04))
        child.kill()
        child.communicate()


def test_a_kill_at_any_moment_loses_and_breaks_nothing(tmp_path: Path) -> None:
    """54 kills while publishing: no half version, no lost one, no gap; gc takes the dead drafts alone."""
    store, said, chance = ArtifactStore(tmp_path / "artifacts"), tmp_path / "said", random.Random(0)
    dead = 0
    with store.publish("other", kind="blob", spec={}, inputs=[], provenance={}) as living:
        for _ in range(18):
            kill_at_random(store.root, said, chance)
            problems = [problem for problem in store.verify() if "latest.json" not in problem]
            assert problems == []
            drafts = {path for path in (store.root / ".drafts").iterdir() if path.is_dir()}
            removed = store.collect_garbage()
            dead += len(removed)
            assert set(removed) >= drafts - {living.path}
            assert {path.stem for path in (store.root / ".drafts").iterdir()} == {living.path.name}
    versions = [artifact.manifest.version for artifact in store.list() if artifact.manifest.name == "b/train"]
    promised = sorted(int(line) for line in said.read_text().split())
    assert versions == list(range(1, len(versions) + 1))
    assert len(set(promised)) == len(promised)
    assert set(promised) <= set(versions)
    assert dead > 0
    store.find("b/train", store.resolve("b/train").manifest.identity)
    assert store.verify() == []


def test_a_kill_before_every_step_leaves_a_sound_store(store: ArtifactStore) -> None:
    """Killed before its first, second, ... last touch of the disk: a version is whole or not there at all."""
    for steps in range(200):
        child = start(KILLS_ITSELF, store.root, steps)
        child.communicate()
        assert [problem for problem in store.verify() if "latest.json" not in problem] == []
        store.collect_garbage()
        assert list((store.root / ".drafts").iterdir()) == []
        if child.returncode == 0:
            break
    versions = [artifact.manifest.version for artifact in store.list()]
    assert 10 < steps < 199
    assert versions == list(range(1, len(versions) + 1))
    assert 1 < len(versions) < steps  # some kills came after the commit, some before
    assert store.verify() == []


def test_eight_publishers_share_one_name(tmp_path: Path) -> None:
    """8 processes publish 25 times each: 200 versions, each once; the pointer is whole and only goes up."""
    store, said = ArtifactStore(tmp_path / "artifacts"), tmp_path / "said"
    children = [start_publisher(store.root, said, 25) for _ in range(8)]
    pointer, seen = store.root / "b/train/latest.json", [0]
    while any(child.poll() is None for child in children):
        if pointer.exists():
            seen.append(read_manifest(pointer).version)
    assert seen == sorted(seen)
    assert [child.communicate() and child.returncode for child in children] == [0] * 8
    assert sorted(int(line) for line in said.read_text().split()) == list(range(1, 201))
    texts = {(artifact.path / "b.txt").read_text() for artifact in store.list()}
    assert len(texts) == 200
    assert store.resolve("b/train").manifest.version == 200
    assert store.verify() == []


def test_a_draft_in_hand_is_no_garbage(store: ArtifactStore, publish: Callable[..., Artifact]) -> None:
    """Collecting while others publish takes nothing from them; a draft without its lock is dead."""
    publish()
    (store.root / ".drafts" / "0123").mkdir()
    with store.publish("b", kind="blob", spec={}, inputs=[], provenance={}) as draft:
        (draft.path / "a").write_bytes(b"a")
        assert store.collect_garbage() == [store.root / ".drafts" / "0123"]
    assert store.verify() == []
    assert draft.artifact.reference == "b@v1"
