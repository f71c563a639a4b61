"""Compiled products and their dendrites against torch's operations."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from tldrkit.models.packed.frozen import Stacked
from tldrkit.models.packed.kernels.arrays import ACTIVATIONS
from tldrkit.models.packed.kernels.elementary import activate
from tldrkit.models.packed.kernels.products import multiply
from tldrkit.models.packed.linear import Cascade, project

SIZES = st.integers(1, 70)
TORCHS = {
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "gelu": nn.GELU(),
    "gelu_new": nn.GELU(approximate="tanh"),
    "silu": nn.SiLU(),
}


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def apply(hidden: Tensor, layers: list[Cascade], dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.from_numpy(multiply(hidden.numpy(), Stacked(layers, dtype).product))


@settings(deadline=None)
@given(st.integers(1, 5), SIZES, SIZES, st.sampled_from([torch.float32, torch.bfloat16]))
def test_products_are_torchs(rows: int, ins: int, outs: int, dtype: torch.dtype) -> None:
    """Of any shape; in bf16 weights are rounded, and nothing else."""
    hidden, weight = torch.randn(rows, ins), torch.randn(outs, ins)
    result = apply(hidden, [Cascade(weight)], dtype)

    torch.testing.assert_close(result, hidden @ weight.to(dtype).float().t(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int8])
@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh"])
def test_dendrites_add_their_features(activation: str, dtype: torch.dtype) -> None:
    """Layers with no, one and three dendrites beside each other give what each gives alone."""
    ins = 24

    def grow(outs: int, dendrites: int) -> Cascade:
        links = tuple(torch.randn(earlier, outs) for earlier in range(1, dendrites))
        weights = tuple(torch.randn(outs, ins) / 5 for _ in range(dendrites))
        return Cascade(torch.randn(outs, ins), weights, torch.randn(dendrites, outs), links, activation)

    layers = [Cascade(torch.randn(40, ins)), grow(13, 3), grow(33, 1)]
    hidden = torch.randn(5, ins)
    tolerance = {torch.float32: 1e-4, torch.bfloat16: 0.1, torch.int8: 0.2}[dtype]

    torch.testing.assert_close(apply(hidden, layers, dtype), project(hidden, layers), rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_torchs(name: str) -> None:
    """Large values and small ones, near which the error is no longer one of the last digit."""
    vector = torch.cat([torch.linspace(-20, 20, 1001), torch.tensor([0.0, 1e-6, -1e-6, 1e4, -1e4])])
    expected = TORCHS[name](vector)
    activate(vector.numpy(), ACTIVATIONS.index(name))

    torch.testing.assert_close(vector, expected, rtol=1e-6, atol=3e-7)
