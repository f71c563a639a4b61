from collections.abc import Sequence
from pathlib import Path

import pytest

from tldrkit.writing import cost
from tldrkit.writing.cost import find_throughput, read_joules, time_alone
from tldrkit.writing.generation import Generated


class Clock:
    """Stands still but for writers, who need a second a batch, and four beyond 16 documents."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.batches: list[int] = []
        monkeypatch.setattr(cost.time, "perf_counter", lambda: self.now)

    def build(self, batch_size: int) -> cost.Write:
        """Build a writer."""

        def write(documents: Sequence[str]) -> list[Generated]:
            size = min(batch_size, len(documents))
            self.batches.append(size)
            self.now += len(documents) / size * (1 if size <= 16 else 4)
            return [Generated("text", 5) for _ in documents]

        return write


def test_the_fastest_batch_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches double until the rate falls; the rates told are those of the best."""
    clock = Clock(monkeypatch)
    found = find_throughput(clock.build, ["d"] * 64)
    assert clock.batches == [8, 16, 32]
    assert (found.batch_size, found.threads_per_second, found.tokens_per_second) == (16, 16.0, 80.0)


def test_few_documents_are_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """No batch is told larger than there are documents."""
    clock = Clock(monkeypatch)
    assert find_throughput(clock.build, ["d"] * 3).batch_size == 3
    assert clock.batches == [3]


def test_latency_leaves_out_the_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first document is written twice and timed once."""
    clock = Clock(monkeypatch)
    latency = time_alone(clock.build(1), ["a", "b"])
    assert (latency.median, latency.p95, len(clock.batches)) == (1.0, 1.0, 3)


def test_energy_is_that_of_all_packages(tmp_path: Path) -> None:
    """Packages add up, parts of packages are not counted twice; a machine that does not tell gives None."""
    for name, energy in (("intel-rapl:0", "1500000"), ("intel-rapl:1", "500000"), ("intel-rapl:0:0", "9")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "energy_uj").write_text(energy + "\n")
    assert read_joules(tmp_path) == 2.0
    assert read_joules(tmp_path / "nothing") is None
    (tmp_path / "intel-rapl:2").mkdir()
    assert read_joules(tmp_path) is None
