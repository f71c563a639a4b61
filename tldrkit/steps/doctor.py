"""`tldrkit doctor`: what this machine and this installation have, on one screen for a report of a bug."""

import os
import platform
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from huggingface_hub import constants

from tldrkit import __version__
from tldrkit.errors import TldrkitError
from tldrkit.machine.libraries import list_requirements
from tldrkit.machine.memory import find_memory
from tldrkit.machine.processor import count_threads, describe_processor, has_bf16, may_have_gpu
from tldrkit.options import Options
from tldrkit.store.store import ArtifactStore
from tldrkit.texts import count_noun, say_reason, show_bytes

_HUB = "https://huggingface.co"
_OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
_PATIENCE = 3.0  # seconds for the hub to answer


def examine(options: Options) -> Iterator[tuple[str, str]]:
    """Look at processor, memory, number formats, hub, libraries and store, and say of each what is there.

    Yields:
        What was looked at, and what is there. Folders of the user are named from `~` on.
    """
    yield "tldrkit", f"{__version__}, Python {platform.python_version()}, {platform.platform()}"
    processor = describe_processor()
    yield (
        "processor",
        f"{processor['name']}; {', '.join(processor['instructions']) or 'no wide instructions'}",
    )
    yield "threads", f"{count_threads()} of {os.cpu_count()}"
    memory = find_memory()
    yield "memory", f"{_show(memory.available)} available of {_show(memory.total)}"
    yield "GPU", _describe_gpu()
    yield "number formats", _describe_formats()
    yield "compiled loops", _describe_loops()
    yield "hub", ask_hub()
    yield from _describe_libraries()
    yield "store", _describe_store(options.artifacts)
    yield "data", _show_path(options.data) if options.data else "no folder given (--data or TLDRKIT_DATA)"


def ask_hub() -> str:
    """Ask whether the hub answers, unless it may not be asked; nothing is sent but the question."""
    if constants.HF_HUB_OFFLINE:  # its libraries' own notion: of several variables, and of what means yes
        name = next((name for name in _OFFLINE if os.environ.get(name)), _OFFLINE[0])
        return f"not asked: {name} is set"
    address = constants.ENDPOINT
    name = _HUB if address == _HUB else "the address of HF_ENDPOINT"
    request = urllib.request.Request(address, method="HEAD")
    started = time.perf_counter()
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE):
            pass
    except urllib.error.HTTPError as error:
        return f"{name} answers, but with {error.code}"
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        said = say_reason(reason) if isinstance(reason, BaseException) else reason
        return f"{name} does not answer: {said}"
    return f"{name} answers, in {time.perf_counter() - started:.1f} s"


def _describe_gpu() -> str:
    if not may_have_gpu():
        return "none"
    try:
        import torch
    except ImportError:
        return "not asked: torch is not installed"
    if not torch.cuda.is_available():
        return "none that torch can use"
    return ", ".join(torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count()))


def _describe_formats() -> str:
    from tldrkit.writing.compiled.kernels.target import TARGET, has_int8

    bf16 = "in hardware" if has_bf16() else "emulated"
    int8 = f"with {TARGET.dot}" if has_int8() else "not to be had"
    return f"fp32; bf16 {bf16}; int8 {int8}; loops for {TARGET.name}"


def _describe_loops() -> str:
    from tldrkit.writing.compiled.kernels.compiling import has_kept

    return "kept from before" if has_kept() else "none yet: the first summary compiles them, about a minute"


def _describe_libraries() -> Iterator[tuple[str, str]]:
    for extra, libraries in list_requirements().items():
        there = [f"{name} {version}" for name, version in libraries.items() if version]
        missing = [name for name, version in libraries.items() if not version]
        told = [", ".join(there)] if there else []
        told += [f"not installed: {', '.join(missing)}"] if missing else []
        yield f"extra {extra}" if extra else "libraries", "; ".join(told) or "the package is not installed"


def _describe_store(folder: Path) -> str:
    place = _show_path(folder)
    near = next((path for path in (folder.absolute(), *folder.absolute().parents) if path.is_dir()), None)
    free = f"; {show_bytes(shutil.disk_usage(near).free)} free" if near else ""
    if not folder.is_dir():
        return f"none yet at {place}{free}"
    try:
        found = ArtifactStore(folder).list()
    except (TldrkitError, OSError) as error:
        return f"{place} cannot be read: {say_reason(error)}{free}"
    size = sum(entry.bytes for artifact in found for entry in artifact.manifest.files)
    writable = "" if os.access(folder, os.W_OK) else ", may only be read"
    return f"{place}{writable}: {count_noun(len(found), 'artifact')}, {show_bytes(size)}{free}"


def _show_path(path: Path) -> str:
    """Show a path without the user's name where it lies in their folder."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def _show(number: int | None) -> str:
    return "unknown" if number is None else show_bytes(number)
