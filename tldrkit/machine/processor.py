"""What this machine has to write with. Does without torch, which takes seconds to import."""

import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tldrkit.texts import count_noun

_DRIVERS = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")
"""What drivers of GPUs that torch knows show on Linux: NVIDIA's, Windows' and AMD's."""

_WIDE = (
    "avx2",
    "fma",
    "avx512f",
    "avx512_vnni",
    "avx512_bf16",
    "amx_tile",
    "amx_bf16",
    "asimd",
    "sve",
    "bf16",
)
"""Instructions that libraries choose their arithmetic by, as Linux names them."""

_LIMITS = ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "NUMBA_CPU_NAME", "MKL_CBWR")
"""Variables that keep libraries from instructions that the processor has."""


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


def use_bf16(precision: str, *, on_cpu: bool) -> bool:
    """Tell whether matrix products run in bf16: `auto` is that where there is hardware for it."""
    if precision != "auto":
        return precision == "bf16"
    if on_cpu:
        return has_bf16()
    import torch

    return bool(torch.cuda.is_bf16_supported())


def has_bf16() -> bool:
    """Tell whether this processor multiplies bf16 in hardware, where torch knows to use that."""
    return "avx512_bf16" in _read_processor().get("flags", "").split()


def describe_processor() -> dict[str, Any]:
    """Describe what rounds here: the processor, its wide instructions, and what libraries are kept from."""
    facts = _read_processor()
    there = set(f"{facts.get('flags', '')} {facts.get('Features', '')}".split())
    name = facts.get("model name") or platform.processor() or platform.machine()
    limits = {name: os.environ[name] for name in _LIMITS if os.environ.get(name)}
    return {"name": name, "instructions": [name for name in _WIDE if name in there], "limits": limits}


def describe_device(device: str) -> dict[str, str]:
    """Describe where a network runs, as a step's provenance tells it: the device, and a GPU's name."""
    if not device.startswith("cuda"):
        return {"device": device}
    import torch

    return {"device": device, "gpu": str(torch.cuda.get_device_name(device))}


def name_hardware(provenance: Mapping[str, Any]) -> str:
    """Name what a step computed on: its GPU, or its processor with what it may use; empty where not known."""
    if provenance.get("device", "").startswith("cuda"):
        return str(provenance.get("gpu", "a GPU"))
    described = provenance.get("processor", {})
    limits = [f"{name}={value}" for name, value in described.get("limits", {}).items()]
    told = ", ".join([*described.get("instructions", ()), *limits])
    return f"{described.get('name', '')} ({told})" if told else str(described.get("name", ""))


def _read_processor() -> dict[str, str]:
    """Read what Linux says of the first processor; nothing elsewhere."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    pairs = (line.partition(":") for line in text.split("\n\n")[0].splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}


def describe_machine(device: str, threads: int | None = None) -> str:
    """Describe what times are measured on, such as `x86_64, 2 threads`."""
    if gpu := describe_device(device).get("gpu"):
        return gpu
    return f"{platform.processor() or platform.machine()}, {count_noun(threads or count_threads(), 'thread')}"
