"""Work on rows, shared among threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise


def share(rows: int, threads: int, work: Callable[..., object], *given: object) -> None:
    """Work on rows, each of several threads on about as many, and wait for all of them.

    Args:
        rows: How many there are.
        threads: How many share them.
        work: Called with what is given, and with the first row and the one behind the last, as a pair; it
            must not hold Python's lock.
        given: Whatever it needs.
    """
    if threads <= 1 or rows < threads:
        work(*given, (0, rows))
        return
    edges = [rows * thread // threads for thread in range(threads + 1)]
    list(_open_pool(threads).map(lambda span: work(*given, span), pairwise(edges)))


@cache
def _open_pool(threads: int) -> ThreadPoolExecutor:
    """Open threads that are kept, since one begins more slowly than most work ends."""
    return ThreadPoolExecutor(threads, "sharing")
