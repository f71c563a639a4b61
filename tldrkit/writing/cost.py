"""What summaries cost: latency, throughput at the best batch size, and energy.

Knows networks and clocks; writes nothing.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tldrkit.writing.generation import Generated

_SMALLEST_BATCH = 8
_RAPL = Path("/sys/class/powercap")


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Seconds per document, one at a time."""

    median: float
    p95: float


@dataclass(frozen=True, kw_only=True)
class Throughput:
    """Rates at the batch size where most documents are summarized in a second."""

    batch_size: int
    threads_per_second: float
    tokens_per_second: float
    joules_per_thread: float | None
    """Energy of the processors' packages, whatever else they did; None where the machine does not tell."""


Write = Callable[[Sequence[str]], list[Generated]]
"""Documents in, summaries out."""


def time_alone(write: Write, documents: Sequence[str]) -> Latency:
    """Time documents one at a time, after a warm-up with the first."""
    seconds = []
    for document in (documents[0], *documents):
        started = time.perf_counter()
        write([document])
        seconds.append(time.perf_counter() - started)
    return Latency(median=float(np.median(seconds[1:])), p95=float(np.percentile(seconds[1:], 95)))


def find_throughput(build: Callable[[int], Write], documents: Sequence[str]) -> Throughput:
    """Write in batches of 8, 16, 32, ... until the rate falls or one batch holds all documents.

    Args:
        build: Builds what writes in batches of so many documents.
        documents: Texts, without the prefix.
    """
    best = None
    batch_size = _SMALLEST_BATCH
    while True:
        found = _time_batches(build(batch_size), documents, batch_size)
        if best is not None and found.threads_per_second <= best.threads_per_second:
            return best
        best = found
        if batch_size >= len(documents):
            return best
        batch_size *= 2


def _time_batches(write: Write, documents: Sequence[str], batch_size: int) -> Throughput:
    before, started = read_joules(), time.perf_counter()
    generated = write(documents)
    seconds, after = time.perf_counter() - started, read_joules()
    joules = None
    if before is not None and after is not None and after >= before:  # the counter starts anew when full
        joules = (after - before) / len(documents)
    return Throughput(
        batch_size=min(batch_size, len(documents)),
        threads_per_second=len(documents) / seconds,
        tokens_per_second=sum(one.tokens for one in generated) / seconds,
        joules_per_thread=joules,
    )


def read_joules(folder: Path = _RAPL) -> float | None:
    """Read the energy that the processors' packages have used (Linux RAPL); None where it cannot be read."""
    try:
        counters = [(path / "energy_uj").read_text() for path in folder.glob("intel-rapl:?")]
        return sum(map(int, counters)) / 1e6 if counters else None
    except (OSError, ValueError):
        return None
