import os
import subprocess
import sys
from pathlib import Path

import pytest

from tldrkit.machine import processor
from tldrkit.machine.processor import describe_machine, may_have_gpu

COUNT = "from tldrkit.machine.processor import count_threads; {}print(count_threads())"


@pytest.mark.parametrize("told", ["", "3", "5,2", "no number", "0"])
def test_threads_are_those_of_torch(told: str) -> None:
    """Whether torch is imported or not, threads are the same: all of this process's, or as many as told."""
    others = {name: value for name, value in os.environ.items() if "NUM_THREADS" not in name}
    surroundings = {**others, "OMP_NUM_THREADS": told}
    without, after = (
        subprocess.run(
            [sys.executable, "-c", COUNT.format(first)], env=surroundings, capture_output=True, text=True,
            check=True,
        ).stdout
        for first in ("", "import torch; ")
    )  # fmt: skip

    assert without == after


def test_torch_is_asked_for_a_gpu_where_there_is_a_driver(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """On Linux without a driver there is none; elsewhere torch knows."""
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr(processor, "_DRIVERS", (str(tmp_path / "driver"),))
    assert not may_have_gpu()
    (tmp_path / "driver").touch()
    assert may_have_gpu()
    (tmp_path / "driver").unlink()
    monkeypatch.setattr("platform.system", lambda: "Windows")
    assert may_have_gpu()


def test_a_machine_is_described_by_its_threads() -> None:
    """Times mean nothing without them."""
    assert describe_machine("cpu", 3).endswith(", 3 threads")
