"""Cuts rows into parts that stay in the processor's cache, and shares them among threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

_ROWS = 72
"""Rows of a part at most: as many as products in 8 bits take together (``products.ROUNDED_ROWS``)."""


def share(rows: int, threads: int, work: Callable[[int, int], object], most: int = _ROWS) -> None:
    """Run work on all rows, part by part, and wait until it is done.

    Args:
        rows: How many there are.
        threads: Threads that share the parts. There are parts for all of them, or a multiple, if there are
            rows enough.
        work: Given the first row of a part, and the one behind the last. It must not hold Python's global
            lock, or threads do not help.
        most: Rows of a part at most.
    """
    parts = max(-(-rows // most), min(threads, rows))
    parts += -parts % threads if parts > threads else 0
    edges = [rows * part // parts for part in range(parts + 1)]
    run = map if threads == 1 else _open_pool(threads).map
    for _ in run(work, edges, edges[1:]):
        pass


@cache
def _open_pool(threads: int) -> ThreadPoolExecutor:
    """Start threads once for all later work: a start takes longer than most work does."""
    return ThreadPoolExecutor(threads, "sharing")
