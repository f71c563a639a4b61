import gzip
import json
import logging
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from tldrkit.errors import DataError
from tldrkit.scoring.overlap import ROUGE_TYPES, compute_rouge, describe_rouge

WORDS = st.sampled_from(
    [*"abc", "cats", "running", "runs", "1st", "naïve", "ＡＢ", "İx", "日本", "\x85", "\u2028"]
)
TEXTS = st.one_of(st.lists(st.one_of(WORDS, st.just("\n")), max_size=14).map(" ".join), st.text(max_size=40))


def score_by_peer(predictions: list[str], references: list[list[str]]) -> dict[str, list[float]]:
    """Score by `rouge_score` itself, several references by its `score_multi`."""
    scorer = RougeScorer(ROUGE_TYPES, use_stemmer=True)
    scored = [scorer.score_multi(*pair[::-1]) for pair in zip(predictions, references, strict=True)]
    return {metric: [float(scores[metric].fmeasure) for scores in scored] for metric in ROUGE_TYPES}


@settings(max_examples=300)
@given(st.lists(st.tuples(TEXTS, st.lists(TEXTS, min_size=1, max_size=3)), min_size=1, max_size=4))
def test_equals_rouge_score(pairs: list[tuple[str, list[str]]]) -> None:
    """Every score equals that of `rouge_score`, whatever the script, lines, repetitions and references."""
    predictions, references = [text for text, _ in pairs], [texts for _, texts in pairs]
    assert compute_rouge(predictions, references) == score_by_peer(predictions, references)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("samsum.train.jsonl.gz", 1200),
        ("reddit_tldr_2013.train.jsonl.gz", 1200),
        ("scitldr.validation.jsonl.gz", 600),
    ],
)
def test_equals_rouge_score_on_real_pairs(shared_data: Path, name: str, count: int) -> None:
    """Of 3,000 real examples, several references and lines among them, no score differs at all."""
    with gzip.open(shared_data / name, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in islice(file, count)]
    predictions = ["\n".join(row["document"][:240].split(". ")) for row in rows]
    references = [row.get("summaries") or [row["summary"]] for row in rows]
    assert len(rows) == count
    assert compute_rouge(predictions, references) == score_by_peer(predictions, references)


def test_rouge_anchors(shared_data: Path) -> None:
    """A published run of 1,000 predictions: the plain means known for it, within the published intervals."""
    folder = shared_data / "rouge_anchors"
    path = next(folder.glob("*.jsonl"))
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    scores = compute_rouge([row["prediction"] for row in rows], [[row["reference"]] for row in rows])
    means = {metric: sum(scores[metric]) / len(rows) for metric in ROUGE_TYPES}
    known = {"rouge1": 21.67, "rouge2": 7.30, "rougeL": 17.63, "rougeLsum": 17.93}
    assert {metric: round(100 * mean, 2) for metric, mean in means.items()} == known
    published = json.loads(path.with_suffix(".scores.json").read_text(encoding="utf-8"))
    for metric, mean in means.items():  # the published middle is that of an unseeded bootstrap
        assert mean == pytest.approx(published[f"{metric}-F"]["mid"], abs=3e-4)
        assert published[f"{metric}-F"]["low"] < mean < published[f"{metric}-F"]["high"]


def test_mean_over_references() -> None:
    """Where the mean is asked for, a text scores the mean of what it scores against each reference."""
    references = ["red green blue stone", "green red"]
    alone = [compute_rouge(["green red stone"], [[text]]) for text in references]
    mean = compute_rouge(["green red stone"], [references], over_references="mean")
    for metric in ROUGE_TYPES:
        assert mean[metric] == [pytest.approx(sum(scores[metric][0] for scores in alone) / 2)]


def test_processes_change_no_number() -> None:
    """Shared among processes, thousands of examples get the same scores in the same order."""
    predictions = [f"the cat {number} sat on mat {number % 7}" for number in range(4_100)]
    references = [[f"a cat sat\non mat {number % 5}"] for number in range(4_100)]
    assert compute_rouge(predictions, references, processes=2) == compute_rouge(predictions, references)


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
        (["a"], [], "1 prediction cannot be scored against the references of 0 examples"),
        ([], [], "no predictions"),
        (["a", "b"], [["a"], []], "Example 1 has no reference"),
        (["a"], ["a"], "not a list"),
    ],
)
def test_wrong_pairs_raise(predictions: list[str], references: list[list[str]], words: str) -> None:
    """Texts that do not pair up are refused in words that say which."""
    with pytest.raises(DataError, match=words):
        compute_rouge(predictions, references)


def test_other_scripts_score_by_their_own_words() -> None:
    """Russian and Chinese score 0 by default, and what their definition says with words of any script."""
    predictions = ["Кошка сидит дома", "猫很好"]
    references = [["кошка спит дома"], ["猫好\n很"]]
    zeros = compute_rouge(predictions, references)
    scores = compute_rouge(predictions, references, words="unicode")
    assert zeros == {metric: [0.0, 0.0] for metric in ROUGE_TYPES}
    assert scores["rouge1"] == [pytest.approx(2 / 3), 1.0]
    assert scores["rouge2"] == [0.0, 0.0]
    assert scores["rougeL"] == [pytest.approx(2 / 3), pytest.approx(2 / 3)]
    assert scores["rougeLsum"] == [pytest.approx(2 / 3), 1.0]
    assert describe_rouge("best", "unicode") != describe_rouge()


def test_settings_are_recordable(caplog: pytest.LogCaptureFixture) -> None:
    """What defines the numbers fits into a JSON manifest, version included; scoring says nothing."""
    with caplog.at_level(logging.WARNING):
        compute_rouge(["a"], [["a"]])
    settings = describe_rouge("mean")
    assert json.loads(json.dumps(settings)) == settings
    assert (settings["version"], settings["references"]) == ("0.1.2", "mean F1 per metric")
    assert not caplog.records
