import socket
from pathlib import Path
from typing import NoReturn

import pytest

from tldrkit.errors import DataError
from tldrkit.scoring.overlap import ROUGE_TYPES, compute_rouge
from tldrkit.scoring.rouge import TldrRouge

PREDICTIONS = ["the cat sat\non the mat", "", "dogs bark at night"]
REFERENCES = [["a cat was on the mat", "the cat sat"], ["nothing"], ["a dog barks"]]


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a metric must not use the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_examples_equal_overlap() -> None:
    """Worn as an evaluate metric, each example's score is the very number of compute_rouge."""
    scores = compute_rouge(PREDICTIONS, REFERENCES)
    assert TldrRouge().compute(predictions=PREDICTIONS, references=REFERENCES, use_aggregator=False) == scores
    assert TldrRouge().compute_per_example(PREDICTIONS, REFERENCES) == scores


def test_means_in_batches_repeat() -> None:
    """The aggregate is the plain mean, the same each time and however the examples arrive."""
    metric, scores = TldrRouge(), compute_rouge(PREDICTIONS, REFERENCES)
    for prediction, references in zip(PREDICTIONS, REFERENCES, strict=True):
        metric.add_batch(predictions=[prediction], references=[references])
    means = {name: pytest.approx(sum(scores[name]) / 3) for name in ROUGE_TYPES}
    assert metric.compute() == means
    assert metric.compute(predictions=PREDICTIONS, references=REFERENCES) == means


def test_leaves_nothing_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scoring keeps all in memory: no cache folder, no lock file."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    metric = TldrRouge()
    metric.compute(predictions=PREDICTIONS, references=REFERENCES)
    assert not list(tmp_path.iterdir())
    assert not Path(metric.data_dir).exists()


def test_example_without_references_raises() -> None:
    """Errors of the numbers reach the caller as they are."""
    with pytest.raises(DataError, match="no reference"):
        TldrRouge().compute(predictions=["a"], references=[[]])
