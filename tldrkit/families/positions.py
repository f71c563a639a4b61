"""How networks tell positions apart, as NumPy arrays: buckets of distances, sines and cosines."""

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


def find_buckets(distances: Integers, buckets: int, reach: int, *, causal: bool) -> Integers:
    """Find the buckets of the distances of keys from queries.

    A distance has a bucket of its own while it is short; longer ones share buckets on a logarithmic scale
    (Raffel et al. 2020, "Exploring the Limits of Transfer Learning", 2.1).

    Args:
        distances: Places of keys less those of queries.
        buckets: How many there are.
        reach: Distance from which on all share the last one.
        causal: Whether keys behind a query are never looked at.
    """
    offset = np.zeros_like(distances)
    if causal:
        distances = np.maximum(-distances, 0)
    else:
        buckets //= 2
        offset, distances = (distances > 0) * buckets, np.abs(distances)
    exact = buckets // 2
    # In float32, as transformers has it: a distance at the edge of a bucket falls into the same one.
    share = np.log(np.maximum(distances, exact).astype(np.float32) / np.float32(exact))
    share /= np.float32(np.log(reach / exact))
    shared = exact + (share * np.float32(buckets - exact)).astype(np.int64)
    found: Integers = offset + np.where(distances < exact, distances, np.minimum(shared, buckets - 1))
    return found


def compute_sinusoids(places: int, width: int) -> NDArray[np.float32]:
    """Compute embeddings of positions: sines, and behind them cosines, of ever longer waves.

    Vaswani et al. 2017, "Attention Is All You Need", 3.5, where both take turns; Pegasus and Marian have them
    in two halves.

    Shape:
        result: (places, width).
    """
    waves = 10000.0 ** (2 * np.arange(-(-width // 2)) / width)
    angles = np.arange(places)[:, None] / waves
    return np.concatenate([np.sin(angles), np.cos(angles[:, : width // 2])], 1).astype(np.float32)
