"""Training that is killed for real, and goes on."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.cli.conftest import QUICK, Cli, build_environment
from tldrkit.store.runs import list_runs
from tldrkit.store.store import ArtifactStore

GROWING = [
    *("--do-pb", "--switch-mode", "fixed", "--n-epochs-to-switch", "1", "--max-dendrites", "2"),
    *("--max-steps", "120", "--eval-every", "12", "--dropout", "0.1"),
]
TRAIN = ["train", "base", "--as", "b/train", "--dataset", "toy", *QUICK, *GROWING]


def read_events(store: Path) -> str:
    return "".join(path.read_text() for path in store.glob("runs/*.metrics.jsonl"))


def kill_after(workplace: Path, word: str, count: int, delay: float) -> None:
    """Start training, and kill it a moment after the word was logged that often in all runs together."""
    command = [sys.executable, "-m", "tldrkit", *TRAIN]
    environment = build_environment(TLDRKIT_DATA=".")
    with subprocess.Popen(command, cwd=workplace, env=environment, stderr=subprocess.DEVNULL) as process:
        while read_events(workplace / "artifacts").count(word) < count and process.poll() is None:
            time.sleep(0.01)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


def test_a_killed_training_ends_as_if_it_had_not_been(cli: Cli, workplace: Path) -> None:
    """Killed before, at and after growing, the same command publishes the same bytes, and cleans up."""
    for number, (word, delay) in enumerate(
        [('"kind": "train"', 0.0), ('"kind": "restructured"', 0.0), ('"kind": "restructured"', 0.15)], start=1
    ):
        kill_after(workplace, word, number, delay)
    done = cli(*TRAIN)
    store = ArtifactStore(workplace / "artifacts")
    published = store.resolve("b/train").manifest
    assert cli(*TRAIN, "--artifacts", "unbroken").returncode == 0
    unbroken = ArtifactStore(workplace / "unbroken").resolve("b/train").manifest

    assert "going on from step" in done.stderr
    assert published.digest == unbroken.digest
    assert published.metrics["restructurings"] == unbroken.metrics["restructurings"]
    assert published.metrics["restructurings"]
    assert [run["status"] for run in list_runs(store.root)] == ["killed"] * 3 + ["finished"]
    assert not any((workplace / "artifacts/.checkpoints").iterdir())


def test_force_begins_anew(cli: Cli, workplace: Path) -> None:
    """--force forgets the checkpoint of a killed run."""
    kill_after(workplace, '"kind": "restructured"', 1, 0.1)
    done = cli(*TRAIN, "--force")

    assert done.returncode == 0, done.stderr
    assert "going on from step" not in done.stderr
