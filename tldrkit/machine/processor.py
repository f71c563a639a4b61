"""What this machine has to write with. Does without torch, which takes seconds to import."""

import os
import platform
import sys
from pathlib import Path

from tldrkit.texts import count_noun

_DRIVERS = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")
"""What drivers of GPUs that torch knows show on Linux: NVIDIA's, Windows' and AMD's."""


def count_threads() -> int:
    """Count the processor threads to use: as many as torch does, or would."""
    if torch := sys.modules.get("torch"):
        threads: int = torch.get_num_threads()
        return threads
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    told = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    return min(int(told), there) if told.isdigit() and int(told) else there


def may_have_gpu() -> bool:
    """Tell whether torch is to be asked for a GPU: on Linux only where there is a driver."""
    return platform.system() != "Linux" or any(Path(driver).exists() for driver in _DRIVERS)


def describe_machine(device: str, threads: int | None = None) -> str:
    """Describe what times are measured on, such as `x86_64, 2 threads`."""
    if device.startswith("cuda"):
        import torch

        return str(torch.cuda.get_device_name(device))
    return f"{platform.processor() or platform.machine()}, {count_noun(threads or count_threads(), 'thread')}"
