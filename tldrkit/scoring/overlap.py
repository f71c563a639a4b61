"""ROUGE of each prediction: word overlap with its references, the numbers of Google's ``rouge_score``.

Knows texts and fractions; knows nothing of models, intervals or percent. Scores stay one per example, so that
whoever asks can average or resample them.
"""

import multiprocessing
from collections import Counter
from collections.abc import Hashable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib.metadata import version
from itertools import pairwise
from typing import Literal

from tldrkit.errors import DataError
from tldrkit.scoring.words import SPLITTERS, Splitter, Words, count_common, locate_common
from tldrkit.texts import count_noun

ROUGE_TYPES = ("rouge1", "rouge2", "rougeL", "rougeLsum")

OverReferences = Literal["best", "mean"]

_CHUNK = 2_000  # examples a process is given at once


def describe_rouge(over_references: OverReferences = "best", words: Words = "a-z") -> dict[str, str | bool]:
    """Describe what has to be equal for two ROUGE scores to be comparable; JSON values."""
    return {
        "package": "rouge_score",
        "version": version("rouge_score"),
        "words": words,
        "stemmer": words == "a-z",
        "score": "F1",
        "references": f"{over_references} F1 per metric",
        "rougeLsum": "sentences are lines",
        "aggregation": "mean over examples",
    }


def compute_rouge(
    predictions: Sequence[str],
    references: Sequence[Sequence[str]],
    *,
    over_references: OverReferences = "best",
    words: Words = "a-z",
    processes: int = 1,
) -> dict[str, list[float]]:
    """Compute ROUGE-1, -2, -L and -Lsum F1 of every prediction, as fractions from 0 to 1.

    ROUGE-Lsum takes each line as a sentence and splits nothing else, so it equals ROUGE-L where neither text
    has a line break. An empty prediction scores 0. Source: Lin, "ROUGE: A Package for Automatic Evaluation of
    Summaries", 2004; with words of a-z every number as ``rouge_score`` 0.1.2 gives it with its stemmer,
    several references as its ``score_multi`` takes them.

    Args:
        predictions: One text per example.
        references: At least one text per example.
        over_references: Of several references the best F1 counts, for each metric by itself, or the mean.
        words: What is a word: see ``words.py``.
        processes: Processes that share the work. More than one are started anew, which takes about a
            second: it pays from some ten thousand examples on, and a script needs its ``__main__`` guard.

    Returns:
        For each of ``ROUGE_TYPES``, one F1 per example, in order.

    Raises:
        DataError: No examples, unequal numbers of them, or an example without references.
    """
    _check_pairs(predictions, references)
    score = partial(_score_examples, over_references=over_references, words=words)
    starts = range(0, len(predictions), _CHUNK)
    chunks = [(predictions[at : at + _CHUNK], references[at : at + _CHUNK]) for at in starts]
    if min(processes, len(chunks)) > 1:
        with ProcessPoolExecutor(min(processes, len(chunks)), multiprocessing.get_context("spawn")) as pool:
            scored = list(pool.map(score, chunks))
    else:
        scored = list(map(score, chunks))
    rows = [row for chunk in scored for row in chunk]
    return dict(zip(ROUGE_TYPES, map(list, zip(*rows, strict=True)), strict=True))


def _score_examples(
    chunk: tuple[Sequence[str], Sequence[Sequence[str]]], over_references: OverReferences, words: Words
) -> list[list[float]]:
    choose = max if over_references == "best" else _average
    split = SPLITTERS[words]
    rows = []
    for prediction, texts in zip(*chunk, strict=True):
        own = split(prediction)
        scores = [_score_pair(prediction, own, text, split) for text in texts]
        rows.append(
            scores[0] if len(scores) == 1 else [choose(values) for values in zip(*scores, strict=True)]
        )
    return rows


def _average(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _score_pair(prediction: str, words: Sequence[str], reference: str, split: Splitter) -> list[float]:
    """Compute the F1 of each of ``ROUGE_TYPES``."""
    target = split(reference)
    sizes = len(words), len(target)
    common = set(words).intersection(target)
    if not common:
        return [0.0] * len(ROUGE_TYPES)
    shared = [word for word in words if word in common]
    wanted = [word for word in target if word in common]
    pairs = list(pairwise(words)), list(pairwise(target))
    length = count_common(shared, wanted)
    longest = _compute_f1(length, *sizes)
    return [
        _compute_f1(_count_shared(shared, wanted), *sizes),
        _compute_f1(_count_shared(*pairs), len(pairs[0]), len(pairs[1])),
        longest,
        longest if "\n" not in prediction + reference else _score_lines(prediction, reference, split),
    ]


def _compute_f1(hits: int, predicted: int, wanted: int) -> float:
    """Compute F1 in the order of operations of ``rouge_score``, so that not even rounding differs."""
    if not hits:
        return 0.0
    precision, recall = hits / predicted, hits / wanted
    return 2 * precision * recall / (precision + recall)


def _count_shared(grams: Sequence[Hashable], wanted: Sequence[Hashable]) -> int:
    """Count n-grams in common, each as often as it stands in both."""
    common = set(grams).intersection(wanted)
    own = Counter(gram for gram in grams if gram in common)
    others = Counter(gram for gram in wanted if gram in common)
    return sum(min(own[gram], others[gram]) for gram in common)


def _score_lines(prediction: str, reference: str, split: Splitter) -> float:
    """Compute ROUGE-Lsum (Lin 2004, section 3.2): each reference line against all of the prediction's.

    As in ROUGE 1.5.5, a word counts no more often than it stands in either text.
    """
    lines = [split(line) for line in prediction.split("\n")]
    targets = [split(line) for line in reference.split("\n")]
    left = Counter(word for line in lines for word in line)
    wanted = Counter(word for line in targets for word in line)
    predicted, asked = left.total(), wanted.total()
    hits = 0
    for target in targets:
        located = 0
        for line in lines:
            located |= locate_common(line, target)
        for place, word in enumerate(target):
            if located >> place & 1 and left[word] > 0 and wanted[word] > 0:
                hits += 1
                left[word] -= 1
                wanted[word] -= 1
    return _compute_f1(hits, predicted, asked)


def _check_pairs(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    if len(predictions) != len(references):
        raise DataError(
            f"{count_noun(len(predictions), 'prediction')} cannot be scored against the references of "
            f"{count_noun(len(references), 'example')}.",
            hint="Score one prediction for each document.",
        )
    if not predictions:
        raise DataError("There are no predictions to score.", hint="Check that the split has examples.")
    for position, texts in enumerate(references):
        if isinstance(texts, str):
            raise DataError(
                f"The references of example {position} are one text, not a list of texts.",
                hint="Wrap a single reference in a list.",
            )
        if not texts:
            raise DataError(
                f"Example {position} has no reference summary.", hint="Leave it out, or give it a summary."
            )
