"""What rows look at: entries, their reuse, and the memory behind them."""

import numpy as np

from tldrkit.writing.compiled.batch import Batch, count_room, place_sources
from tldrkit.writing.compiled.kernels.arrays import OUTPUTS


def test_entries_of_given_up_beams_are_used_again() -> None:
    """The next tokens of a source go where none of its rows looks any more, and nowhere else."""
    batch = Batch.begin([], np.zeros((1, 4), np.float32), [2, 3], beams=2)
    second = count_room(8)
    assert batch.advance().tolist() == [0, 1, second, second + 1]
    batch.take_rows(np.array([0, 0, 2, 3]))

    assert batch.advance().tolist() == [1, 2, second + 2, second + 3]
    view = batch.view_written()
    assert view.starts.tolist() == [0, second]
    assert view.places.tolist() == [[0, 1], [0, 2], [0, 2], [1, 3]]
    assert view.counts.tolist() == [3, 4]


def test_sources_that_are_left_keep_their_entries() -> None:
    """When a source is done, the others go on in their own room, and look at all of it."""
    batch = Batch.begin([], np.zeros((1, 3), np.float32), [2, 3, 4], beams=1)
    batch.advance()
    batch.keep_sources(np.array([0, 2]))

    assert batch.advance().tolist() == [1, 2 * count_room(3) + 1]
    assert batch.view_written().places.shape == (2, 0)
    assert batch.read.starts.tolist() == [0, 2 * OUTPUTS]
    assert batch.read.counts.tolist() == [2, 4]


def test_sources_begin_with_blocks() -> None:
    """Each has whole blocks for itself; where the last ones end is told, too."""
    assert place_sources([1, OUTPUTS, OUTPUTS + 1]).tolist() == [0, OUTPUTS, 2 * OUTPUTS, 4 * OUTPUTS]
