"""Products in 8 bits: how close they are, and that rows keep to themselves."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tests.training.packed.references import T5S, draw_rows
from tests.writing.compiled.test_search import ENDS, LONGEST, read, spread
from tldrkit.dendrites.cascade import Cascade
from tldrkit.writing.compiled.kernels.arrays import GROUP
from tldrkit.writing.compiled.kernels.products import multiply
from tldrkit.writing.compiled.kernels.target import find_features, find_target, has_int8
from tldrkit.writing.compiled.rules import Rules
from tldrkit.writing.compiled.search import Beams, write_by_beams, write_greedily
from tldrkit.writing.compiled.stacking import stack

pytestmark = pytest.mark.skipif(not has_int8(), reason="this processor has no instructions for int8")


def draw(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def build(weight: Tensor) -> Callable[[Tensor], Tensor]:
    product = stack([Cascade(weight.numpy())], "int8")
    return lambda hidden: torch.from_numpy(multiply(hidden.numpy(), product))


@pytest.mark.parametrize("shape", [(64, 32), (30, 7), (1, 512), (512, 1)])
def test_a_product_is_close_to_the_exact_one(shape: tuple[int, int]) -> None:
    """The error is that of rounding to 7 or 8 bits, outputs and rows of any size alike."""
    weight = draw(*shape) * torch.logspace(-3, 3, shape[0])[:, None]
    hidden = draw(20, shape[1]) * torch.logspace(-3, 3, 20)[:, None]
    exact = hidden.double() @ weight.double().t()
    room = hidden.norm(dim=1)[:, None] * weight.norm(dim=1)[None]  # what a product is at most

    assert ((build(weight)(hidden) - exact).abs() / room).max() < 0.02


@pytest.mark.parametrize("width", [96, 2048])
def test_inputs_are_rounded_in_groups_of_their_own(width: int) -> None:
    """An error is half a step of 1/127 of its group's range at most, times the weights of the group."""
    weight = torch.randint(-64, 65, (50, width), generator=torch.Generator().manual_seed(0)).float()
    weight[:, 5] = 64  # so that weights are not rounded
    hidden = draw(7, width)
    hidden[:, GROUP + 3] = 1e3
    exact = hidden.double() @ weight.double().t()
    ranges = torch.stack([one.amax(1) - one.amin(1) for one in hidden.split(GROUP, dim=1)], dim=1)
    sums = torch.stack([one.abs().sum(1) for one in weight.split(GROUP, dim=1)], dim=1)
    result = build(weight)(hidden)

    assert ((result - exact).abs() <= 0.51 / 127 * ranges @ sums.t()).all()
    assert (result != exact).any()


@pytest.mark.parametrize("width", [512, 521, 100_000])
def test_the_largest_values_do_not_overflow(width: int) -> None:
    """Sums of the largest products are right, however many there are."""
    weight, hidden = torch.ones(8, width), torch.ones(2, width)
    hidden[1] = -1

    result = build(weight)(hidden)
    torch.testing.assert_close(result, torch.tensor([[width], [-width]]).float().expand(2, 8))


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(-1.0, 0.0, 1.0), (-1.0, 1.0), (0.0, 1.0), (-1.0, 0.0)]))
def test_sums_of_any_signs_do_not_overflow(seed: int, weights: tuple[float, ...]) -> None:
    """Weights and inputs that are the smallest or largest ones give exact products, since none is rounded."""
    generator = np.random.default_rng(seed)
    weight = torch.from_numpy(generator.choice(weights, (33, 136)).astype(np.float32))
    hidden = torch.from_numpy(generator.choice([-0.25, 1.0], (5, 136)).astype(np.float32))

    torch.testing.assert_close(build(weight)(hidden), hidden @ weight.t(), rtol=0, atol=1e-4)


def test_it_is_offered_where_loops_are_compiled_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not where Numba is told to compile for other processors, which would end the process."""
    monkeypatch.setattr("numba.core.config.CPU_NAME", "generic")
    monkeypatch.setattr("numba.core.config.CPU_FEATURES", "")
    assert not find_target(find_features()).dot
    monkeypatch.setattr("numba.core.config.CPU_FEATURES", "+sse4.1,+avx2,+fma")
    assert find_target(find_features()).dot == "pmaddubsw"


def test_of_a_processor_that_is_only_named_little_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """LLVM does not tell what another has, so that a Haswell would get this one's AVX-512."""
    monkeypatch.setattr("numba.core.config.CPU_NAME", "haswell")
    assert find_features() <= {"avx2", "fma"}


def test_a_row_does_not_depend_on_those_beside_it() -> None:
    """A row's product is the same, bit by bit, alone and beside rows of any size."""
    product, hidden = build(draw(40, 24)), draw(9, 24)
    hidden[3] *= 1e6

    together = product(hidden)
    assert all(torch.equal(together[row], product(hidden[row : row + 1])[0]) for row in range(9))


def test_nothing_gives_zero() -> None:
    """Rows and weights of zeros are no division by zero."""
    weight, hidden = draw(6, 10), draw(4, 10)
    weight[2], hidden[1] = 0, 0
    hidden[3] = 1e-38

    result = build(weight)(hidden)
    assert result.isfinite().all()
    assert not result[:, 2].any()
    assert not result[1].any()


@pytest.mark.parametrize("kind", T5S)
def test_every_network_writes_in_int8(kind: str) -> None:
    """The first logits are near the exact ones, and each row is written alike in any company."""
    network = spread(T5S[kind]())
    sources = draw_rows(9, 30)
    exact, rounded = read(network), read(network, "int8")
    start = np.full(len(sources), exact.start)
    first, near = (one.step(start, one.begin(sources, 1)) for one in (exact, rounded))
    greedy = write_greedily(rounded, sources, LONGEST, Rules(ENDS))
    searched = write_by_beams(rounded, sources, LONGEST, Rules(ENDS), Beams(3))
    alone = [write_greedily(rounded, [source], LONGEST, Rules(ENDS))[0] for source in sources]
    searched_alone = [write_by_beams(rounded, [s], LONGEST, Rules(ENDS), Beams(3))[0] for s in sources]

    assert np.linalg.norm(near - first) / np.linalg.norm(first) < 0.1
    assert (near != first).any()
    assert greedy == alone
    assert searched == searched_alone
