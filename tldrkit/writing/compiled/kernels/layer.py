"""Feed-forwards, and a decoder layer as one compiled function: no Python runs between its operations."""

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
    """Begin a part of a layer: normalize its input where the norm comes first, else copy it.

    Shape:
        hidden: (rows, width).
        normed: (rows, width), written to.
    """
    if norm.first:
        normalize(hidden, norm, normed)
        return
    for row in range(len(hidden)):
        own, result = hidden[row], normed[row]
        for i in range(len(own)):
            result[i] = own[i]


@compiled
def leave(hidden: Floats, change: Floats, norm: Norm) -> None:
    """End a part of a layer: add its output to its input, and normalize the sum where the norm comes last.

    Shape:
        hidden: (rows, width), the input; changed in place.
        change: (rows, width), the output.
    """
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
    """Apply a feed-forward, with its norm and the addition of its input.

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
        hidden: Hidden states of the tokens, changed in place.
        layer: The layer.
        caches: Its KV caches: of the summaries, and of the sources.
        views: What the rows attend to in either.
        entries: Entries of the first cache in which keys and values of the tokens are stored.

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
