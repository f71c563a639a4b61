"""How fast a run over threads goes, and how long it will still take: told to the display."""

import time
from collections.abc import Sequence
from itertools import islice
from typing import Any

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
        self._said = time.monotonic()
        self._began = self._said, 0, 0  # when the last known chunk ended, and what was done and read by then

    def advance(self, items: Sequence[Item], *, fresh: bool = True) -> None:
        """Count what was read and summarized; ``fresh`` where it was not known from before.

        The rate is that of what is new: summaries that are known take no time.
        """
        for item in items:
            self._threads += 1
            self._done += not self._by_file or item.file != self._last
            self._last = item.file
        now = time.monotonic()
        if not fresh:
            self._began = now, self._done, self._threads
        event: dict[str, Any] = {
            "kind": "summarize",
            "unit": "file" if self._by_file else "thread",
            "done": self._done,
            "total": self._total,
            "fresh": fresh,
        }
        began, known_done, known_threads = self._began
        took, done = max(now - began, 1e-9), self._done - known_done
        if done:
            rate = event["threads_per_second"] = (self._threads - known_threads) / took
            if now - self._said >= _EVERY and self._done < self._total:
                self._said = now
                event["message"] = self._describe(rate, took * (self._total - self._done) / done)
        self._display.log(event)

    def _describe(self, rate: float, left: float) -> str:
        of = count_noun(self._total, "file" if self._by_file else "thread")
        minutes, seconds = divmod(round(left), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{self._done:,} of {of}, {rate:,.1f} threads/s, {hours}:{minutes:02}:{seconds:02} left"
