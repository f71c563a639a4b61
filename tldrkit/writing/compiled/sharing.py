"""Work on rows: in parts that stay in a processor's cache, shared among threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

_ROWS = 72


def share(rows: int, threads: int, work: Callable[[int, int], object], most: int = _ROWS) -> None:
    """Work on rows, and wait until all is done.

    Args:
        rows: How many there are.
        threads: How many share them.
        work: Given the first row of a part, and the one behind the last; it must not hold Python's lock.
        most: Rows of a part.
    """
    parts = max(-(-rows // most), min(threads, rows))
    parts += -parts % threads if parts > threads else 0
    edges = [rows * part // parts for part in range(parts + 1)]
    run = map if threads == 1 else _open_pool(threads).map
    for _ in run(work, edges, edges[1:]):
        pass


@cache
def _open_pool(threads: int) -> ThreadPoolExecutor:
    """Open threads that are kept, since one begins more slowly than most work ends."""
    return ThreadPoolExecutor(threads, "sharing")
