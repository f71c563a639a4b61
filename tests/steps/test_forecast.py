from pathlib import Path
from typing import Any

import pytest

from tldrkit.errors import ModelError, StoreError
from tldrkit.machine.memory import Memory
from tldrkit.steps import forecast
from tldrkit.steps.forecast import Forecast, check_room
from tldrkit.tracking import Event


class Notes:
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def log(self, event: Event) -> None:
        """Keep it."""
        self.events.append(dict(event))

    def close(self) -> None:
        """Have nothing to close."""


def run(monkeypatch: pytest.MonkeyPatch, seconds: float, total: int) -> list[str]:
    """Log twenty steps at a time, each of so many seconds, to the end; return what is said."""
    clock, notes = [0.0], Notes()
    monkeypatch.setattr(forecast.time, "monotonic", lambda: clock[0])
    told = Forecast(notes, lambda: 1_200_000_000)
    for step in range(20, total + 1, 20):
        clock[0] += 20 * seconds + (100 if step == 20 else 0)
        told.log({"kind": "train", "step": step, "total": total})
    return [event["message"] for event in notes.events if "message" in event]


def test_long_training_says_how_long_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first steps it is said once, by the steps after those; what is short is not worth a word."""
    assert run(monkeypatch, 0.5, 1040) == ["About 8 minutes for 1,000 steps left; 1.2 GB of memory so far."]
    assert run(monkeypatch, 10, 1040) == ["About 2.8 hours for 1,000 steps left; 1.2 GB of memory so far."]
    assert run(monkeypatch, 0.01, 1040) == []
    assert run(monkeypatch, 10, 20) == []


def test_what_cannot_fit_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Less memory than weights, gradients and moments take, or less space than is kept: nothing is begun."""
    monkeypatch.setattr(forecast, "find_memory", lambda: Memory(10**9, 10**8))
    check_room(1_000_000, tmp_path)
    with pytest.raises(ModelError, match="160 MB of memory at least"):
        check_room(10_000_000, tmp_path)

    monkeypatch.setattr(forecast, "find_memory", lambda: Memory(None, None))
    with pytest.raises(StoreError, match="on the disk"):
        check_room(10**15, tmp_path)
