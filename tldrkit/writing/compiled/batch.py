"""What a decoder keeps while it writes: of the sources it has read, and of the summaries so far."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from tldrkit.writing.compiled.kernels.arrays import OUTPUTS, Floats, Integers, KVCache, View
from tldrkit.writing.compiled.pages import map_array


@dataclass(frozen=True)
class Cache:
    """What one decoder layer has seen: of what it wrote itself, and of the sources."""

    own: KVCache
    read: KVCache


@dataclass
class Batch:
    """Summaries that are written together: one row each, or `beams` rows in a row for each source.

    Nothing is ever moved: rows that end, or that go on from another one, only look elsewhere.

    Shape:
        bias: (heads, longest summary), of every distance to an earlier place, the farthest one first.
        sources: (sources,), the place of each that is still written for among those the batch began with.
        written: (rows, longest summary), entries of the tokens of each row, counted from its source's first.
    """

    caches: list[Cache]
    beams: int
    bias: Floats
    sources: Integers
    read: View
    """What each source holds; its rows share it."""
    written: Integers
    place: int = 0
    """Tokens written so far."""

    @classmethod
    def begin(cls, caches: list[Cache], bias: Floats, lengths: Sequence[int], beams: int) -> "Batch":
        """Begin with sources whose entries lie one behind the other, as ``place_sources`` says."""
        rows = len(lengths) * beams
        nothing = np.zeros((len(bias), max(lengths)), np.float32)
        read = View(place_sources(lengths)[:-1], np.array(lengths), np.empty((rows, 0), np.int64), nothing)
        written = np.zeros((rows, bias.shape[1]), np.int64)
        return cls(caches, beams, bias, np.arange(len(lengths)), read, written)

    def keep_sources(self, kept: Integers) -> None:
        """Keep some of the sources and their rows.

        Shape:
            kept: (sources kept,), in their order.
        """
        self.sources = self.sources[kept]
        read = self.read
        places = read.places[: len(kept) * self.beams]
        self.read = View(read.starts[kept], read.counts[kept], places, read.bias)
        by_source = self.written.reshape(-1, self.beams, self.written.shape[1])
        self.written = by_source[kept].reshape(-1, self.written.shape[1])

    def take_rows(self, rows: Integers) -> None:
        """Let each row go on from another one of the same source.

        Shape:
            rows: (rows,).
        """
        self.written = self.written[rows]

    def advance(self) -> Integers:
        """Begin the next place.

        Returns:
            Entries of the tokens that come there: of their source the first that no row looks at any more, so
            that entries which given-up beams have used are used again. Shape: (rows,).
        """
        # One row alone gives nothing up.
        self.written[:, self.place] = self._find_unused().ravel() if self.beams > 1 else self.place
        starts = self._find_starts().repeat(self.beams)
        entries: Integers = starts + self.written[:, self.place]
        self.place += 1
        return entries

    def _find_unused(self) -> Integers:
        """Find for each source the first entries, as many as beams, that no row of it looks at.

        Shape:
            result: (sources, beams), counted from its first.
        """
        used = np.zeros((len(self.sources), self.written.shape[1] * self.beams), np.int8)
        np.put_along_axis(used, self.written[:, : self.place].reshape(len(used), -1), 1, 1)
        return used.argsort(1, kind="stable")[:, : self.beams]

    def _find_starts(self) -> Integers:
        """Find where the entries of each source's summaries begin."""
        starts: Integers = self.sources * count_room(self.written.shape[1] * self.beams)
        return starts

    def view_written(self) -> View:
        """View what each row has written."""
        places = np.ascontiguousarray(self.written[:, : self.place if self.beams > 1 else 0])
        counts = np.full(len(self.sources), self.place)
        if self.beams > 1:
            counts = places.reshape(len(counts), -1).max(1) + 1
        return View(self._find_starts(), counts, places, np.ascontiguousarray(self.bias[:, -self.place :]))


def count_room(entries: int) -> int:
    """Count the entries of whole blocks that have room for some."""
    return -(-entries // OUTPUTS) * OUTPUTS


def place_sources(lengths: Sequence[int]) -> Integers:
    """Find where the entries of each source begin, and where the last ones' room ends."""
    return np.array([0, *accumulate(map(count_room, lengths))])


def build_cache(entries: int, heads: int, width: int, *, rounded: bool) -> KVCache:
    """Make an empty KV cache.

    Args:
        entries: Most tokens; whole blocks of them.
        heads: Attention heads.
        width: Numbers of a head.
        rounded: Whether it holds 8 bits of a number.
    """
    kind, aside = (np.uint8, 4) if rounded else (np.float32, 1)
    keys = map_array((heads, entries // OUTPUTS, -(-width // aside), aside * OUTPUTS), kind)
    values = map_array((heads, -(-width // OUTPUTS), entries // aside, aside * OUTPUTS), kind)
    return KVCache(keys, values, *(map_array((heads, entries), np.float32) for _ in "kv"))
