"""How this process keeps memory that it will need again."""

import ctypes
import sys

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
