"""How T5 tells places apart: a learned bias for each head and distance."""

import numpy as np

from tldrkit.models.frozen.kernels.arrays import Floats, Integers


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


def compute_bias(weight: Floats, longest: int, reach: int, *, causal: bool) -> Floats:
    """Compute the bias of every distance of keys from queries.

    Shape:
        weight: (buckets, heads).
        result: (heads, 2 * longest - 1); the middle one is of the distance 0.
    """
    distances = np.arange(1 - longest, longest)
    return np.ascontiguousarray(weight[find_buckets(distances, len(weight), reach, causal=causal)].T)
