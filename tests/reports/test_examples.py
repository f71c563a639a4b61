from dataclasses import replace

import numpy as np

from tests.reports.test_comparison import build_protocol, build_run
from tldrkit.reports.examples import choose_documents
from tldrkit.scoring.overlap import ROUGE_TYPES


def test_the_documents_that_differ_most_are_chosen() -> None:
    """Of every two runs the promised number of documents with the largest differences is there."""
    runs = build_protocol(A=0.0, B=0.1)
    choice = choose_documents(runs, limit=20)
    table = np.array([run.scores["rougeL"] for run in runs])

    assert len(choice.numbers) == 20
    assert choice.ranks >= 1
    for one in table:
        for other in table:
            farthest = np.argsort(-np.abs(one - other), kind="stable")[: choice.ranks]
            assert np.array_equal(one, other) or set(farthest.tolist()) <= set(choice.numbers)


def test_few_documents_are_all_chosen() -> None:
    """Where there are no more than the limit, all are there in order; a run alone chooses none."""
    assert choose_documents(build_protocol(A=0.0, B=0.1)).numbers == tuple(range(60))
    assert choose_documents([build_run("A")]).numbers == ()


def test_more_pairs_than_documents_still_choose() -> None:
    """With so many runs that not every pair can have its first, the limit is filled all the same."""
    runs = [
        replace(
            build_run("A", seed),
            scores=dict.fromkeys(ROUGE_TYPES, tuple(np.random.default_rng(seed).random(60).tolist())),
        )
        for seed in range(8)
    ]
    choice = choose_documents(runs, limit=5)

    assert (len(choice.numbers), choice.ranks) == (5, 0)
