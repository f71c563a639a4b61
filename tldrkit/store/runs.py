"""Run records: one file for every invocation that did work, however it ended.

Knows how a run began and ended; knows nothing of what it made but a reference. A run holds a lock on its
log while it lives, so a record left "running" by a killed process is told from a live one.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tldrkit.errors import StoreError, TldrkitError
from tldrkit.store.digest import to_plain
from tldrkit.store.disk import as_store_error, is_locked, lock, write_atomically
from tldrkit.store.names import RUNS, SEGMENT
from tldrkit.store.notices import keep


class Run:
    """One invocation, being recorded.

    Args:
        folder: Folder of the run records.
        step: Name of the command.
        command: Words of the command line.
        spec: What was asked for.

    Attributes:
        artifact: Reference of what was published, None where nothing was.
        provenance: Seed, versions, device and the like; to be filled.
        metrics: Numbers worth keeping; to be filled.
        log_path: File of what libraries said.
    """

    def __init__(self, folder: Path, step: str, command: Sequence[str], spec: Mapping[str, Any]) -> None:
        started = datetime.now(timezone.utc)
        self.id = f"{started:%Y%m%dT%H%M%S.%fZ}-{step}-{os.urandom(4).hex()}"
        self.path = folder / f"{self.id}.json"
        self.log_path = folder / f"{self.id}.log"
        self.metrics_path = folder / f"{self.id}.metrics.jsonl"
        self.artifact: str | None = None
        self.provenance: dict[str, Any] = {}
        self.metrics: dict[str, Any] = {}
        self._clock = time.perf_counter()
        self._start = {
            "id": self.id,
            "step": step,
            "command": list(command),
            "spec": dict(spec),
            "started": started.isoformat(timespec="seconds"),
            "pid": os.getpid(),
            "host": os.uname().nodename,
        }

    def write(self, status: str, error: BaseException | None = None) -> None:
        """Write the record as it stands now, in one step; ``seconds`` counts from the start.

        Raises:
            OSError: The disk is full or may not be written; the record before stands.
        """
        record = {
            **self._start,
            "status": status,
            "seconds": round(time.perf_counter() - self._clock, 3),
            "artifact": self.artifact,
            "error": _describe(error) if error is not None else None,
            "metrics": self.metrics,
            "provenance": self.provenance,
        }
        text = json.dumps(to_plain(record), indent=2, ensure_ascii=False) + "\n"
        write_atomically(self.path, text.encode(errors="replace"), scratch=self.path.with_suffix(".tmp"))


@contextmanager
def forget_run(step: str) -> Iterator[Run]:
    """Give a run of which nothing stays, for what is done where no record can be written."""
    with TemporaryDirectory(prefix="tldrkit-") as folder:
        yield Run(Path(folder), step, (), {})


@contextmanager
def record_run(root: Path, step: str, *, command: Sequence[str], spec: Mapping[str, Any]) -> Iterator[Run]:
    """Record an invocation: "running" at the start, then "finished", "failed" or "interrupted".

    What libraries say in the block, where that is caught, is added to the run's log.

    What the block raises goes on, recorded where the disk still allows it.

    Raises:
        ReadOnlyStore: The store may not be written.
        StoreError: The store cannot be written.
    """
    if not SEGMENT.fullmatch(step):
        raise StoreError(f"{step!r} cannot name a step.", hint="Use letters, digits, '.', '_' and '-'.")
    folder = root.absolute() / RUNS  # a step may change the working folder
    run = Run(folder, step, command, spec)
    with ExitStack() as held:
        with as_store_error(root):
            folder.mkdir(parents=True, exist_ok=True)
            held.enter_context(lock(run.log_path))
            run.write("running")
            held.enter_context(keep(run.log_path))
        try:
            yield run
        except BaseException as error:
            with suppress(OSError):
                run.write("interrupted" if isinstance(error, KeyboardInterrupt) else "failed", error)
            raise
        with as_store_error(root):
            run.write("finished")


def list_runs(root: Path) -> list[dict[str, Any]]:
    """List the run records, oldest first; what a dead process left "running" is shown as "killed".

    A file that cannot be read is listed with the status "unreadable" and its id alone.
    """
    return [_read_record(path) for path in sorted((root / RUNS).glob("*.json"))]


def is_dead(root: Path, run: str) -> bool:
    """Tell whether a run of this store has ended or was killed; False for a run it does not know."""
    path = root.absolute() / RUNS / f"{run}.json"
    return path.exists() and not is_locked(path.with_suffix(".log"))


def _read_record(path: Path) -> dict[str, Any]:
    alive = is_locked(path.with_suffix(".log"))  # asked first: a run writes its end before it lets go
    try:
        record = json.loads(path.read_bytes())
    except (OSError, ValueError):
        record = None
    if not isinstance(record, dict):
        return {"id": path.stem, "status": "unreadable"}
    if record.get("status") == "running" and not alive:
        record["status"] = "killed"
    return record


def _describe(error: BaseException) -> dict[str, str]:
    hint = {"hint": error.hint} if isinstance(error, TldrkitError) else {}
    return {"type": type(error).__name__, "message": str(error), **hint}
