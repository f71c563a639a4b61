"""Products in 8 bits: how close they are, and that rows keep to themselves."""

import pytest
import torch
from torch import Tensor

from tests.models.packed.test_generation import ENDS, LONGEST, spread
from tests.models.packed.test_t5 import NETWORKS, draw_rows
from tldrkit.models.dendrites import read_linear
from tldrkit.models.packed.decoder import PackedDecoder
from tldrkit.models.packed.generation import Beams, write_by_beams, write_greedily
from tldrkit.models.packed.int8 import Int8Product, has_int8

pytestmark = pytest.mark.skipif(not has_int8(), reason="torch has no int8 kernels for this processor")


def draw(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


@pytest.mark.parametrize("shape", [(64, 32), (30, 7), (1, 512), (512, 1)])
def test_a_product_is_close_to_the_exact_one(shape: tuple[int, int]) -> None:
    """The error is that of rounding to 7 and 8 bits, outputs and rows of any size alike."""
    weight = draw(*shape) * torch.logspace(-3, 3, shape[0])[:, None]
    hidden = draw(20, shape[1]) * torch.logspace(-3, 3, 20)[:, None]
    exact = hidden.double() @ weight.double().t()
    room = hidden.norm(dim=1)[:, None] * weight.norm(dim=1)[None]  # what a product is at most

    assert ((Int8Product(weight)(hidden) - exact).abs() / room).max() < 0.02


def test_the_largest_values_do_not_overflow() -> None:
    """Sums of the largest products are right: kernels that add in 16 bits would cut them."""
    weight, hidden = torch.ones(8, 512), torch.ones(2, 512)
    hidden[1] = -1

    result = Int8Product(weight)(hidden)
    assert torch.allclose(result, torch.tensor([[512.0], [-512.0]]).expand(2, 8))


def test_a_row_does_not_depend_on_those_beside_it() -> None:
    """A row's product is the same, bit by bit, alone and beside rows of any size."""
    product, hidden = Int8Product(draw(40, 24)), draw(9, 24)
    hidden[3] *= 1e6

    together = product(hidden)
    assert all(torch.equal(together[row], product(hidden[row : row + 1])[0]) for row in range(9))


def test_nothing_gives_zero() -> None:
    """Rows and weights of zeros are no division by zero."""
    weight, hidden = draw(6, 10), draw(4, 10)
    weight[2], hidden[1] = 0, 0

    result = Int8Product(weight)(hidden)
    assert result.isfinite().all()
    assert not result[:, 2].any()
    assert not result[1].any()


@pytest.mark.parametrize("kind", NETWORKS)
def test_every_network_writes_in_int8(kind: str) -> None:
    """The first logits are near the exact ones, and each row is written alike in any company."""
    network = spread(NETWORKS[kind]())
    sources = draw_rows(9, 30)
    exact, rounded = (PackedDecoder(network, read_linear, dtype) for dtype in (torch.float32, torch.int8))
    with torch.no_grad():
        start = torch.full((len(sources),), exact.start)
        first, near = (one.step(start, one.begin(sources, 1)) for one in (exact, rounded))
        greedy = write_greedily(rounded, sources, LONGEST, ENDS)
        searched = write_by_beams(rounded, sources, LONGEST, ENDS, Beams(3))
        alone = [write_greedily(rounded, [source], LONGEST, ENDS)[0] for source in sources]
        searched_alone = [write_by_beams(rounded, [s], LONGEST, ENDS, Beams(3))[0] for s in sources]

    assert (near - first).norm() / first.norm() < 0.1
    assert near.ne(first).any()
    assert greedy == alone
    assert searched == searched_alone
