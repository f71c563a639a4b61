"""The same work on a Ray cluster that is already there: parts go out to actors, results come back.

The only room that knows Ray. Knows actors and their ends; does not know what a part is or what is made of it.
"""

import os
import signal
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

from tldrkit.errors import ModelError, ProcessError, TldrkitError
from tldrkit.machine.libraries import advise_extra
from tldrkit.texts import name_error, say_reason

Part = TypeVar("Part")
Result = TypeVar("Result")

_AHEAD = 2  # parts under way for each actor
_TRIES = 3  # actors that may be lost over one part, or one after another while they start
_PATIENCE = 30.0  # seconds without a free processor until that is said
_ANSWER = 5.0  # seconds in which the machine that RAY_ADDRESS names answers; Ray itself asks for minutes
_START = "`ray start --head` begins a cluster; run this on one of its machines, or set RAY_ADDRESS."
_EVERYWHERE = "Every machine of the cluster needs the same tldrkit; Ray's logs there tell more."
_READABLE = "Every machine of the cluster must be able to read the model under this name."


@dataclass(eq=False)
class _Task(Generic[Part]):
    part: Part
    result: Any = None
    done: bool = False
    losses: int = 0


class _Worker(Generic[Part, Result]):
    """What an actor is: one process with its own copy of the work."""

    def __init__(self, work: Callable[[Part], Result]) -> None:
        self._work = work

    def get_ready(self) -> None:
        """Answer when the process is there."""

    def do(self, part: Part) -> Result:
        """Do a part."""
        return self._work(part)


class Cluster(Generic[Part, Result]):
    """Actors of one processor each, begun as there is work, as many as the cluster has processors.

    A part goes to an actor that is free; one whose actor is lost goes to another one.

    Args:
        ray: The library, connected.
        work: What is done with a part. Each actor has its own copy, so it may keep what it loads.
        tell: Told what a person should know.
    """

    def __init__(
        self, ray: ModuleType, work: Callable[[Part], Result], tell: Callable[[str], object]
    ) -> None:
        self._ray, self._work, self._tell = ray, work, tell
        self._most = int(ray.cluster_resources().get("CPU", 0))
        if not self._most:
            raise TldrkitError("The Ray cluster has no processors.", hint="`ray start --address` adds some.")
        self._waiting = deque[_Task[Part]]()
        self._idle: list[Any] = []
        self._busy: dict[Any, tuple[Any, _Task[Part] | None]] = {}  # by what is awaited; no task: it starts
        self._failed_starts = 0

    @property
    def ahead(self) -> int:
        """How many parts to begin before the first one's result is asked for."""
        return _AHEAD * self._most

    def start(self, part: Part) -> Callable[[], Result]:
        """Begin a part.

        Returns:
            What waits for its result, and raises ProcessError where that cannot be had.
        """
        task = _Task(part)
        self._waiting.append(task)
        self._collect(len(self._busy), 0.0)
        self._deal()
        return partial(self._fetch, task)

    def _fetch(self, task: _Task[Part]) -> Any:  # noqa: ANN401  (a Result)
        while not task.done:
            if not self._collect(1, _PATIENCE) and not any(busy for _, busy in self._busy.values()):
                self._tell("No processor of the cluster is free yet; waiting for one.")
            self._deal()
        return task.result

    def _deal(self) -> None:
        """Give parts to free actors, and begin as many more as there are parts and processors left."""
        while self._waiting and self._idle:
            actor, task = self._idle.pop(), self._waiting.popleft()
            self._busy[actor.do.remote(task.part)] = actor, task
        starting = sum(task is None for _, task in self._busy.values())
        for _ in range(min(len(self._waiting) - starting, self._most - len(self._busy) - len(self._idle))):
            actor = self._ray.remote(num_cpus=1, max_restarts=0)(_Worker).remote(self._work)
            self._busy[actor.get_ready.remote()] = actor, None

    def _collect(self, count: int, seconds: float) -> bool:
        """Take what actors have done, once so many of them are ready or the time is up."""
        done, _ = self._ray.wait(list(self._busy), num_returns=count, timeout=seconds) if count else ([], ())
        for awaited in done:
            actor, task = self._busy.pop(awaited)
            try:
                result = self._ray.get(awaited)
            except self._ray.exceptions.RayTaskError as error:
                raise _describe(error.cause) from error
            except self._ray.exceptions.RayError as error:
                self._lose(actor, task, error)
                continue
            self._idle.append(actor)
            if task is None:
                self._failed_starts = 0
            else:
                task.result, task.done = result, True
        return bool(done)

    def _lose(self, actor: object, task: _Task[Part] | None, error: Exception) -> None:
        """Put a lost actor's part back to the front, unless it was lost too often."""
        with suppress(self._ray.exceptions.RayError):
            self._ray.kill(actor)  # it may only be out of reach
        if task is None:
            self._failed_starts += 1
            if self._failed_starts == _TRIES:
                reason = str(error).strip().splitlines()[-1].partition(". ")[0].rstrip(".")
                raise ProcessError(f"Actors die as they start: {reason}.", hint=_EVERYWHERE) from error
            return
        task.losses += 1
        if task.losses == _TRIES:
            raise ProcessError(
                f"{_TRIES} actors died, one after another, over the same part.",
                hint="Often memory ran out: a smaller --batch-size needs less. What was done before is kept.",
            ) from error
        self._tell("An actor died; another one does its part again.")
        self._waiting.appendleft(task)


@contextmanager
def open_cluster(
    work: Callable[[Part], Result], tell: Callable[[str], object]
) -> Iterator[Cluster[Part, Result]]:
    """Connect to the cluster that RAY_ADDRESS names, or to this machine's; its actors end with the block.

    Args:
        work: What actors do with a part.
        tell: Told what a person should know.

    Raises:
        TldrkitError: Ray is not installed, or there is no cluster that can be used.
    """
    try:
        import ray
        import ray.exceptions
    except ModuleNotFoundError as error:
        raise TldrkitError(f"{error.name} is not installed.", hint=advise_extra("ray")) from error
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):  # Ray tells there who died
        try:
            _connect(ray)
            yield Cluster(ray, work, tell)
        finally:
            ray.shutdown()


def _connect(ray: ModuleType) -> None:
    handler = signal.getsignal(signal.SIGTERM)
    try:
        _knock(os.environ.get("RAY_ADDRESS", ""))
        ray.init(address="auto", log_to_driver=False, logging_level="ERROR")
    except Exception as error:  # whatever a missing, foreign or unequal cluster makes the library raise
        reason = " ".join(str(error).split()).partition(". ")[0].rstrip(".")
        raise TldrkitError(f"There is no Ray cluster to work on: {reason}.", hint=_START) from error
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)  # Ray sets one that ends the process


def _knock(address: str) -> None:
    """Ask the named machine whether it is there.

    Raises:
        OSError: It is not.
    """
    host, _, port = address.rpartition(":")
    if host and port.isdigit() and "/" not in host:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER).close()


def _describe(error: Exception) -> ProcessError:
    """Describe what went wrong within an actor."""
    if not isinstance(error, TldrkitError):
        told = f"{name_error(error)}: {say_reason(error)}"
        return ProcessError(f"An actor failed: unexpected {told}.", hint=_EVERYWHERE)
    hint = f"{error.hint} {_READABLE}" if isinstance(error, ModelError) else error.hint
    return ProcessError(f"An actor failed: {error}", hint=hint)
