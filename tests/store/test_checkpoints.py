import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tldrkit.errors import DamagedArtifact, StoreError
from tldrkit.store.checkpoints import CHECKPOINTS, compute_key, hold_checkpoints
from tldrkit.store.store import ArtifactStore

SAVER = """
import sys
from pathlib import Path
from tldrkit.store.checkpoints import hold_checkpoints

with hold_checkpoints(Path(sys.argv[1]), "b/train", "identity") as checkpoints:
    found = checkpoints.find()
    number = int((found / "a").read_text().split()[0]) if found else 0
    while True:
        number += 1
        def write(folder):
            for name in "ab":
                (folder / name).write_text(f"{number} " * 20_000)
        checkpoints.save(write)
        print(number, flush=True)
"""


def write(text: str):  # noqa: ANN201  (a closure)
    return lambda folder: (folder / "state").write_text(text)


def is_kept(root: Path) -> bool:
    return any((root / CHECKPOINTS).glob("*/*"))


def test_a_failed_step_leaves_its_newest_state(tmp_path: Path) -> None:
    """The next holder of the same step finds the state that was saved last."""
    with contextlib.suppress(KeyboardInterrupt), hold_checkpoints(tmp_path, "b/train", "x") as checkpoints:
        assert checkpoints.find() is None
        checkpoints.save(write("first"))
        checkpoints.save(write("second"))
        raise KeyboardInterrupt

    with hold_checkpoints(tmp_path, "b/train", "x") as checkpoints:
        found = checkpoints.find()
        assert found is not None
        assert (found / "state").read_text() == "second"
    with hold_checkpoints(tmp_path, "c/train", "x") as checkpoints:
        assert checkpoints.find() is None


def test_a_published_step_leaves_nothing(tmp_path: Path) -> None:
    """A step that ends well, or fails before it has saved a state, leaves no folder behind."""
    with hold_checkpoints(tmp_path, "b/train", "x") as checkpoints:
        checkpoints.save(write("state"))
    with contextlib.suppress(ValueError), hold_checkpoints(tmp_path, "b/train", "y"):
        raise ValueError

    assert not list((tmp_path / CHECKPOINTS).iterdir())


def test_a_state_that_cannot_be_written_leaves_the_one_before(tmp_path: Path) -> None:
    """A write that fails in the middle is no state."""

    def fail(folder: Path) -> None:
        (folder / "state").write_text("half")
        raise OSError(28, "No space left on device")

    with hold_checkpoints(tmp_path, "b/train", "x") as checkpoints:
        checkpoints.save(write("whole"))
        with pytest.raises(StoreError, match="is full"):
            checkpoints.save(fail)
        found = checkpoints.find()
        assert found is not None
        assert (found / "state").read_text() == "whole"


@pytest.mark.parametrize("damage", ["flip", "cut", "lose", "add", "seal"])
def test_a_damaged_state_is_not_gone_on_from(tmp_path: Path, damage: str) -> None:
    """Whatever was changed in it is named, and the state stays where it is."""

    def save(folder: Path) -> None:
        (folder / "best").mkdir()
        for name in ("run.json", "best/weights"):
            (folder / name).write_text(f"content of {name}")

    with contextlib.suppress(KeyboardInterrupt), hold_checkpoints(tmp_path, "b/train", "x") as checkpoints:
        checkpoints.save(save)
        raise KeyboardInterrupt
    (state,) = (tmp_path / CHECKPOINTS).glob("*/state")
    weights, seal = state / "best/weights", state / "digests.json"
    {
        "flip": lambda: weights.write_text(weights.read_text().replace("w", "v")),
        "cut": lambda: weights.write_text("cont"),
        "lose": weights.unlink,
        "add": lambda: (state / "best/more").write_text(""),
        "seal": lambda: seal.write_text('{"best/weights": []}'),
    }[damage]()
    named = {"add": "best/more", "seal": "digests.json"}.get(damage, "best/weights")

    with (
        pytest.raises(DamagedArtifact, match=f"damaged: '{named}'") as caught,
        hold_checkpoints(tmp_path, "b/train", "x") as checkpoints,
    ):
        checkpoints.find()
    assert "--force" in caught.value.hint
    assert state.is_dir()


def test_a_step_is_made_by_one_process_at_a_time(tmp_path: Path) -> None:
    """Who begins a step that another process is at is told so."""
    with (
        hold_checkpoints(tmp_path, "b/train", "x"),
        pytest.raises(StoreError, match="Another process"),
        hold_checkpoints(tmp_path, "b/train", "x"),
    ):
        pass


def test_a_forgotten_state_is_gone(tmp_path: Path) -> None:
    """After `clear` the work begins anew."""
    with hold_checkpoints(tmp_path, "b/train", "x") as checkpoints:
        checkpoints.save(write("state"))
        checkpoints.clear()
        assert checkpoints.find() is None


def test_a_killed_process_leaves_a_whole_state(tmp_path: Path) -> None:
    """A process killed while it saves leaves a whole state, none older than the last it reported."""
    for kill in range(20):
        with subprocess.Popen(
            [sys.executable, "-c", SAVER, str(tmp_path)], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout
            reported = int(process.stdout.readline())
            time.sleep(0.003 * kill)  # another moment each time
            os.kill(process.pid, signal.SIGKILL)
            rest = process.stdout.read().split()
        reported = int(rest[-1]) if rest else reported

        with (
            contextlib.suppress(ValueError),
            hold_checkpoints(tmp_path, "b/train", "identity") as checkpoints,
        ):
            found = checkpoints.find()
            assert found is not None
            texts = {(found / name).read_text() for name in "ab"}
            assert len(texts) == 1
            assert int(texts.pop().split()[0]) in (reported, reported + 1)
            raise ValueError  # or the state would be gone


def test_garbage_collection_keeps_what_a_step_can_go_on_from(tmp_path: Path) -> None:
    """Removed are the states of published steps, folders without a state, and the rest where asked."""
    store = ArtifactStore(tmp_path)
    with store.publish("b/train", kind="model", spec={}, inputs=(), provenance={}) as draft:
        (draft.path / "file").write_text("payload")
    identity = draft.artifact.manifest.identity
    for name in ("b/train", "c/train"):
        with contextlib.suppress(ValueError), hold_checkpoints(tmp_path, name, identity) as checkpoints:
            checkpoints.save(write("state"))
            raise ValueError
    (tmp_path / CHECKPOINTS / "empty").mkdir()

    removed = store.collect_garbage()
    assert {path.name for path in removed} == {"empty", compute_key("b/train", identity)}
    with hold_checkpoints(tmp_path, "d/train", identity) as held:
        held.save(write("state"))
        removed = store.collect_garbage(checkpoints=True)
        assert {path.name for path in removed} == {compute_key("c/train", identity)}
    assert not is_kept(tmp_path)
