"""How loops are compiled, and kept for the next process.

Numba compiles a kept loop anew when the file it is in changes, whatever the loop calls; so loops are kept
under a digest of all files of this room. Where the package cannot be written, Numba keeps them in the user's
cache, and where that cannot be written either, not at all.
"""

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])

_LIBERTIES = {"reassoc", "contract", "nsz", "arcp", "nnan"}
"""Liberties with rounding; infinities keep their meaning."""
_ROOM = Path(__file__).parent
_DIGEST = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(_ROOM.glob("*.py")))).hexdigest()
_SHELF = _ROOM / "__pycache__" / _DIGEST[:16]


def compiled(function: Function) -> Function:
    """Compile a loop when it is first called, without Python's lock."""
    build = partial(numba.njit, nogil=True, fastmath=_LIBERTIES, error_model="numpy")
    before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, str(_SHELF)
    try:
        result: Function = build(cache=True)(function)
    except RuntimeError:  # it can be kept nowhere
        result = build()(function)
    finally:
        numba.config.CACHE_DIR = before
    return result
