"""BERTScore: how near the tokens of a summary come to those of a reference, by an encoder's vectors.

Zhang, Kishore, Wu, Weinberger & Artzi, "BERTScore: Evaluating Text Generation with BERT", ICLR 2020. Each
token is matched with the nearest of the other text, by the cosine: the mean over the summary's tokens is
precision, that over the reference's is recall, and the score is their F1. As in the package ``bert-score``
0.3.13, tokens that every text has (begin, end) may be matched with but are not counted; no token weighs more
than another, and nothing is rescaled. Knows vectors; knows nothing of where they come from.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Embedded:
    """A text as an encoder sees it.

    Args:
        vectors: Of unit length.
            Shape: ``(tokens, width)``
        counted: Which tokens are the text's own.
            Shape: ``(tokens,)``
    """

    vectors: NDArray[np.float32]
    counted: NDArray[np.bool_]


def compute_bertscore(summary: Embedded, reference: Embedded) -> float:
    """Compute the F1 of a summary; 0 where either text has no tokens of its own."""
    if not (summary.counted.any() and reference.counted.any()):
        return 0.0
    cosines = summary.vectors @ reference.vectors.T
    precision = float(cosines.max(axis=1)[summary.counted].mean())
    recall = float(cosines.max(axis=0)[reference.counted].mean())
    total = precision + recall
    return 2 * precision * recall / total if total else 0.0
