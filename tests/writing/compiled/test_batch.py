"""What rows look at: entries, their reuse, and the memory behind them."""

import numpy as np

from tldrkit.writing.compiled.batch import Batch


def test_entries_of_given_up_beams_are_used_again() -> None:
    """The next pieces of a source go where none of its rows looks any more, and nowhere else."""
    batch = Batch.begin([], np.zeros((1, 4), np.float32), [2, 3], beams=2)
    assert batch.advance().tolist() == [0, 1, 8, 9]
    batch.take_rows(np.array([0, 0, 2, 3]))

    assert batch.advance().tolist() == [1, 2, 10, 11]
    assert batch.written[:, :2].tolist() == [[0, 1], [0, 2], [8, 10], [9, 11]]


def test_sources_that_are_left_keep_their_entries() -> None:
    """When a source is done, the others go on in their own room."""
    batch = Batch.begin([], np.zeros((1, 3), np.float32), [2, 3, 4], beams=1)
    batch.advance()
    batch.keep_sources(np.array([0, 2]))

    assert batch.advance().tolist() == [1, 7]
