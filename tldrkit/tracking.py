"""Where a run's events go: the loop logs once, trackers pass it on. Knows nothing of what the events mean."""

import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Protocol, cast

from tldrkit.errors import TldrkitError

Event = Mapping[str, Any]


class Tracker(Protocol):
    """Takes flat events: JSON values under stable names."""

    def log(self, event: Event) -> None:
        """Take one event; `kind` names what it is."""

    def close(self) -> None:
        """Let go of files and connections; called once."""


class NullTracker:
    """Takes everything, keeps nothing."""

    def log(self, event: Event) -> None:
        """Forget the event."""

    def close(self) -> None:
        """Have nothing to let go of."""


class JsonlTracker:
    """Appends each event as one JSON line, flushed at once."""

    def __init__(self, path: Path) -> None:
        self._file: IO[str] = path.open("a", encoding="utf-8")

    def log(self, event: Event) -> None:
        """Write the event."""
        numbers = {key: None if _is_no_number(value) else value for key, value in event.items()}
        self._file.write(json.dumps(numbers, ensure_ascii=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _is_no_number(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


class WandbTracker:
    """Sends numbers to Weights & Biases; a tracker that fails once stays silent and never harms the run."""

    def __init__(self, *, mode: str, name: str, group: str, config: Mapping[str, Any], folder: Path) -> None:
        import wandb

        try:
            self._run: Any = wandb.init(
                project=os.environ.get("WANDB_PROJECT", "tldrkit"),
                name=name,
                group=group,
                config=dict(config),
                dir=str(folder),
                mode=cast("Any", os.environ.get("WANDB_MODE", mode)),
                settings=wandb.Settings(console="off", silent=True),
                reinit="create_new",
            )
        except Exception as error:  # before the run has begun, its user can still choose
            reason = " ".join(str(error).split())
            raise TldrkitError(
                f"Weights & Biases cannot be used: {reason}", hint="`wandb login`, or --wandb offline."
            ) from error

    def log(self, event: Event) -> None:
        """Send the event's numbers at its step."""
        numbers = {
            key: value for key, value in event.items() if isinstance(value, int | float) and key != "step"
        }
        self._attempt(lambda: self._run.log(numbers, step=event.get("step")))

    def close(self) -> None:
        """Finish the W&B run."""
        self._attempt(lambda: self._run.finish())

    def _attempt(self, call: Callable[[], None]) -> None:
        if self._run is None:
            return
        try:
            call()
        except Exception:  # a lost connection must not end a training run
            self._run = None


class FanOut:
    """Passes each event to several trackers, in order, with the name of the run it belongs to."""

    def __init__(self, run: str, trackers: Sequence[Tracker]) -> None:
        self._run = run
        self._trackers = tuple(trackers)

    def log(self, event: Event) -> None:
        """Pass the event on."""
        for tracker in self._trackers:
            tracker.log({"run": self._run, **event})

    def close(self) -> None:
        """Close all of them."""
        for tracker in self._trackers:
            tracker.close()
