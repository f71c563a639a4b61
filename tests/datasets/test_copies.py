from itertools import islice

import pytest

from tldrkit.datasets.copies import stream_copies
from tldrkit.specs import BaseSpec


@pytest.mark.parametrize(("source", "target"), [(256, 64), (40, 12), (8, 4)])
def test_a_target_is_a_run_of_its_source(source: int, target: int) -> None:
    """Targets are runs of their sources' tokens, both within the limits, with the end mark."""
    spec = BaseSpec(max_source_tokens=source, max_target_tokens=target, batch_size=3)
    for batch in islice(stream_copies(range(10, 2000), 1, spec), 20):
        assert len(batch) == 3
        for row in batch:
            assert row.source[-1] == row.target[-1] == 1
            assert 2 <= len(row.target) <= target
            assert len(row.source) <= source
            assert min(row.source[:-1]) >= 10
            written = row.target[:-1]
            assert any(row.source[at : at + len(written)] == written for at in range(len(row.source)))


def test_the_seed_decides_what_is_copied() -> None:
    """The same seed draws the same batches, another one others."""
    first, again, other = (
        list(islice(stream_copies(range(9), 9, BaseSpec(seed=seed)), 2)) for seed in (1, 1, 2)
    )
    assert first == again != other
