"""Each written-out gradient against the one that torch finds by itself, in float64."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from tldrkit.families.hub_code.dendritic_linear import ACTIVATIONS, DendriticLinear
from tldrkit.training.packed.functions import CrossEntropy, Linear, ReluDropout, RmsNorm
from tldrkit.training.packed.linear import Cascade, project


def draw(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, requires_grad=True)


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def same(ours: Callable[..., Tensor], reference: Callable[..., Tensor], *inputs: Tensor) -> None:
    """Assert that two functions and their gradients agree."""
    results = []
    for function in (ours, reference):
        output = function(*inputs)
        weight = torch.linspace(-1, 1, output.numel(), dtype=output.dtype).view(output.shape)
        results.append((output.detach(), *torch.autograd.grad((output * weight).sum(), inputs)))
    for own, other in zip(*results, strict=True):
        torch.testing.assert_close(own, other, rtol=1e-6, atol=1e-7)


def test_the_norm_is_t5s() -> None:
    """Root mean square, then the weight."""

    def reference(hidden: Tensor, weight: Tensor) -> Tensor:
        return weight * hidden * (hidden.square().mean(-1, keepdim=True) + 1e-6).rsqrt()

    same(lambda h, w: RmsNorm.apply(h, w, 1e-6, torch.float64), reference, draw(5, 8), draw(8))


def test_stacked_layers_are_the_layers_side_by_side() -> None:
    """One product of several weights equals a product each, with biases and without."""
    same(
        lambda h, *w: Linear.apply(h, 2, *w),
        lambda h, *w: torch.cat([h @ weight.t() for weight in w], 1),
        draw(5, 8), draw(3, 8), draw(4, 8),
    )  # fmt: skip
    same(
        lambda h, *p: Linear.apply(h, 2, *p),
        lambda h, *p: torch.cat([torch.nn.functional.linear(h, p[i], p[i + 2]) for i in range(2)], 1),
        draw(5, 8), draw(3, 8), draw(4, 8), draw(3), draw(4),
    )  # fmt: skip


def test_rectifying_and_dropping_out_in_place() -> None:
    """As relu and a mask after it; the gradient passes where something is left."""
    mask = (torch.rand(5, 8, dtype=torch.float64) > 0.5).double() * 2
    same(
        lambda h: ReluDropout.apply(h * 1.0, mask, 0.5) * 1.0,
        lambda h: torch.relu(h * 1.0) * mask,
        draw(5, 8),
    )


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_is_torchs(smoothing: float) -> None:
    """Summed cross-entropy with label smoothing, over more rows than are worked on at a time."""
    labels = torch.randint(0, 11, (300,))
    reference = torch.nn.CrossEntropyLoss(reduction="sum", label_smoothing=smoothing)
    logits = torch.randn(300, 11, requires_grad=True)
    same(lambda x: CrossEntropy.apply(x * 1.0, labels, smoothing), lambda x: reference(x, labels), logits)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("bias", [False, True])
def test_dendrites_are_those_of_the_deployed_layer(activation: str, count: int, bias: bool) -> None:
    """Beside a plain layer a cascade computes what ``DendriticLinear`` does, gradients included."""
    layer = DendriticLinear(8, 6, count, activation, bias=bias, dtype=torch.float64)
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter)
    plain = draw(4, 8)
    names = [name for name, _ in layer.named_parameters()]

    def ours(hidden: Tensor, other: Tensor, *parameters: Tensor) -> Tensor:
        given = dict(zip(names, parameters, strict=True))
        links = given["dendrite_links"].split(list(range(1, count))) if count > 1 else ()
        cascade = Cascade(
            given["weight"],
            given["dendrite_weight"].unbind(),
            given["dendrite_to_output"],
            links,
            activation,
            given.get("bias"),
            given["dendrite_bias"].unbind() if bias else (),
        )
        plain_bias = other.new_zeros(len(other)) if bias else None
        return project(hidden, [cascade, Cascade(other, bias=plain_bias)])

    def reference(hidden: Tensor, other: Tensor, *_: Tensor) -> Tensor:
        return torch.cat([layer(hidden), hidden @ other.t()], 1)

    same(ours, reference, draw(5, 8), plain, *layer.parameters())
