"""ROUGE as a Hugging Face ``evaluate`` metric; the only importer of ``evaluate``.

Knows how a metric is worn there; the numbers are those of ``overlap``. Nothing is downloaded and nothing is
left on disk. Importing this room takes seconds (``evaluate`` loads datasets and pandas), so no other room
imports it at its top.
"""

import tempfile
from collections.abc import Sequence
from typing import Any

import evaluate
from datasets import Features, Value
from datasets import Sequence as ListOf

from tldrkit.scoring.overlap import OverReferences, compute_rouge
from tldrkit.scoring.words import Words

_DESCRIPTION = "ROUGE-1, -2, -L and -Lsum F1, with the Porter stemmer by default; fractions from 0 to 1."
_INPUTS = """
Args:
    predictions: one text per example.
    references: a list of texts per example.
    use_aggregator: means over examples (default), or one score per example where false.
    over_references: of several references the best F1 counts (default), or the "mean".
    words: "a-z", the stems of rouge_score (default), or "unicode", words of any script.
"""
_CITATION = "Lin, C.-Y. (2004). ROUGE: A Package for Automatic Evaluation of Summaries. ACL Workshop."


class TldrRouge(evaluate.Metric):  # type: ignore[misc]
    """ROUGE that needs no network: ``TldrRouge().compute(predictions=..., references=...)``.

    Unlike the hub's ``rouge``, the aggregate is the plain mean over examples, not the middle of an unseeded
    bootstrap, so it is the same number every time.
    """

    def __init__(self) -> None:
        with tempfile.TemporaryDirectory() as folder:  # made by evaluate even where all is kept in memory
            super().__init__(keep_in_memory=True, cache_dir=folder, seed=0)

    def _info(self) -> evaluate.MetricInfo:
        features = {"predictions": Value("string"), "references": ListOf(Value("string"))}
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=Features(features),
        )

    def _compute(
        self,
        predictions: Sequence[str],
        references: Sequence[Sequence[str]],
        *,
        use_aggregator: bool = True,
        over_references: OverReferences = "best",
        words: Words = "a-z",
    ) -> dict[str, Any]:
        scores = compute_rouge(
            list(predictions), list(references), over_references=over_references, words=words
        )
        if not use_aggregator:
            return dict(scores)
        return {metric: sum(values) / len(values) for metric, values in scores.items()}

    def compute_per_example(
        self,
        predictions: Sequence[str],
        references: Sequence[Sequence[str]],
        *,
        over_references: OverReferences = "best",
        words: Words = "a-z",
    ) -> dict[str, list[float]]:
        """Compute one F1 per example for each metric; as ``compute`` without its aggregate."""
        scores: dict[str, list[float]] = self.compute(
            predictions=predictions,
            references=references,
            use_aggregator=False,
            over_references=over_references,
            words=words,
        )
        return scores
