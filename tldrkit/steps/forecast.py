"""Before long work: whether it fits into memory and onto the disk, and about how long it will take."""

import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tldrkit.errors import ModelError, StoreError
from tldrkit.machine.memory import find_memory
from tldrkit.machine.processor import may_have_gpu
from tldrkit.store.manifest import Input
from tldrkit.store.store import ArtifactStore
from tldrkit.texts import count_noun, show_bytes
from tldrkit.tracking import Event, Tracker

_LEARNING = 16  # bytes a parameter beside its weight: gradient, AdamW's two moments, the best weights so far
_KEPT = 20  # bytes a parameter on the disk: the state of the run, and what is published
_SHORT = 60.0  # seconds; of less nobody needs to be told
_WATCHED = 10.0  # seconds of work that a forecast is made from, at least
_NAMES = {"experiment", "seed"}  # fields of a spec that take no time


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


@dataclass(frozen=True, kw_only=True)
class Effort:
    """What a step took; part of its result's provenance.

    Args:
        seconds: From start to end.
        peak_memory: The most bytes of memory.
        place: Where it ran (see ``describe_place``).
    """

    seconds: float
    peak_memory: int
    place: Mapping[str, Any]


def describe_place(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Take from a step's provenance, before its work, what its speed depends on."""
    what = ("processor", "processors", "device", "threads", "processes")
    return {name: provenance[name] for name in what} | {"may_have_gpu": may_have_gpu()}


def find_earlier(
    store: ArtifactStore, spec: Mapping[str, Any], inputs: Iterable[Input], place: Mapping[str, Any]
) -> tuple[str, Effort] | None:
    """Find the newest result that took as much as this step will take, and what it took.

    It is one of the same spec but for seed and experiment, of the same data, of networks of the same size,
    and was made on such a machine with as many threads.
    """
    wanted = _leave_out_names(spec), dict(_weigh(store, inputs)), dict(place)
    for artifact in sorted(store.list(), key=lambda one: one.manifest.created, reverse=True):
        manifest = artifact.manifest
        effort = _read_effort(manifest.provenance.get("effort"))
        if not effort or _leave_out_names(manifest.spec) != wanted[0] or effort.place != wanted[2]:
            continue
        if dict(_weigh(store, manifest.inputs)) == wanted[1]:
            return artifact.reference, effort
    return None


def _read_effort(told: object) -> Effort | None:
    """Read an effort from a manifest; None where there is none, as in older ones, or one of another form."""
    match told:
        case {"seconds": int() | float() as seconds, "peak_memory": int() as peak, "place": dict() as place}:
            return Effort(seconds=seconds, peak_memory=peak, place=place)
    return None


def _leave_out_names(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in spec.items() if name not in _NAMES}


def _weigh(store: ArtifactStore, inputs: Iterable[Input]) -> Iterator[tuple[str, object]]:
    """Tell of each input what time depends on: of a model its sizes, of anything else its content."""
    for item in inputs:
        if item.role != "run":  # names of the run that made a model
            artifact, _ = store.find_input(item)
            sizes = artifact and artifact.manifest.metrics.get("params_by_part")
            yield item.role, sizes or item.digest


class Forecast:
    """Passes events on, and says once of each kind of work about how long the rest of it takes.

    An event of work says what is ``done`` of its ``total``, and the ``unit`` of both. What comes before the
    first event does not count: it holds what happens once. Nor does what needed no work (``fresh`` is false).

    Args:
        tracker: Told everything.
        read_memory: Tells the most bytes of memory so far; None where the work is done elsewhere.
        earlier: Name and effort of a result of the same work, which is said at once, and instead.
    """

    def __init__(
        self,
        tracker: Tracker,
        read_memory: Callable[[], int] | None = None,
        *,
        earlier: tuple[str, Effort] | None = None,
    ) -> None:
        self._tracker = tracker
        self._read_memory = read_memory
        self._first: dict[str, tuple[int, float]] = {}
        self._said: set[str] = set()
        self._knows = earlier is not None
        if earlier:
            name, effort = earlier
            self._say(effort.seconds, f", as {name} took; {show_bytes(effort.peak_memory)} of memory.")

    def log(self, event: Event) -> None:
        """Take an event, and say what follows from it."""
        self._tracker.log(event)
        kind = str(event.get("kind"))
        if self._knows or kind in self._said or not {"unit", "done", "total"} <= event.keys():
            return
        now = time.monotonic()
        if kind not in self._first or not event.get("fresh", True):
            self._first[kind] = event["done"], now
            return
        begun, started = self._first[kind]
        done, rest = event["done"] - begun, event["total"] - event["done"]
        if done <= 0 or now - started < _WATCHED:
            return
        self._said.add(kind)
        memory = f"; {show_bytes(self._read_memory())} of memory so far" if self._read_memory else ""
        self._say(rest * (now - started) / done, f" for {count_noun(rest, event['unit'])} left{memory}.")

    def close(self) -> None:
        """Close what it passes events on to."""
        self._tracker.close()

    def _say(self, seconds: float, told: str) -> None:
        if seconds >= _SHORT:
            message = f"About {_say_time(seconds)}{told}"
            self._tracker.log({"kind": "forecast", "seconds": round(seconds), "message": message})


def _say_time(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    if minutes < 100:
        return count_noun(minutes, "minute")
    return count_noun(round(minutes / 60, 1), "hour")
