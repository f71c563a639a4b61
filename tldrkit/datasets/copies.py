"""What teaches copying: runs of random tokens, and parts of them to write again. Knows no texts."""

import random
from collections.abc import Iterator, Sequence

from tldrkit.datasets.batches import Tokens
from tldrkit.specs import FitSpec

_SHORTEST, _LONGEST = 30, 100  # tokens of a source: about those of a short thread
_WRITTEN = 36  # tokens of a target: about those of a TL;DR


def stream_copies(tokens: Sequence[int], end: int, spec: FitSpec) -> Iterator[list[Tokens]]:
    """Yield batches without end: each source is random tokens, its target a run of them.

    Nothing but copying makes such a target likely, so a network learns it within hundreds of steps; in texts
    there is nearly always something easier to learn first.

    Args:
        tokens: What sources are drawn from.
        end: The mark at the end of both.
        spec: Gives the seed, the rows of a batch and the limits of both.
    """
    draw = random.Random(spec.seed)
    longest = min(_LONGEST, spec.taught.max_source_tokens - 1)
    written = min(_WRITTEN, spec.taught.max_target_tokens - 1)

    def draw_row() -> Tokens:
        source = draw.choices(tokens, k=draw.randint(min(_SHORTEST, longest), longest))
        first = draw.randrange(max(1, len(source) - written // 2))
        return Tokens([*source, end], [*source[first : first + written], end])

    while True:
        yield [draw_row() for _ in range(spec.batch_size)]
