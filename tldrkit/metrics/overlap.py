"""ROUGE of each prediction: word overlap with its references, by Google's ``rouge_score``.

Knows texts and fractions; knows nothing of models, intervals or percent. Scores stay one per example, so that
whoever asks can average or resample them.
"""

from collections.abc import Sequence
from importlib.metadata import version

from tldrkit.errors import DataError

ROUGE_TYPES = ("rouge1", "rouge2", "rougeL", "rougeLsum")

SETTINGS: dict[str, str | bool] = {
    "package": "rouge_score",
    "version": version("rouge_score"),
    "stemmer": True,
    "score": "F1",
    "references": "best F1 per metric",
    "rougeLsum": "sentences are lines",
    "aggregation": "mean over examples",
}
"""What has to be equal for two ROUGE scores to be comparable; recorded in manifests."""


def compute_rouge(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> dict[str, list[float]]:
    """Compute ROUGE-1, -2, -L and -Lsum F1 of every prediction, as fractions from 0 to 1.

    Of several references the best counts, for each metric by itself. ROUGE-Lsum takes each line as a
    sentence and splits nothing else, so it equals ROUGE-L where neither text has a line break. An empty
    prediction scores 0. Source: Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004;
    tokens, Porter stemmer (words of more than three letters) and the best reference as in rouge_score
    0.1.2.

    Args:
        predictions: One text per example.
        references: At least one text per example.

    Returns:
        For each of ``ROUGE_TYPES``, one F1 per example, in order.

    Raises:
        DataError: No examples, unequal numbers of them, or an example without references.
    """
    _check_pairs(predictions, references)
    from rouge_score.rouge_scorer import RougeScorer  # loads nltk: only where texts are scored

    scorer = RougeScorer(ROUGE_TYPES, use_stemmer=True)
    scored = [
        scorer.score_multi(targets, text) for text, targets in zip(predictions, references, strict=True)
    ]
    return {metric: [float(scores[metric].fmeasure) for scores in scored] for metric in ROUGE_TYPES}


def _check_pairs(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    if len(predictions) != len(references):
        raise DataError(
            f"There are {len(predictions)} predictions for {len(references)} sets of references.",
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
