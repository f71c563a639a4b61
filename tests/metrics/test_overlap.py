import json
import logging
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tldrkit.errors import DataError
from tldrkit.metrics.overlap import ROUGE_TYPES, SETTINGS, compute_rouge


def test_rouge_anchors(shared_data: Path) -> None:
    """A published run of 1,000 predictions gets the scores its authors published, as plain means."""
    folder = shared_data / "rouge_anchors"
    lines = next(folder.glob("*.jsonl")).read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    scores = compute_rouge([row["prediction"] for row in rows], [[row["reference"]] for row in rows])
    means = {metric: round(100 * sum(scores[metric]) / len(rows), 2) for metric in ROUGE_TYPES}
    assert means == {"rouge1": 21.67, "rouge2": 7.30, "rougeL": 17.63, "rougeLsum": 17.93}


def test_known_fractions() -> None:
    """F1 follows its definition: 2 of 3 and 2 of 4 words shared, one bigram of 2 and of 3."""
    scores = compute_rouge(["the cat sat"], [["the cat ran off"]])
    assert scores["rouge1"] == [pytest.approx(4 / 7)]
    assert scores["rouge2"] == [pytest.approx(2 / 5)]
    assert scores["rougeL"] == [pytest.approx(4 / 7)]


def test_stemmer_is_on() -> None:
    """Endings of words do not count."""
    assert compute_rouge(["models summarizing"], [["model summarized"]])["rouge2"] == [1.0]


def test_best_reference_per_metric() -> None:
    """Each metric takes its own best reference, whatever the order."""
    references = ["red green blue stone", "green red"]
    alone = [compute_rouge(["green red stone"], [[text]]) for text in references]
    both = compute_rouge(["green red stone"], [references])
    assert both == compute_rouge(["green red stone"], [references[::-1]])
    assert both == {metric: [max(scores[metric][0] for scores in alone)] for metric in ROUGE_TYPES}


def test_lines_are_sentences() -> None:
    """ROUGE-Lsum reads lines as sentences: their order does not matter to it, as it does to ROUGE-L."""
    scores = compute_rouge(["alpha beta\ngamma delta"], [["gamma delta\nalpha beta"]])
    assert scores["rougeLsum"] == [1.0]
    assert scores["rougeL"] == [0.5]


@pytest.mark.parametrize("text", ["", "  \n ", "!?", "日本"])
def test_empty_prediction_scores_zero(text: str) -> None:
    """A prediction without a single word scores 0 and raises nothing."""
    assert compute_rouge([text], [["some words"]]) == {metric: [0.0] for metric in ROUGE_TYPES}


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30)), min_size=1, max_size=4))
def test_any_text_scores_a_fraction(pairs: list[tuple[str, str]]) -> None:
    """Whatever the texts, every example gets one fraction per metric; ROUGE-L never exceeds ROUGE-1."""
    scores = compute_rouge([text for text, _ in pairs], [[text] for _, text in pairs])
    assert all(len(scores[metric]) == len(pairs) for metric in ROUGE_TYPES)
    assert all(0 <= score <= 1 for values in scores.values() for score in values)
    assert all(long <= one + 1e-9 for one, long in zip(scores["rouge1"], scores["rougeL"], strict=True))


@pytest.mark.parametrize(
    ("predictions", "references", "words"),
    [
        (["a"], [], "1 predictions for 0"),
        ([], [], "no predictions"),
        (["a", "b"], [["a"], []], "Example 1 has no reference"),
        (["a"], ["a"], "not a list"),
    ],
)
def test_wrong_pairs_raise(predictions: list[str], references: list[list[str]], words: str) -> None:
    """Texts that do not pair up are refused in words that say which."""
    with pytest.raises(DataError, match=words):
        compute_rouge(predictions, references)


def test_settings_are_recordable(caplog: pytest.LogCaptureFixture) -> None:
    """What defines the numbers fits into a JSON manifest, version included; scoring says nothing."""
    with caplog.at_level(logging.WARNING):
        compute_rouge(["a"], [["a"]])
    assert json.loads(json.dumps(SETTINGS)) == SETTINGS
    assert SETTINGS["version"] == "0.1.2"
    assert not caplog.records
