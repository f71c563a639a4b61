import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def plan(tmp_path: Path, *variables: str) -> list[str]:
    """Ask make what it would do for `abc`, in an empty store."""
    if not shutil.which("make"):
        pytest.skip("no make")
    command = ["make", "-n", "abc", f"ARTIFACTS={tmp_path}", *variables]
    bare = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(command, cwd=ROOT, env=bare, capture_output=True, text=True, check=True)
    return [
        line.split("tldrkit ", 1)[1]
        for line in done.stdout.splitlines()
        if line.startswith(".venv/bin/tldrkit")
    ]


def test_the_experiments_are_all_planned(tmp_path: Path) -> None:
    """One base and one compression, four runs trained and scored a seed, D matched to B of its own seed."""
    steps = plan(tmp_path, "SEEDS=0 1")

    assert [sum(step.startswith(name) for step in steps) for name in ("base", "train", "eval")] == [1, 8, 8]
    matched = [step for step in steps if "--match" in step]
    assert [f"--match tiny/b/s{seed}/train" in step for seed, step in enumerate(matched)] == [True, True]


def test_scoring_waits_for_training(tmp_path: Path) -> None:
    """Times are measured when nothing else runs: no score before the last training."""
    names = [step.split()[0] for step in plan(tmp_path)]

    assert max(i for i, name in enumerate(names) if name == "train") < names.index("eval")


def test_a_profile_without_a_base_starts_from_a_model(tmp_path: Path) -> None:
    """t5-small pretrains nothing and starts from what MODEL names; DATA reaches every step."""
    steps = plan(tmp_path, "PROFILE=t5-small", "MODEL=folder/checkpoint", "DATA=texts")

    assert not any(step.startswith("base") for step in steps)
    assert any(step.startswith("compress folder/checkpoint") for step in steps)
    assert all("--data texts" in step for step in steps if step.split()[0] in ("compress", "train", "eval"))
