"""Compiles loops by Numba, and keeps their machine code on disk for the next process.

Numba's cache notices when the file of a function changes, and not when that of a function it calls does. So
the cache is a folder that is named by a digest of all files of this room.
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
"""LLVM's fast-math flags, but for `ninf`: tokens that cannot come have logits of -inf."""
_ROOM = Path(__file__).parent
_DIGEST = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(_ROOM.glob("*.py")))).hexdigest()


def find_shelf(*places: str | Path) -> str:
    """Make the folder of the cache in the first of some folders that can be written to.

    Returns:
        Its path; empty where there is none: each process then compiles for itself.
    """
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
"""Folder of the cache: Numba's index (`*.nbi`) and machine code (`*.nbc`) of each loop."""


def has_kept() -> bool:
    """Tell whether a process before this one has left the machine code of any loop."""
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
    """Compile a function that makes no array, when it is first called; it runs without Python's global lock.

    So it need not count references to arrays (Numba's NRT), which took most of the time of small loops.
    """
    return _compile(function, _nrt=False)


def allocating(function: Function) -> Function:
    """Compile a function that makes arrays, in the same way."""
    return _compile(function)


def _compile(function: Function, **options: bool) -> Function:
    before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, _SHELF
    keep = {
        "cache": bool(_SHELF),
        "no_cfunc_wrapper": True,  # which takes time to compile, and which only C code would call
    }
    build = numba.njit(nogil=True, fastmath=_LIBERTIES, error_model="numpy", **keep, **options)
    try:
        result: Function = build(function)
    finally:
        numba.config.CACHE_DIR = before
    return result
