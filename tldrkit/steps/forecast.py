"""Before long training: whether it fits into memory and onto the disk, and about how long it will take."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from tldrkit.errors import ModelError, StoreError
from tldrkit.machine.memory import find_memory
from tldrkit.texts import count_noun, show_bytes
from tldrkit.tracking import Event, Tracker

_LEARNING = 16  # bytes a parameter beside its weight: gradient, AdamW's two moments, the best weights so far
_KEPT = 20  # bytes a parameter on the disk: the state of the run, and what is published
_SHORT = 60.0  # seconds; of less nobody needs to be told


def check_room(parameters: int, folder: Path) -> None:
    """Refuse at once what cannot fit on a processor: the least that training takes.

    Args:
        parameters: Of the network, which is loaded.
        folder: Where states and the result are written.

    Raises:
        ModelError: There is less memory than that.
        StoreError: There is less space on the disk.
    """
    available = find_memory().available
    if available is not None and parameters * _LEARNING > available:
        raise ModelError(
            f"Training {count_noun(parameters, 'parameter')} takes {show_bytes(parameters * _LEARNING)} of "
            f"memory at least, beside the network; {show_bytes(available)} are available.",
            hint="Make the network smaller with `tldrkit compress`, or train where there is more memory.",
        )
    free = shutil.disk_usage(folder).free
    if parameters * _KEPT > free:
        raise StoreError(
            f"This run keeps up to {show_bytes(parameters * _KEPT)} on the disk; "
            f"{show_bytes(free)} are free.",
            hint="Make room, or choose another folder with --artifacts.",
        )


class Forecast:
    """Passes events on, and says once, after the first steps of training, about how long the others take.

    Args:
        tracker: Told everything.
        read_memory: Tells the most bytes of memory so far.
    """

    def __init__(self, tracker: Tracker, read_memory: Callable[[], int]) -> None:
        self._tracker = tracker
        self._read_memory = read_memory
        self._first: tuple[int, float] | None = None
        self._is_said = False

    def log(self, event: Event) -> None:
        """Take an event; the steps before the first one do not count: they hold what happens once."""
        self._tracker.log(event)
        if self._is_said or event.get("kind") != "train":
            return
        now = time.monotonic()
        if self._first is None:
            self._first = event["step"], now
            return
        step, started = self._first
        left = (event["total"] - event["step"]) * (now - started) / (event["step"] - step)
        self._is_said = True
        if left >= _SHORT:
            steps = count_noun(event["total"] - event["step"], "step")
            memory = show_bytes(self._read_memory())
            message = f"About {_say_time(left)} for {steps} left; {memory} of memory so far."
            self._tracker.log({"kind": "forecast", "seconds": round(left), "message": message})

    def close(self) -> None:
        """Close what it passes events on to."""
        self._tracker.close()


def _say_time(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    if minutes < 100:
        return count_noun(minutes, "minute")
    return count_noun(round(minutes / 60, 1), "hour")
