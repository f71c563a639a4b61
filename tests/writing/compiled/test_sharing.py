"""Work on rows in parts."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tldrkit.writing.compiled.sharing import share


@settings(deadline=None)
@given(st.integers(1, 2000), st.integers(1, 9))
def test_every_row_is_worked_on_once(rows: int, threads: int) -> None:
    """Parts follow each other without a gap; no thread is left without one while there are rows."""
    spans: list[tuple[int, int]] = []
    share(rows, threads, lambda first, last: spans.append((first, last)))
    spans.sort()

    assert [row for first, last in spans for row in range(first, last)] == list(range(rows))
    assert len(spans) >= min(rows, threads)
    assert all(first < last for first, last in spans)


def test_threads_work_at_the_same_time() -> None:
    """Two parts meet, which one after the other they could not."""
    both = threading.Barrier(2, timeout=600)
    share(2, 2, lambda *_: both.wait())


@pytest.mark.parametrize("threads", [1, 2])
def test_what_fails_is_told(threads: int) -> None:
    """An error in a part reaches the caller."""

    def fail(first: int, _: int) -> None:
        if first:
            raise RuntimeError("out of something")

    with pytest.raises(RuntimeError, match="out of something"):
        share(200, threads, fail)
