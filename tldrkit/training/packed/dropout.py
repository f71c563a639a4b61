"""Dropout masks that cost a pointer: slices of one pool of random numbers drawn beforehand."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

_POOL = 1 << 24
"""Numbers drawn once, a few times what one draw takes; a new offset makes a new mask of them."""


class DropoutMasks:
    """Draw masks that are zero with probability ``rate`` and ``1 / (1 - rate)`` elsewhere.

    Every mask is a run of independent draws, as with ``torch.nn.functional.dropout``; masks of different
    places are runs that begin at random. The masks of a step are a function of seed and step alone, so that
    a run that is taken up again, or cut into other parts, finds the same ones.

    Args:
        rate: Probability of zero.
        seed: Seed of the pool and of the offsets.
        dtype: Number format of the masks.
    """

    def __init__(self, rate: float, seed: int, dtype: torch.dtype) -> None:
        generator = torch.Generator().manual_seed(seed)
        kept = torch.empty(_POOL, dtype=dtype).bernoulli_(1 - rate, generator=generator)
        self.rate = rate
        self._pool = kept.div_(1 - rate)
        self._seed = seed
        self._offsets = torch.Generator()

    def restart(self, step: int, part: int) -> None:
        """Begin the masks of one part of one optimizer step."""
        mixed = torch.Generator().manual_seed(self._seed * 1_000_003 + step)
        drawn = torch.randint(1 << 62, (part + 1,), generator=mixed)
        self._offsets.manual_seed(int(drawn[part]))

    def draw(self, shape: Sequence[int]) -> Tensor:
        """Draw one mask; it is not to be written to.

        Shape:
            result: as asked, contiguous.
        """
        wanted = math.prod(shape)
        pieces = []
        while wanted:
            size = min(wanted, _POOL - _POOL // 8)  # what is left over is the choice of offsets
            offset = int(torch.randint(_POOL - size, (1,), generator=self._offsets))
            pieces.append(self._pool[offset : offset + size])
            wanted -= size
        whole = pieces[0] if len(pieces) == 1 else torch.cat(pieces)
        return whole.view(*shape)


@dataclass(frozen=True)
class Dropout:
    """The masks of the three places where networks drop out; None where one does not.

    Attributes:
        hidden: Embeddings, and what layers add to the hidden states.
        attention: Weights of attention.
        activation: Between the two products of a feed-forward.
    """

    hidden: DropoutMasks | None
    attention: DropoutMasks | None
    activation: DropoutMasks | None

    @classmethod
    def build(cls, rates: tuple[float, float, float], seed: int, dtype: torch.dtype) -> "Dropout | None":
        """Build masks of these rates, of one pool where rates are equal; None where all are zero."""
        pools = {rate: DropoutMasks(rate, seed, dtype) for rate in rates if rate}
        return cls(*[pools.get(rate) for rate in rates]) if pools else None

    def restart(self, step: int, part: int) -> None:
        """Begin the masks of one part of one optimizer step."""
        for masks in {self.hidden, self.attention, self.activation}:
            if masks is not None:
                masks.restart(step, part)
