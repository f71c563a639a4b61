"""chrF: overlap of characters of any script, by ``sacrebleu``."""

import functools
from collections.abc import Sequence
from typing import Any


def compute_chrf(summary: str, references: Sequence[str]) -> float:
    """Compute a summary's chrF2, a fraction from 0 to 1; of several references the best counts.

    Source: Popović, "chrF: character n-gram F-score for automatic MT evaluation", WMT 2015; n-grams of
    up to 6 characters, no words, beta 2, effective order: sacrebleu's sentence scores. An
    empty summary scores 0.
    """
    return float(_open_scorer().sentence_score(summary, list(references)).score) / 100


@functools.cache
def _open_scorer() -> Any:  # noqa: ANN401  (its class is imported here only)
    from sacrebleu.metrics.chrf import CHRF

    return CHRF()
