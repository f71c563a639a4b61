from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from tldrkit.engines import cost
from tldrkit.engines.cost import find_throughput, read_joules, read_peak_memory, time_alone
from tldrkit.engines.generation import Decoding, Generated

DECODING = Decoding(prefix="", max_source_tokens=9, max_target_tokens=9, num_beams=1, batch_size=3)


class Decoder:
    """Moves a clock of its own by a second a batch and a second for each 16 documents beyond it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.batches: list[int] = []
        monkeypatch.setattr(cost.time, "perf_counter", lambda: self.now)

    def __call__(self, documents: Sequence[str], decoding: Decoding) -> list[Generated]:
        """Decode, in no time but the clock's."""
        size = min(decoding.batch_size, len(documents))
        self.batches.append(size)
        self.now += len(documents) / size * (1 if size <= 16 else 4)
        return [Generated("text", 5) for _ in documents]


def test_the_fastest_batch_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches double until the rate falls; the rates told are those of the best."""
    decoder = Decoder(monkeypatch)
    found = find_throughput(decoder, ["d"] * 64, DECODING)
    assert decoder.batches == [8, 16, 32]
    assert (found.batch_size, found.threads_per_second, found.tokens_per_second) == (16, 16.0, 80.0)


def test_few_documents_are_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """No batch is told larger than there are documents."""
    decoder = Decoder(monkeypatch)
    assert find_throughput(decoder, ["d"] * 3, DECODING).batch_size == 3
    assert decoder.batches == [3]


def test_latency_leaves_out_the_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first document is decoded twice and timed once."""
    decoder = Decoder(monkeypatch)
    latency = time_alone(decoder, ["a", "b"], DECODING)
    assert (latency.median, latency.p95, len(decoder.batches)) == (1.0, 1.0, 3)


def test_energy_is_that_of_all_packages(tmp_path: Path) -> None:
    """Packages add up, parts of packages are not counted twice; a machine that does not tell gives None."""
    for name, energy in (("intel-rapl:0", "1500000"), ("intel-rapl:1", "500000"), ("intel-rapl:0:0", "9")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "energy_uj").write_text(energy + "\n")
    assert read_joules(tmp_path) == 2.0
    assert read_joules(tmp_path / "nothing") is None
    (tmp_path / "intel-rapl:2").mkdir()
    assert read_joules(tmp_path) is None


def test_peak_memory_is_in_bytes() -> None:
    """A process with torch loaded has used between 50 MB and a terabyte."""
    assert 5e7 < read_peak_memory(torch.device("cpu")) < 1e12
