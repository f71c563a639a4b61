import ast
from pathlib import Path

import pytest
import torch
from torch import nn

from tldrkit.families.hub_code import dendritic_linear
from tldrkit.families.hub_code.dendritic_linear import DendriticLinear, grow_linears


def draw(layer: nn.Module) -> None:
    generator = torch.Generator().manual_seed(3)
    for parameter in layer.parameters():
        parameter.data.normal_(generator=generator)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
@pytest.mark.parametrize("dendrites", [1, 2, 3])
def test_computes_the_formula(dendrites: int, activation: str, bias: bool) -> None:
    """The layer is y = W x + sum_j t_j * o_j, where o_j = a(D_j x + sum_{i<j} s_ji * o_i)."""
    layer = DendriticLinear(5, 4, dendrites, activation, bias=bias)
    draw(layer)
    hidden = torch.randn(2, 3, 5)
    expected, outputs = hidden @ layer.weight.T + (layer.bias if bias else 0), []
    for j in range(dendrites):
        total = hidden @ layer.dendrite_weight[j].T + (layer.dendrite_bias[j] if bias else 0)
        for i in range(j):
            total = total + layer.dendrite_links[j * (j - 1) // 2 + i] * outputs[i]
        outputs.append(getattr(torch, activation)(total))
        expected = expected + layer.dendrite_to_output[j] * outputs[j]
    torch.testing.assert_close(layer(hidden), expected)


def test_every_parameter_learns() -> None:
    """No parameter is left out of the gradient."""
    layer = DendriticLinear(5, 4, 3, "tanh")
    draw(layer)
    layer(torch.randn(2, 3, 5)).sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in layer.parameters())


@pytest.mark.parametrize("bias", [True, False])
def test_growing_keeps_function_and_weights(bias: bool) -> None:
    """A grown layer computes what the linear one did, with the very same weights."""
    network = nn.Sequential(nn.Linear(5, 4, bias=bias), nn.Linear(4, 2))
    hidden, linear = torch.randn(3, 5), network[0]
    before = network(hidden)
    grow_linears(network, {"0": 2}, "sigmoid")
    assert torch.equal(network(hidden), before)
    assert network[0].weight is linear.weight
    assert network[0].bias is linear.bias
    assert isinstance(network[1], nn.Linear)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_growing_keeps_device_and_dtype(dtype: torch.dtype) -> None:
    """Dendrites live where the layer lives, in its number format."""
    network = nn.ModuleDict({"fc": nn.Linear(3, 2, device="meta", dtype=dtype)})
    grow_linears(network, {"fc": 2}, "relu")
    assert {(p.device.type, p.dtype) for p in network.parameters()} == {("meta", dtype)}


@pytest.mark.parametrize("path", ["1", "0.weight", "", "missing"])
def test_a_path_that_is_no_linear_layer_is_refused(path: str) -> None:
    """Growth that does not fit the network is an error, not silence."""
    network = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    with pytest.raises(ValueError, match="no linear layer"):
        grow_linears(network, {path: 1}, "sigmoid")


def test_impossible_layers_are_refused() -> None:
    """An unknown activation and a layer without dendrites raise."""
    with pytest.raises(ValueError, match="activation"):
        DendriticLinear(2, 2, 1, "softmax")
    with pytest.raises(ValueError, match="at least one"):
        DendriticLinear(2, 2, 0)


def test_the_file_stands_alone() -> None:
    """The file is exported beside weights, so it imports torch and the standard library alone."""
    tree = ast.parse(Path(dendritic_linear.__file__).read_text(encoding="utf-8"))
    froms = {node.module.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    plain = {a.name.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    assert froms | plain == {"collections", "math", "torch"}
