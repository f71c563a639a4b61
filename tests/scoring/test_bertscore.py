from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.encoders import save_encoder
from tldrkit.families.embedder import load_embedder
from tldrkit.scoring.bertscore import Embedded, compute_bertscore


def draw(rng: np.random.Generator, tokens: int, own: int) -> Embedded:
    """Draw a text of so many tokens, of which the first and those behind ``own`` are every text's."""
    vectors = rng.normal(size=(tokens, 5)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    places = np.arange(tokens)
    return Embedded(vectors, (places > 0) & (places <= own))


def score_by_loops(summary: Embedded, reference: Embedded) -> float:
    """Compute the formula of Zhang et al. 2020, section 3, token by token."""

    def match(own: Embedded, other: Embedded) -> float:
        nearest = [max(float(x @ y) for y in other.vectors) for x in own.vectors[own.counted]]
        return sum(nearest) / len(nearest)

    recall, precision = match(reference, summary), match(summary, reference)
    return 2 * precision * recall / (precision + recall)


@given(st.integers(0, 2**16), st.integers(1, 8), st.integers(1, 8))
def test_follows_its_formula(seed: int, one: int, other: int) -> None:
    """Greedy matching by cosine, recall over the reference's tokens, precision over the summary's, F1."""
    rng = np.random.default_rng(seed)
    a, b = draw(rng, one + 2, one), draw(rng, other + 2, other)
    assert compute_bertscore(a, b) == pytest.approx(score_by_loops(a, b), rel=1e-4, abs=1e-5)
    assert compute_bertscore(a, b) == pytest.approx(compute_bertscore(b, a), abs=1e-6)
    assert compute_bertscore(a, a) == pytest.approx(1, abs=1e-6)


def test_figures_of_the_package(tmp_path: Path) -> None:
    """On a tiny random encoder the scores are those that bert-score 0.3.13 (`greedy_cos_idf`) gave."""
    pairs = [("the lift is broken", "a lift broke"), ("a b c d e", "no one knows"), ("", "one two")]
    embedder = load_embedder(save_encoder(tmp_path / "encoder"))
    embedded = [[Embedded(*found) for found in embedder.embed(pair)] for pair in pairs]
    scores = [compute_bertscore(*pair) for pair in embedded]
    assert scores == pytest.approx([0.863628, 0.755099, 0.0], abs=1e-4)


def test_known_value() -> None:
    """One of two tokens is found in a text of one: precision 1/2, recall 1."""
    vectors: NDArray[np.float32] = np.eye(3, dtype=np.float32)
    both, one = Embedded(vectors[:2], np.ones(2, bool)), Embedded(vectors[:1], np.ones(1, bool))
    assert compute_bertscore(both, one) == pytest.approx(2 / 3)


def test_text_without_tokens_scores_zero() -> None:
    """A text of nothing but what every text has is near to none."""
    rng = np.random.default_rng(0)
    assert compute_bertscore(draw(rng, 2, 0), draw(rng, 5, 3)) == 0
    assert compute_bertscore(draw(rng, 5, 3), draw(rng, 2, 0)) == 0
