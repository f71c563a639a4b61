import math

import pytest
import torch

from tldrkit.training.packed.dropout import DropoutMasks

MASKS = DropoutMasks(0.1, 7, torch.float32)


def test_masks_have_the_distribution_of_dropout() -> None:
    """Zero with the rate's probability, the reciprocal of what is kept elsewhere, one row not as the next."""
    MASKS.restart(step=3, part=0)
    mask = MASKS.draw((2000, 500))
    share = (mask == 0).float()
    deviation = math.sqrt(0.1 * 0.9 / mask.numel())

    assert mask.unique().tolist() == [0.0, pytest.approx(1 / 0.9)]
    assert share.mean() == pytest.approx(0.1, abs=4 * deviation)
    for apart in (1, 500):  # neighbours in a row, and in a column
        both = share.flatten()[apart:] * share.flatten()[:-apart]
        assert both.mean() == pytest.approx(0.01, abs=4 * math.sqrt(0.01 / mask.numel()))


def test_no_two_masks_are_alike() -> None:
    """Layers, parts and steps each drop out elements of their own."""
    drawn = []
    for step, part in ((0, 0), (0, 1), (1, 0)):
        MASKS.restart(step, part)
        drawn += [MASKS.draw((64, 64)) for _ in range(3)]

    assert all(not torch.equal(a, b) for i, a in enumerate(drawn) for b in drawn[:i])


def test_the_masks_of_a_step_are_a_function_of_seed_and_step() -> None:
    """A run that is taken up again finds the masks it would have drawn; another seed draws others."""
    MASKS.restart(step=5, part=2)
    first = MASKS.draw((100,)), MASKS.draw((30, 3))
    again, other = DropoutMasks(0.1, 7, torch.float32), DropoutMasks(0.1, 8, torch.float32)
    for masks in (again, other):
        masks.restart(step=4, part=0)
        masks.draw((1000,))
        masks.restart(step=5, part=2)

    assert all(torch.equal(mask, again.draw(mask.shape)) for mask in first)
    assert not torch.equal(first[0], other.draw((100,)))


def test_a_mask_may_be_larger_than_the_pool() -> None:
    """Large layers draw several runs."""
    MASKS.restart(0, 0)

    assert (MASKS.draw((5000, 5000)) == 0).float().mean() == pytest.approx(0.1, abs=1e-3)
