"""What a decoder keeps while it writes: of the sources it has read, and of the summaries so far."""

import math
import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tldrkit.models.packed.kernels.arrays import Memory, View

_TOKENS = 1024
"""Tokens read together: what lies between the layers then stays in the processor's cache."""
_PADDED = 1.15
"""Most padded tokens for one of a source."""


@dataclass(frozen=True)
class Cache:
    """What one decoder layer has seen: of what it wrote itself, and of the sources."""

    own: Memory
    read: Memory


@dataclass
class Batch:
    """Summaries that are written together: one row each, or `beams` rows in a row for each source.

    Nothing is ever moved: rows that end, or that go on from another one, only look elsewhere.

    Shape:
        bias: (heads, longest summary, longest summary), of every place towards the others.
        sources: (sources,), the place of each that is still written for among those the batch began with.
        written: (rows, longest summary), entries of the pieces of each row.
    """

    caches: list[Cache]
    beams: int
    bias: Tensor
    sources: Tensor
    read: View
    """What each source holds; its rows share it."""
    written: Tensor
    place: int = 0
    """Pieces written so far."""

    @classmethod
    def begin(cls, caches: list[Cache], bias: Tensor, lengths: Sequence[int], beams: int) -> "Batch":
        """Begin with sources whose entries lie one behind the other."""
        counts = torch.tensor(lengths)
        starts = counts.cumsum(0) - counts
        # Those behind a source's own are not looked at.
        entries = starts[:, None] + torch.arange(max(lengths))
        read = View(entries.numpy(), counts.numpy(), torch.zeros(len(bias), max(lengths)).numpy())
        written = torch.zeros(len(lengths) * beams, bias.shape[1], dtype=torch.long)
        return cls(caches, beams, bias, torch.arange(len(lengths)), read, written)

    def keep_sources(self, kept: Tensor) -> None:
        """Keep some of the sources and their rows.

        Shape:
            kept: (sources kept,), in their order.
        """
        self.sources = self.sources[kept]
        self.read = View(self.read.entries[kept.numpy()], self.read.counts[kept.numpy()], self.read.bias)
        self.written = self.written.view(-1, self.beams, self.written.shape[1])[kept].flatten(0, 1)

    def take_rows(self, rows: Tensor) -> None:
        """Let each row go on from another one of the same source.

        Shape:
            rows: (rows,).
        """
        self.written = self.written[rows]

    def advance(self) -> Tensor:
        """Begin the next place.

        Returns:
            Entries of the pieces that come there: of their source the first that no row looks at any more, so
            that memory which given-up beams have used is used again. Shape: (rows,).
        """
        first = self.sources[:, None] * self.written.shape[1] * self.beams
        unused = self._find_unused(first) if self.beams > 1 else self.place  # one row alone gives nothing up
        entries = (first + unused).flatten()
        self.written[:, self.place] = entries
        self.place += 1
        return entries

    def _find_unused(self, first: Tensor) -> Tensor:
        """Find for each source the first entries, as many as beams, that no row of it looks at.

        Shape:
            first: (sources, 1), where the entries of each begin.
            result: (sources, beams), counted from there.
        """
        used = torch.zeros(len(first), self.written.shape[1] * self.beams, dtype=torch.bool)
        used.scatter_(1, self.written[:, : self.place].reshape(len(first), -1) - first, True)
        return used.byte().argsort(stable=True)[:, : self.beams]

    def view_written(self) -> View:
        """View what each row has written."""
        bias = self.bias[:, self.place - 1].contiguous()
        counts = torch.full((len(self.written),), self.place)
        return View(self.written.numpy(), counts.numpy(), bias.numpy())


def remember(entries: int, heads: int, width: int, dtype: torch.dtype) -> Memory:
    """Make an empty memory.

    Args:
        entries: Most pieces.
        heads: Attention heads.
        width: Numbers of a head.
        dtype: Number format: int8 or float32.
    """
    kind = np.int8 if dtype == torch.int8 else np.float32
    vectors, scales = (heads, entries, width), (heads, entries)
    keys, values = (_map(vectors, kind) for _ in "kv")
    return Memory(keys, values, *(_map(scales, np.float32) for _ in "kv"))


def _map(shape: tuple[int, ...], kind: type[np.number[Any]]) -> NDArray[Any]:
    """Make an array of its own pages, which the system has back as soon as nobody holds it."""
    count = math.prod(shape)
    pages = mmap.mmap(-1, max(1, count * np.dtype(kind).itemsize))
    return np.frombuffer(pages, kind, count).reshape(shape)


def cut_groups(sources: Sequence[Sequence[int]]) -> Iterator[list[Sequence[int]]]:
    """Cut sources into groups that are read together."""
    group, tokens, longest = list[Sequence[int]](), 0, 0
    for source in sources:
        tokens, longest = tokens + len(source), max(longest, len(source))
        if group and (tokens > _TOKENS or longest * (len(group) + 1) > _PADDED * tokens):
            yield group
            group, tokens, longest = [], len(source), len(source)
        group.append(source)
    yield group
