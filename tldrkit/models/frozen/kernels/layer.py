"""Layers as loops, so that Python is not asked between their operations."""

import numpy as np

from tldrkit.models.frozen.kernels.arrays import (
    DecoderLayer,
    EncoderLayer,
    FeedForward,
    Floats,
    Integers,
    Memory,
    Product,
    View,
)
from tldrkit.models.frozen.kernels.attention import attend, attend_within, keep
from tldrkit.models.frozen.kernels.compiling import compiled
from tldrkit.models.frozen.kernels.elementary import activate, normalize
from tldrkit.models.frozen.kernels.products import ROWS, multiply

Span = tuple[int, int]


@compiled
def _add(hidden: Floats, change: Floats) -> None:
    for row in range(len(hidden)):
        own, more = hidden[row], change[row]
        for i in range(len(own)):
            own[i] += more[i]


@compiled
def _gate(between: Floats, feed: FeedForward) -> Floats:
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


@compiled
def _feed(hidden: Floats, feed: FeedForward) -> None:
    """Let a feed-forward add to rows."""
    normed = np.empty_like(hidden)
    normalize(hidden, feed.norm, feed.epsilon, normed)
    _add(hidden, multiply(_gate(multiply(normed, feed.widen), feed), feed.narrow))


@compiled
def project_layer(hidden: Floats, layer: EncoderLayer, projected: Floats, span: Span) -> None:
    """Compute queries, keys and values of an encoder layer for some tokens.

    Args:
        hidden: Of all tokens.
        layer: The layer.
        projected: Of all tokens; written to.
        span: The first of the tokens, and the one behind the last.

    Shape:
        hidden: (tokens, width).
        projected: (tokens, 3, heads, head width).
    """
    normed = np.empty((min(span[1] - span[0], ROWS), hidden.shape[1]), np.float32)
    for first in range(span[0], span[1], ROWS):
        some = hidden[first : min(first + ROWS, span[1])]
        normalize(some, layer.norm, layer.epsilon, normed[: len(some)])
        product = multiply(normed[: len(some)], layer.query_key_value)
        projected[first : first + len(some)] = product.reshape((len(some), *projected.shape[1:]))


@compiled
def read_layer(
    hidden: Floats, layer: EncoderLayer, projected: Floats, starts: Integers, bias: Floats, span: Span
) -> None:
    """Run what is left of an encoder layer for some tokens.

    Args:
        hidden: Of all tokens; changed in place.
        layer: The layer.
        projected: Of all tokens.
        starts: Where each source begins, and where the last one ends.
        bias: As of ``attend_within``.
        span: The first of the tokens, and the one behind the last.

    Shape:
        hidden: (tokens, width).
        projected: (tokens, 3, heads, head width).
        starts: (sources + 1,).
    """
    heads, width = projected.shape[2:]
    mixed = np.empty((span[1] - span[0], heads, width), np.float32)
    for source in range(len(starts) - 1):
        start, stop = starts[source], starts[source + 1]
        first, last = max(start, span[0]), min(stop, span[1])
        if first < last:
            attend_within(projected[start:stop], first - start, bias, mixed[first - span[0] : last - span[0]])
    for first in range(0, len(mixed), ROWS):
        some = mixed[first : first + ROWS]
        own = hidden[span[0] + first : span[0] + first + len(some)]
        _add(own, multiply(some.reshape((len(some), heads * width)), layer.out))
        _feed(own, layer.feed)


@compiled
def remember_read(read: Floats, key_value: Product, memory: Memory, first: int, span: Span) -> None:
    """Let a decoder layer take note of some tokens that the encoder read.

    Args:
        read: All tokens that it read.
        key_value: Computes keys and values of them.
        memory: Written to.
        first: Entry of the first of all.
        span: The first of the tokens, and the one behind the last.

    Shape:
        read: (tokens, width of the encoder).
    """
    heads, width = memory.keys.shape[0], memory.keys.shape[2]
    for start in range(span[0], span[1], ROWS):
        some = read[start : min(start + ROWS, span[1])]
        projected = multiply(some, key_value).reshape((len(some), 2, heads, width))
        keep(projected, memory, np.arange(first + start, first + start + len(some)))


@compiled
def write_layer(
    hidden: Floats,
    layer: DecoderLayer,
    memories: tuple[Memory, Memory],
    views: tuple[View, View],
    entries: Integers,
) -> None:
    """Run a decoder layer on the newest piece of each row, and take note of its keys and values.

    Args:
        hidden: Changed in place.
        layer: The layer.
        memories: Of the summaries, and of the sources.
        views: What each row, or source, sees of them.
        entries: Where the newest pieces are kept.

    Shape:
        hidden: (rows, width of the decoder).
        entries: (rows,).
    """
    rows, heads, width = len(hidden), memories[0].keys.shape[0], memories[0].keys.shape[2]
    normed = np.empty_like(hidden)
    mixed = np.empty((rows, heads, width), np.float32)
    normalize(hidden, layer.norms[0], layer.epsilon, normed)
    projected = multiply(normed, layer.query_key_value).reshape((rows, 3, heads, width))
    keep(projected, memories[0], entries)
    attend(projected, memories[0], views[0], mixed)
    _add(hidden, multiply(mixed.reshape((rows, heads * width)), layer.own_out))
    normalize(hidden, layer.norms[1], layer.epsilon, normed)
    attend(multiply(normed, layer.query).reshape((rows, 1, heads, width)), memories[1], views[1], mixed)
    _add(hidden, multiply(mixed.reshape((rows, heads * width)), layer.cross_out))
    _feed(hidden, layer.feed)
