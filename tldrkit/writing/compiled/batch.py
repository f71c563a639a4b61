"""What a decoder keeps while it writes: of the sources it has read, and of the summaries so far."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tldrkit.writing.compiled.kernels.arrays import Floats, Integers, KVCache, View
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
        written: (rows, longest summary), entries of the tokens of each row.
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
        """Begin with sources whose entries lie one behind the other."""
        counts = np.array(lengths)
        starts = counts.cumsum() - counts
        # Those behind a source's own are not looked at.
        entries = starts[:, None] + np.arange(max(lengths))
        read = View(entries, counts, np.zeros((len(bias), max(lengths)), np.float32))
        written = np.zeros((len(lengths) * beams, bias.shape[1]), np.int64)
        return cls(caches, beams, bias, np.arange(len(lengths)), read, written)

    def keep_sources(self, kept: Integers) -> None:
        """Keep some of the sources and their rows.

        Shape:
            kept: (sources kept,), in their order.
        """
        self.sources = self.sources[kept]
        self.read = View(self.read.entries[kept], self.read.counts[kept], self.read.bias)
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
        first = self.sources[:, None] * self.written.shape[1] * self.beams
        # One row alone gives nothing up.
        unused = self._find_unused(first) if self.beams > 1 else np.int64(self.place)
        entries: Integers = (first + unused).ravel()
        self.written[:, self.place] = entries
        self.place += 1
        return entries

    def _find_unused(self, first: Integers) -> Integers:
        """Find for each source the first entries, as many as beams, that no row of it looks at.

        Shape:
            first: (sources, 1), where the entries of each begin.
            result: (sources, beams), counted from there.
        """
        used = np.zeros((len(first), self.written.shape[1] * self.beams), np.int8)
        np.put_along_axis(used, self.written[:, : self.place].reshape(len(first), -1) - first, 1, 1)
        return used.argsort(1, kind="stable")[:, : self.beams]

    def view_written(self) -> View:
        """View what each row has written."""
        counts = np.full(len(self.written), self.place)
        return View(self.written, counts, np.ascontiguousarray(self.bias[:, -self.place :]))


def build_cache(entries: int, heads: int, width: int, *, rounded: bool) -> KVCache:
    """Make an empty KV cache.

    Args:
        entries: Most tokens.
        heads: Attention heads.
        width: Numbers of a head.
        rounded: Whether it holds 8 bits of a number.
    """
    kind = np.int8 if rounded else np.float32
    keys, values = (map_array((heads, entries, width), kind) for _ in "kv")
    return KVCache(keys, values, *(map_array((heads, entries), np.float32) for _ in "kv"))
