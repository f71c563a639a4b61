"""What summaries cost: latency, throughput at the best batch size, memory and energy.

Knows networks and clocks; writes nothing.
"""

import dataclasses
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from tldrkit.engines.generation import Decoding, Generated, generate_summaries

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


Decode = Callable[[Sequence[str], Decoding], list[Generated]]


def build_decode(network: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> Decode:
    """Build what is timed: documents in, summaries out."""

    def decode(documents: Sequence[str], decoding: Decoding) -> list[Generated]:
        return generate_summaries(network, tokenizer, documents, decoding)

    return decode


def time_alone(decode: Decode, documents: Sequence[str], decoding: Decoding) -> Latency:
    """Time documents one at a time, after a warm-up with the first."""
    seconds = []
    for document in (documents[0], *documents):
        started = time.perf_counter()
        decode([document], decoding)
        seconds.append(time.perf_counter() - started)
    return Latency(median=float(np.median(seconds[1:])), p95=float(np.percentile(seconds[1:], 95)))


def find_throughput(decode: Decode, documents: Sequence[str], decoding: Decoding) -> Throughput:
    """Decode documents in batches of 8, 16, 32, ... until the rate falls or one batch holds them all."""
    best = None
    batch_size = _SMALLEST_BATCH
    while True:
        found = _time_batches(decode, documents, dataclasses.replace(decoding, batch_size=batch_size))
        if best is not None and found.threads_per_second <= best.threads_per_second:
            return best
        best = found
        if batch_size >= len(documents):
            return best
        batch_size *= 2


def _time_batches(decode: Decode, documents: Sequence[str], decoding: Decoding) -> Throughput:
    before, started = read_joules(), time.perf_counter()
    generated = decode(documents, decoding)
    seconds, after = time.perf_counter() - started, read_joules()
    known = before is not None and after is not None and after >= before  # the counter starts anew when full
    return Throughput(
        batch_size=min(decoding.batch_size, len(documents)),
        threads_per_second=len(documents) / seconds,
        tokens_per_second=sum(one.tokens for one in generated) / seconds,
        joules_per_thread=(after - before) / len(documents) if known else None,  # type: ignore[operator]
    )


def read_joules(folder: Path = _RAPL) -> float | None:
    """Read the energy that the processors' packages have used (Linux RAPL); None where it cannot be read."""
    try:
        counters = [(path / "energy_uj").read_text() for path in folder.glob("intel-rapl:?")]
        return sum(map(int, counters)) / 1e6 if counters else None
    except (OSError, ValueError):
        return None


def read_peak_memory(device: torch.device) -> int:
    """Read the most memory so far, in bytes: this process's, or what torch took of the GPU."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
