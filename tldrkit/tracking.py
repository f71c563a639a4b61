"""Where a run's events go: the loop logs once, trackers pass it on. Knows nothing of what the events mean."""

import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Protocol, cast

from tldrkit.errors import TldrkitError
from tldrkit.texts import say_reason

Event = Mapping[str, Any]

_FINISH_TIMEOUT = 60.0  # seconds that a finished run waits for W&B; the rest is uploaded by `wandb sync`


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
        self._file.write(json.dumps(_drop_no_numbers(event), ensure_ascii=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _drop_no_numbers(event: Event) -> dict[str, Any]:
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in event.items()
    }


class WandbTracker:
    """Sends events to Weights & Biases; a tracker that fails once stays silent and never harms the run.

    Numbers go to the history, those of the event `result` to the summary; `samples` become a table,
    `artifact` an artifact by reference: its digest is enough to find the files in the store that has them.

    Args:
        mode: online or offline; WANDB_MODE wins.
        name: Name of the run.
        group: What it belongs to: an experiment and its seed.
        job: The step.
        config: What was asked for.
        folder: Where W&B's own folder is put.

    Raises:
        TldrkitError: W&B refuses to begin.
    """

    def __init__(
        self, *, mode: str, name: str, group: str, job: str, config: Mapping[str, Any], folder: Path
    ) -> None:
        import wandb

        self._wandb = wandb
        self._summary: dict[str, Any] = {}
        self._step = 0
        try:
            self._run: Any = wandb.init(
                project=os.environ.get("WANDB_PROJECT", "tldrkit"),
                name=name,
                group=group,
                job_type=job,
                config=dict(config),
                dir=str(folder),
                mode=cast("Any", os.environ.get("WANDB_MODE", mode)),
                settings=wandb.Settings(console="off", silent=True, finish_timeout=_FINISH_TIMEOUT),
                reinit="create_new",
            )
        except Exception as error:  # before the run has begun, its user can still choose
            raise TldrkitError(
                f"Weights & Biases cannot be used: {say_reason(error)}.",
                hint="`wandb login`, or --wandb offline.",
            ) from error

    def log(self, event: Event) -> None:
        """Send the event at its step."""
        numbers = {
            key: value for key, value in event.items() if isinstance(value, int | float) and key != "step"
        }
        self._summary |= numbers
        self._step = event.get("step", self._step)
        if event.get("kind") == "result":
            self._attempt(lambda: self._run.summary.update(numbers))
        elif "artifact" in event:
            self._attempt(lambda: self._log_artifact(event))
        elif "samples" in event:
            self._attempt(lambda: self._log_samples(event["samples"]))
        elif numbers:
            # always with a step: without one W&B goes a step on, and drops what comes for the steps before
            self._attempt(lambda: self._run.log(numbers, step=self._step))

    def close(self) -> None:
        """Finish the W&B run; its folder gets a summary.json, which W&B itself writes online only."""
        with suppress(OSError):
            self._write_summary()
        self._attempt(lambda: self._run.finish())

    def _log_artifact(self, event: Event) -> None:
        artifact = self._wandb.Artifact(
            event["artifact"].replace("/", "-"),
            type=event["type"],
            metadata={"reference": event["reference"], "digest": event["digest"]},
        )
        uri = f"tldrkit:{event['reference']}#sha256:{event['digest']}"
        artifact.add_reference(uri, name="manifest.json", checksum=False)
        self._run.log_artifact(artifact)

    def _log_samples(self, samples: Sequence[Mapping[str, Any]]) -> None:
        rows = [list(sample.values()) for sample in samples]
        self._run.log({"samples": self._wandb.Table(columns=list(samples[0]), data=rows)}, step=self._step)

    def _write_summary(self) -> None:
        if self._run is None:
            return
        path = Path(self._run.dir).parent / "summary.json"
        path.write_text(json.dumps(_drop_no_numbers(self._summary), indent=2) + "\n", encoding="utf-8")

    def _attempt(self, call: Callable[[], object]) -> None:
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
