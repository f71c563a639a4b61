"""Feed-forwards, and a decoder layer as one loop, so that Python is not asked between its operations."""

import numpy as np

from tldrkit.writing.compiled.kernels.arrays import (
    DecoderLayer,
    FeedForwardWeights,
    Floats,
    Integers,
    KVCache,
    Norm,
    View,
)
from tldrkit.writing.compiled.kernels.attention import attend, store
from tldrkit.writing.compiled.kernels.compiling import allocating, compiled
from tldrkit.writing.compiled.kernels.elementary import activate, normalize
from tldrkit.writing.compiled.kernels.products import multiply


@compiled
def enter(hidden: Floats, norm: Norm, normed: Floats) -> None:
    """Normalize what goes into a part of a layer, where its norm comes first; else copy it."""
    if norm.first:
        normalize(hidden, norm, normed)
        return
    for row in range(len(hidden)):
        own, result = hidden[row], normed[row]
        for i in range(len(own)):
            result[i] = own[i]


@compiled
def leave(hidden: Floats, change: Floats, norm: Norm) -> None:
    """Add what comes out of a part of a layer, and normalize the sum where its norm does not come first."""
    for row in range(len(hidden)):
        own, more = hidden[row], change[row]
        for i in range(len(own)):
            own[i] += more[i]
    if not norm.first:
        normalize(hidden, norm, hidden)


@allocating
def _gate(between: Floats, feed: FeedForwardWeights) -> Floats:
    """Apply the activation of a feed-forward, and the gate where there is one.

    Shape:
        between: (rows, width), or (rows, 2 * width) with a gate.
        result: (rows, width).
    """
    width = between.shape[1] // 2 if feed.gated else between.shape[1]
    result = np.empty((len(between), width), np.float32)
    for row in range(len(between)):
        own, given = result[row], between[row]
        for i in range(width):
            own[i] = given[i]
        activate(own, feed.activation)
        if feed.gated:
            for i in range(width):
                own[i] *= given[width + i]
    return result


@allocating
def feed_forward(hidden: Floats, feed: FeedForwardWeights) -> None:
    """Let a feed-forward add to rows.

    Shape:
        hidden: (rows, width), changed in place.
    """
    normed = np.empty_like(hidden)
    enter(hidden, feed.norm, normed)
    leave(hidden, multiply(_gate(multiply(normed, feed.widen), feed), feed.narrow), feed.norm)


@allocating
def write_layer(
    hidden: Floats,
    layer: DecoderLayer,
    caches: tuple[KVCache, KVCache],
    views: tuple[View, View],
    entries: Integers,
) -> None:
    """Run a decoder layer on the newest token of each row, and store its keys and values.

    Args:
        hidden: Changed in place.
        layer: The layer.
        caches: Of the summaries, and of the sources.
        views: What each row, or source, sees of them.
        entries: Where the newest tokens are kept.

    Shape:
        hidden: (rows, width of the decoder).
        entries: (rows,).
    """
    rows, heads = len(hidden), len(caches[0].keys)
    normed = np.empty_like(hidden)
    enter(hidden, layer.own_norm, normed)
    product = multiply(normed, layer.query_key_value)
    width = product.shape[1] // (3 * heads)
    projected, mixed = product.reshape((rows, 3, heads, width)), np.empty((rows, heads, width), np.float32)
    store(projected, caches[0], entries)
    attend(projected, caches[0], views[0], mixed)
    leave(hidden, multiply(mixed.reshape((rows, heads * width)), layer.own_out), layer.own_norm)
    enter(hidden, layer.cross_norm, normed)
    attend(multiply(normed, layer.query).reshape((rows, 1, heads, width)), caches[1], views[1], mixed)
    leave(hidden, multiply(mixed.reshape((rows, heads * width)), layer.cross_out), layer.cross_norm)
    feed_forward(hidden, layer.feed)
