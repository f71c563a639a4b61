"""Where the rows of a batch lie among packed tokens, and the small padded chunks that attention works on."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor

_CHUNK = 1 << 19
"""Attention scores worked on at a time: 2 MiB of float32, which stay in the processor's cache."""


class Packed:
    """Rows of tokens laid end to end.

    Args:
        lengths: Tokens of each row.
    """

    def __init__(self, lengths: Sequence[int]) -> None:
        self.lengths = list(lengths)
        self.starts = [0, *accumulate(self.lengths)]


@dataclass(frozen=True)
class RowSpan:
    """Some neighbouring rows, packed and padded to their longest."""

    start: int
    stop: int
    rows: int
    width: int
    heads: int
    places: Tensor | None
    """(tokens,) place of each packed token among the padded ones; None where all rows are equally long."""

    def pad(self, packed: Tensor) -> Tensor:
        """Cut out these rows, by heads; padding is zero.

        Shape:
            packed: (tokens of all rows, heads * features).
            result: (rows * heads, width, features), contiguous.
        """
        own = packed[self.start : self.stop]
        if self.places is not None:
            own = own.new_zeros(self.rows * self.width, own.shape[1]).index_copy_(0, self.places, own)
        by_head = own.view(self.rows, self.width, self.heads, -1).transpose(1, 2)
        return by_head.reshape(self.rows * self.heads, self.width, -1)

    def unpad(self, padded: Tensor, packed: Tensor) -> None:
        """Write these rows back, without padding.

        Shape:
            padded: (rows * heads, width, features).
            packed: (tokens of all rows, heads * features).
        """
        by_row = padded.view(self.rows, self.heads, self.width, -1).transpose(1, 2)
        own = packed[self.start : self.stop]
        if self.places is None:
            own.view(by_row.shape).copy_(by_row)
        else:
            flat = by_row.reshape(self.rows * self.width, own.shape[1])
            torch.index_select(flat, 0, self.places, out=own)


@dataclass(frozen=True)
class Chunk:
    """Queries and keys of the same rows, few enough to stay in the cache."""

    queries: RowSpan
    keys: RowSpan
    blocked: Tensor | None
    """(rows, 1, 1, width of the keys): True at padding; None where there is none, or causality hides it."""


def cut_into_chunks(queries: Packed, keys: Packed, heads: int, *, causal: bool) -> list[Chunk]:
    """Cut a batch into chunks of rows.

    Args:
        queries: The rows that look.
        keys: The same rows as they are looked at.
        heads: Attention heads.
        causal: Whether later keys are hidden, and with them the padding.
    """
    chunks: list[Chunk] = []
    first = 0
    rows = len(queries.lengths)
    while first < rows:
        last, widest, longest = first, 0, 0
        while last < rows:
            wide, long = max(widest, queries.lengths[last]), max(longest, keys.lengths[last])
            if last > first and (last + 1 - first) * heads * wide * long > _CHUNK:
                break
            last, widest, longest = last + 1, wide, long
        seen = cut_rows(keys, first, last, heads)
        padded = seen.places is not None and not causal
        blocked = find_padding(keys, first, last) if padded else None
        chunks.append(Chunk(cut_rows(queries, first, last, heads), seen, blocked))
        first = last
    return chunks


def cut_rows(packed: Packed, first: int, last: int, heads: int) -> RowSpan:
    """Cut out the rows from the first to before the last, padded to the longest of them."""
    lengths = packed.lengths[first:last]
    width = max(lengths)
    places = None
    if min(lengths) < width:
        places = (~find_padding(packed, first, last)).flatten().nonzero().flatten()
    return RowSpan(packed.starts[first], packed.starts[last], last - first, width, heads, places)


def find_padding(packed: Packed, first: int, last: int) -> Tensor:
    """Find where the rows from the first to before the last are padded.

    Shape:
        result: (rows, 1, 1, tokens of the longest), True at padding.
    """
    lengths = torch.tensor(packed.lengths[first:last])
    return (torch.arange(int(lengths.max())) >= lengths[:, None])[:, None, None]
