"""How much memory there is, how much this process took, and how it keeps what it will need again."""

import ctypes
import os
import resource
import sys
from dataclasses import dataclass
from pathlib import Path

_CONTAINER = Path("/sys/fs/cgroup")

_MMAP_MAX, _TRIM_THRESHOLD = -4, -1  # names of mallopt(3)


def keep_freed_memory() -> None:
    """Have the C library keep freed memory for the next step of training.

    glibc hands large blocks back at once, and every page of the next one costs a fault: on a tensor of 32 MiB
    ten times what its arithmetic does. Elsewhere nothing is done.
    """
    if sys.platform == "linux":
        library = ctypes.CDLL(None)
        if hasattr(library, "mallopt"):
            library.mallopt(_MMAP_MAX, 0)
            library.mallopt(_TRIM_THRESHOLD, 2**31 - 1)


@dataclass(frozen=True)
class Memory:
    """Bytes of this machine's memory, or of what a container may use of it; None where it does not tell."""

    total: int | None
    available: int | None


def find_memory() -> Memory:
    """Find how much memory there is, and how much of it a process can still get."""
    told = _read_pairs(Path("/proc/meminfo"))
    total = told.get("MemTotal") or _count_physical()
    available = told.get("MemAvailable")
    limit, used = (_read_number(_CONTAINER / name) for name in ("memory.max", "memory.current"))
    if limit is not None:
        total = min(limit, total or limit)
        left = max(0, limit - (used or 0))
        available = min(left, available if available is not None else left)
    return Memory(total, available)


def read_peak_memory(device: str) -> int:
    """Read the most memory so far, in bytes: this process's, or what torch took of a GPU such as `cuda:0`."""
    if device.startswith("cuda"):
        import torch

        return int(torch.cuda.max_memory_allocated(device))
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _read_pairs(path: Path) -> dict[str, int]:
    """Read lines such as `MemTotal:  16 kB`, in bytes."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return {}
    pairs = (line.partition(":") for line in lines)
    return {key: int(value.split()[0]) << 10 for key, _, value in pairs if value.strip().endswith("kB")}


def _read_number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):  # `max` is no limit
        return None


def _count_physical() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None
