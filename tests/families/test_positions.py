"""Positions that are computed."""

import numpy as np
import pytest
from transformers.models.pegasus.modeling_pegasus import PegasusSinusoidalPositionalEmbedding

from tldrkit.families.positions import compute_sinusoids


@pytest.mark.parametrize(("places", "width"), [(1, 2), (70, 32), (1024, 33)])
def test_sines_and_cosines_are_transformers(places: int, width: int) -> None:
    """Within the rounding of what is computed in another order, at even and odd widths."""
    expected = PegasusSinusoidalPositionalEmbedding(places, width).create_weight().numpy()

    assert np.abs(compute_sinusoids(places, width) - expected).max() < 1e-7
