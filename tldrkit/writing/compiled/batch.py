"""What is kept while a batch is decoded: KV caches of sources and summaries, and who attends to which entry.

Keys and values are never moved: where beams change places, or sources are done, rows attend to other entries.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from tldrkit.writing.compiled.kernels.arrays import OUTPUTS, Floats, Integers, KVCache, View
from tldrkit.writing.compiled.pages import map_array


@dataclass(frozen=True)
class Cache:
    """The KV caches of one decoder layer: `own` of the summaries' tokens, `read` of the sources'."""

    own: KVCache
    read: KVCache


@dataclass
class Batch:
    """Summaries that are decoded together. A source has as many rows as there are beams, side by side.

    The rows of a source share its entries in the caches of summaries: enough for the longest summary times
    the beams.

    Args:
        caches: Those of each layer.
        beams: Rows of a source.
        bias: Added to the scores of attention to the summary.
        sources: Those that are not done, by their index among all that the batch began with.
        read: What the rows of each source attend to in the caches of sources: all its tokens.
        written: The entries in the caches of summaries that hold the tokens of each row.
        place: Tokens decoded so far.

    Shape:
        bias: (heads, longest summary), by the distance from an earlier token, the farthest first.
        sources: (sources,).
        written: (rows, longest summary), counted from the first entry of the row's source.
    """

    caches: list[Cache]
    beams: int
    bias: Floats
    sources: Integers
    read: View
    written: Integers
    place: int = 0

    @classmethod
    def begin(cls, caches: list[Cache], bias: Floats, lengths: Sequence[int], beams: int) -> "Batch":
        """Begin with sources whose entries are where ``place_sources`` says.

        Args:
            caches: As in the class; those of sources are filled.
            bias: As in the class.
            lengths: Tokens of each source.
            beams: As in the class.
        """
        rows = len(lengths) * beams
        nothing = np.zeros((len(bias), max(lengths)), np.float32)
        read = View(place_sources(lengths)[:-1], np.array(lengths), np.empty((rows, 0), np.int64), nothing)
        written = np.zeros((rows, bias.shape[1]), np.int64)
        return cls(caches, beams, bias, np.arange(len(lengths)), read, written)

    def keep_sources(self, kept: Integers) -> None:
        """Drop all sources but some, with their rows.

        Shape:
            kept: (sources kept,), their indices among those left so far, ascending.
        """
        self.sources = self.sources[kept]
        read = self.read
        places = read.places[: len(kept) * self.beams]
        self.read = View(read.starts[kept], read.counts[kept], places, read.bias)
        by_source = self.written.reshape(-1, self.beams, self.written.shape[1])
        self.written = by_source[kept].reshape(-1, self.written.shape[1])

    def take_rows(self, rows: Integers) -> None:
        """Let each row go on from another row of the same source, or from itself.

        Shape:
            rows: (rows,), the row that each goes on from.
        """
        self.written = self.written[rows]

    def advance(self) -> Integers:
        """Find an entry for the next token of every row, and let the row attend to it.

        Returns:
            The entries: of each source, the first that none of its rows attends to, so that those of dropped
            beams are used again. Shape: (rows,).
        """
        # Without beams none is dropped.
        self.written[:, self.place] = self._find_unused().ravel() if self.beams > 1 else self.place
        starts = self._find_starts().repeat(self.beams)
        entries: Integers = starts + self.written[:, self.place]
        self.place += 1
        return entries

    def _find_unused(self) -> Integers:
        """Find the first entries of each source that none of its rows attends to, one for each beam.

        Shape:
            result: (sources, beams), counted from the first entry of the source.
        """
        used = np.zeros((len(self.sources), self.written.shape[1] * self.beams), np.int8)
        np.put_along_axis(used, self.written[:, : self.place].reshape(len(used), -1), 1, 1)
        return used.argsort(1, kind="stable")[:, : self.beams]

    def _find_starts(self) -> Integers:
        """Find the first entry of each source in the caches of summaries."""
        starts: Integers = self.sources * count_room(self.written.shape[1] * self.beams)
        return starts

    def view_written(self) -> View:
        """View the entries of the tokens that each row has."""
        places = np.ascontiguousarray(self.written[:, : self.place if self.beams > 1 else 0])
        counts = np.full(len(self.sources), self.place)
        if self.beams > 1:
            counts = places.reshape(len(counts), -1).max(1) + 1
        return View(self._find_starts(), counts, places, np.ascontiguousarray(self.bias[:, -self.place :]))


def count_room(entries: int) -> int:
    """Round a number of entries up to whole blocks (OUTPUTS entries each)."""
    return -(-entries // OUTPUTS) * OUTPUTS


def place_sources(lengths: Sequence[int]) -> Integers:
    """Find the first entry of each source of some lengths, and the number of all entries.

    Each source begins with a block. Shape: (sources + 1,).
    """
    return np.array([0, *accumulate(map(count_room, lengths))])


def build_cache(entries: int, heads: int, width: int, *, rounded: bool) -> KVCache:
    """Make an empty KV cache.

    Args:
        entries: Tokens that it has room for, in whole blocks.
        heads: Attention heads.
        width: Width of a head.
        rounded: Whether keys and values have 8 bits, or else float32.
    """
    kind, aside = (np.uint8, 4) if rounded else (np.float32, 1)
    keys = map_array((heads, entries // OUTPUTS, -(-width // aside), aside * OUTPUTS), kind)
    values = map_array((heads, -(-width // OUTPUTS), entries // aside, aside * OUTPUTS), kind)
    return KVCache(keys, values, *(map_array((heads, entries), np.float32) for _ in "kv"))
