"""How many compiled kernels oneDNN keeps, with which torch multiplies on a processor."""

import os

VARIABLE = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"
CACHED_KERNELS = 8
"""More were no faster (`benchmarks/memory.py`)."""


def bound_kernel_cache() -> None:
    """Have oneDNN keep few kernels, unless the user has set a number.

    It compiles one for every shape of a product, and padded batches bring new shapes at every step. Each
    kernel keeps its working memory; left to itself oneDNN keeps 1,024 of them, which is many GB. It reads the
    number when it compiles the first one, so this is called before torch multiplies anything.
    """
    os.environ.setdefault(VARIABLE, str(CACHED_KERNELS))
