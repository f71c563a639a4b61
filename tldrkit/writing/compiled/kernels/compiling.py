"""How loops are compiled, and kept for the next process.

Numba compiles a kept loop anew when the file it is in changes, whatever the loop calls; so loops are kept
under a digest of all files of this room.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import llvmlite
import numba
from numba.core.registry import cpu_target
from platformdirs import user_cache_path

Function = TypeVar("Function", bound=Callable[..., Any])

_LIBERTIES = {"reassoc", "contract", "nsz", "arcp", "nnan"}
"""Liberties with rounding; infinities keep their meaning."""
_ROOM = Path(__file__).parent
_DIGEST = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(_ROOM.glob("*.py")))).hexdigest()


def find_shelf(*places: str | Path) -> str:
    """Make a folder of the digest in the first place that can be written; tell its path, or nothing."""
    for place in (place for place in places if place):
        shelf = Path(place, _DIGEST[:16])
        try:
            shelf.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(shelf, os.W_OK):
            return str(shelf)
    return ""


_SHELF = find_shelf(numba.config.CACHE_DIR, _ROOM / "__pycache__", user_cache_path("tldrkit"))


def has_kept() -> bool:
    """Tell whether a process before this one has kept any loop."""
    return bool(_SHELF) and any(Path(_SHELF).rglob("*.nbc"))


def describe_loops() -> str:
    """Describe the arithmetic of the loops: a digest of their code, their compiler and its instructions.

    Processors with the same instructions have the same; others may round otherwise.
    """
    machine = cpu_target.target_context.codegen().magic_tuple()
    compiler = (numba.__version__, llvmlite.__version__, numba.config.USING_SVML)
    digest = hashlib.sha256(repr((_DIGEST, *compiler, *machine)).encode()).hexdigest()
    return f"{digest[:16]}, for {machine[1]}"


def compiled(function: Function) -> Function:
    """Compile a loop that makes no array when it is first called, without Python's lock.

    It does not count references, which small loops would spend most of their time with.
    """
    return _compile(function, _nrt=False)


def allocating(function: Function) -> Function:
    """The same, of a loop that makes arrays."""
    return _compile(function)


def _compile(function: Function, **options: bool) -> Function:
    before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, _SHELF
    keep = {
        "cache": bool(_SHELF),
        "no_cfunc_wrapper": True,
    }  # no C calls it, and wrappers take time to compile
    build = numba.njit(nogil=True, fastmath=_LIBERTIES, error_model="numpy", **keep, **options)
    try:
        result: Function = build(function)
    finally:
        numba.config.CACHE_DIR = before
    return result
