"""How the time that is left is told where no bar is seen."""

from pathlib import Path

import pytest

from tests.notes import Notes
from tldrkit.records import pace
from tldrkit.records.inputs import Inputs, Item, PassedOver
from tldrkit.records.pace import Pace


def test_threads_known_from_before_tell_nothing_of_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run taken up again says how long the new threads take, not how fast the known ones were found."""
    files = [tmp_path / f"{number:03}.json" for number in range(100)]
    for file in files:
        file.touch()
    clock, notes = [0.0], Notes()
    monkeypatch.setattr(pace.time, "monotonic", lambda: clock[0])
    items = [Item(file, PassedOver(), file) for file in files]
    told = Pace(notes, Inputs(paths=[tmp_path]))
    for some, seconds, fresh in ((items[:80], 1, False), (items[80:90], 100, True)):
        clock[0] += seconds
        told.advance(some, fresh=fresh)

    known, new = notes.events
    assert "threads_per_second" not in known
    assert new["message"] == "90 of 100 files, 0.1 threads/s, 0:01:40 left"
