"""How fast a run over threads goes, and how long it will still take: told to the display."""

import time
from collections.abc import Sequence
from itertools import islice

from tldrkit.records.inputs import Inputs, Item
from tldrkit.texts import count_noun
from tldrkit.tracking import Tracker

_FEW = 64  # files at most that are read ahead to count their threads; many files are counted themselves
_EVERY = 60.0  # seconds between two lines for those who have no bar


class Pace:
    """Counts what is done.

    Args:
        display: Told after each chunk.
        inputs: What there is to do.
    """

    def __init__(self, display: Tracker, inputs: Inputs) -> None:
        self._display = display
        self._by_file = len(list(islice(inputs.find(), _FEW + 1))) > _FEW
        self._total = sum(1 for _ in (inputs.find() if self._by_file else inputs.read()))
        self._done = self._threads = 0
        self._last: object = None
        self._started = self._said = time.monotonic()

    def advance(self, items: Sequence[Item], *, fresh: bool = True) -> None:
        """Count what was read and summarized; ``fresh`` where it was not known from before."""
        for item in items:
            self._threads += 1
            self._done += not self._by_file or item.file != self._last
            self._last = item.file
        now = time.monotonic()
        rate = self._threads / max(now - self._started, 1e-9)
        event = {
            "kind": "summarize",
            "unit": "file" if self._by_file else "thread",
            "done": self._done,
            "total": self._total,
            "fresh": fresh,
            "threads_per_second": rate,
        }
        if now - self._said >= _EVERY and self._done < self._total:
            self._said = now
            left = (now - self._started) * (self._total - self._done) / self._done
            event["message"] = self._describe(rate, left)
        self._display.log(event)

    def _describe(self, rate: float, left: float) -> str:
        of = count_noun(self._total, "file" if self._by_file else "thread")
        minutes, seconds = divmod(round(left), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{self._done:,} of {of}, {rate:,.1f} threads/s, {hours}:{minutes:02}:{seconds:02} left"
