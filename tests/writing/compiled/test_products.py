"""Compiled products and their dendrites against torch's operations."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from tldrkit.dendrites.cascade import Cascade
from tldrkit.specs import Precision
from tldrkit.training.packed.linear import project
from tldrkit.writing.compiled.kernels.arrays import LOOP_ACTIVATIONS
from tldrkit.writing.compiled.kernels.elementary import activate
from tldrkit.writing.compiled.kernels.products import multiply
from tldrkit.writing.compiled.kernels.target import TARGET
from tldrkit.writing.compiled.stacking import stack

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


def apply(hidden: Tensor, layers: list[Cascade[Tensor]], precision: Precision) -> Tensor:
    given = [
        Cascade(
            layer.weight.numpy(),
            tuple(dendrite.numpy() for dendrite in layer.dendrites),
            None if layer.to_output is None else layer.to_output.numpy(),
            tuple(link.numpy() for link in layer.links),
            layer.activation,
        )
        for layer in layers
    ]
    return torch.from_numpy(multiply(hidden.numpy(), stack(given, precision)))


@settings(deadline=None)
@given(st.integers(1, 150), SIZES, SIZES, st.sampled_from(["fp32", "bf16"]))
def test_products_are_torchs(rows: int, ins: int, outs: int, precision: Precision) -> None:
    """Of any shape; in bf16 weights are rounded, and inputs where the processor multiplies pairs of it."""
    hidden, weight = torch.randn(rows, ins), torch.randn(outs, ins)
    if precision == "bf16" and TARGET.pairs:
        hidden = hidden.bfloat16().float()
    result = apply(hidden, [Cascade(weight)], precision)
    rounded = weight.bfloat16().float() if precision == "bf16" else weight

    torch.testing.assert_close(result, hidden @ rounded.t(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh"])
def test_dendrites_add_their_features(activation: str, precision: Precision) -> None:
    """Layers with no, one and three dendrites beside each other give what each gives alone."""
    ins = 24

    def grow(outs: int, dendrites: int) -> Cascade[Tensor]:
        links = tuple(torch.randn(earlier, outs) for earlier in range(1, dendrites))
        weights = tuple(torch.randn(outs, ins) / 5 for _ in range(dendrites))
        return Cascade(torch.randn(outs, ins), weights, torch.randn(dendrites, outs), links, activation)

    layers = [Cascade(torch.randn(40, ins)), grow(13, 3), grow(33, 1)]
    hidden = torch.randn(5, ins)
    result, tolerance = apply(hidden, layers, precision), {"fp32": 1e-4, "bf16": 0.1, "int8": 0.2}[precision]

    torch.testing.assert_close(result, project(hidden, layers), rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", LOOP_ACTIVATIONS)
def test_activations_are_torchs(name: str) -> None:
    """In float64, since torch's own errors in float32 differ by processor; of large values and small ones."""
    vector = torch.cat([torch.linspace(-20, 20, 1001), torch.tensor([0.0, 1e-6, -1e-6, 1e4, -1e4])])
    expected = TORCHS[name](vector.double())
    activate(vector.numpy(), LOOP_ACTIVATIONS.index(name))

    torch.testing.assert_close(vector.double(), expected, rtol=1e-6, atol=3e-7)
