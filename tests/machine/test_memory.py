import subprocess
import sys
from pathlib import Path

import pytest

from tldrkit.machine import memory

FAULTS = """
import resource, sys, torch
from tldrkit.machine.memory import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
for _ in range(20):
    torch.ones(1 << 24)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's way with memory")
def test_freed_memory_is_used_again() -> None:
    """Tensors of 64 MiB made one after the other take their pages from the system once."""
    faults = {
        how: int(subprocess.run([sys.executable, "-c", FAULTS, how], capture_output=True, check=True).stdout)
        for how in ("keep", "give")
    }

    assert faults["give"] - faults["keep"] > 15 * (1 << 26) / 4096 / 16  # large pages count for fewer


def test_a_container_has_what_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is the machine's, or what a container may use of it where that is less; `max` is no limit."""
    monkeypatch.setattr(memory, "_CONTAINER", tmp_path)
    (tmp_path / "memory.max").write_text("max\n")
    whole = memory.find_memory()
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("400000\n")

    assert whole.total is not None
    assert whole.total > 1_000_000
    assert memory.find_memory() == memory.Memory(total=1_000_000, available=600_000)


def test_peak_memory_is_in_bytes() -> None:
    """A process has used between 5 MB and a terabyte."""
    assert 5e6 < memory.read_peak_memory("cpu") < 1e12
