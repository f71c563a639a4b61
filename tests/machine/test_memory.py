import subprocess
import sys

import pytest

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
