"""chrF of each prediction: overlap of characters of any script, by ``sacrebleu``."""

from collections.abc import Sequence


def compute_chrf(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> list[float]:
    """Compute chrF2 of every prediction, as fractions from 0 to 1; of several references the best counts.

    Source: Popović, "chrF: character n-gram F-score for automatic MT evaluation", WMT 2015; n-grams of
    up to 6 characters, no words, beta 2, effective order: sacrebleu's sentence scores. An
    empty prediction scores 0.

    Args:
        predictions: One text per example.
        references: At least one text per example.
    """
    from sacrebleu.metrics.chrf import CHRF

    scorer = CHRF()
    pairs = zip(predictions, references, strict=True)
    return [float(scorer.sentence_score(text, list(texts)).score) / 100 for text, texts in pairs]
