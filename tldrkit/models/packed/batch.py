"""What a decoder keeps while it writes: of the sources it has read, and of the summaries so far."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

_TOKENS = 2048
"""Tokens read together: what lies between the layers then stays in the processor's cache."""
_PADDED = 1.15
"""Most padded tokens for one of a source."""


@dataclass
class Cache:
    """What one decoder layer has seen, by head.

    Shape:
        keys, values: (sources * heads, longest summary * beams, head width); places of one time lie together.
        read_keys: of each group of sources (sources * heads, head width, longest source).
        read_values: of each group (sources * heads, longest source, head width).
    """

    keys: Tensor
    values: Tensor
    read_keys: list[Tensor]
    read_values: list[Tensor]


@dataclass
class Group:
    """Sources next to each other and of about one length, which attention pads and works on together.

    Shape:
        blocked: (sources, 1, longest source), True at padding; None where there is none.
    """

    sources: int
    blocked: Tensor | None

    def keep(self, places: Tensor) -> "Group":
        """Keep some of the sources."""
        return Group(len(places), None if self.blocked is None else self.blocked[places])


@dataclass
class Batch:
    """Summaries that are written together: one row each, or `beams` rows in a row for each source.

    Beams that change places leave what they have written where it is: a row knows whose pieces are its own.

    Shape:
        bias: (heads, longest summary, longest summary), of every place towards the others.
        ancestors: (sources, beams, longest summary), the beam that wrote each piece of a row.
    """

    caches: list[Cache]
    groups: list[Group]
    beams: int
    bias: Tensor
    ancestors: Tensor
    place: int = 0
    """Pieces written so far."""

    @property
    def sources(self) -> int:
        """Sources that are still written for."""
        return sum(group.sources for group in self.groups)

    def keep_sources(self, kept: Tensor) -> None:
        """Keep some of the sources and their rows.

        Shape:
            kept: (sources kept,), in their order.
        """
        before, self.ancestors = self.sources, self.ancestors[kept]
        self._keep_read(kept)
        for cache in self.caches:
            written = self.place * self.beams
            for name in ("keys", "values"):
                old = getattr(cache, name).view(before, -1, *cache.keys.shape[1:])
                new = old.new_empty(len(kept), *old.shape[1:])
                new[:, :, :written] = old[:, :, :written].index_select(0, kept)
                setattr(cache, name, new.flatten(0, 1))

    def _keep_read(self, kept: Tensor) -> None:
        """Keep what was read of some of the sources, and no group without any."""
        stays = torch.zeros(self.sources, dtype=torch.bool)
        stays[kept] = True
        parts = torch.split(stays, [group.sources for group in self.groups])
        left = [(index, part.nonzero().flatten()) for index, part in enumerate(parts) if part.any()]
        for cache in self.caches:
            for name in ("read_keys", "read_values"):
                old = getattr(cache, name)
                new = [_select(old[index], self.groups[index].sources, places) for index, places in left]
                setattr(cache, name, new)
        self.groups = [self.groups[index].keep(places) for index, places in left]

    def take_rows(self, rows: Tensor) -> None:
        """Let each row go on from another one of the same source.

        Shape:
            rows: (sources * beams,).
        """
        self.ancestors = self.ancestors.flatten(0, 1)[rows].view(self.ancestors.shape)

    def advance(self) -> Tensor:
        """Begin the next place.

        Returns:
            What is added to the scores of a row towards what is written: the position bias, and ``-inf`` at
            what other rows wrote.

        Shape:
            result: (sources or 1, heads, beams or 1, places so far * beams).
        """
        self.ancestors[:, :, self.place] = torch.arange(self.beams)
        bias = self.bias[:, self.place, : self.place + 1]
        self.place += 1
        if self.beams == 1:
            return bias[None, :, None]
        of_others = self.ancestors[:, None, :, : self.place, None] != torch.arange(self.beams)
        return bias[None, :, None, :, None].masked_fill(of_others, float("-inf")).flatten(3)


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


def _select(tensor: Tensor, sources: int, kept: Tensor) -> Tensor:
    """Select sources of a group."""
    if len(kept) == sources:
        return tensor
    return tensor.view(sources, -1, *tensor.shape[1:]).index_select(0, kept).flatten(0, 1)
