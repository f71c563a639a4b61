"""Linear layers as packed tokens meet them: plain or with dendrites, several in one product."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from tldrkit.dendrites.cascade import Cascade
from tldrkit.families.hub_code.dendritic_linear import ACTIVATIONS
from tldrkit.training.packed.functions import Linear, apply

_GRADIENTS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "relu": lambda grad, output: torch.ops.aten.threshold_backward(grad, output, 0),
    "sigmoid": torch.ops.aten.sigmoid_backward,
    "tanh": torch.ops.aten.tanh_backward,
}


def project(hidden: Tensor, layers: Sequence[Cascade[Tensor]]) -> Tensor:
    """Apply several layers to one input, in one product.

    Shape:
        hidden: (tokens, in), in the number format to multiply in.
        result: (tokens, sum of out).
    """
    weights = [weight for layer in layers for weight in (layer.weight, *layer.dendrites)]
    biases = [
        bias for layer in layers if layer.bias is not None for bias in (layer.bias, *layer.dendrite_biases)
    ]
    return sprout(apply(Linear, hidden, len(weights), *weights, *biases), layers)


class Trained:
    """Linear layers whose weights train: they are read anew each time, and have gradients.

    Args:
        read: Reads the parameters of a linear layer.
    """

    def __init__(self, read: Callable[[nn.Module], Cascade[Tensor]]) -> None:
        self._read = read

    def __call__(self, hidden: Tensor, *layers: nn.Module) -> Tensor:
        """Apply layers to one input, in one product.

        Shape:
            hidden: (tokens, in), in the number format to multiply in.
            result: (tokens, sum of out).
        """
        return project(hidden, [self._read(layer) for layer in layers])


def sprout(product: Tensor, layers: Sequence[Cascade[Tensor]]) -> Tensor:
    """Let the dendrites of layers add their features to their parts of a product."""
    if not any(layer.dendrites for layer in layers):
        return product
    sizes = [layer.weight.shape[0] * (1 + len(layer.dendrites)) for layer in layers]
    outputs = [
        apply(Sprout, part, layer.activation, layer.to_output, *layer.links) if layer.dendrites else part
        for part, layer in zip(torch.split(product, sizes, dim=1), layers, strict=True)
    ]
    return outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=1)


class Sprout(torch.autograd.Function):
    """Let the dendrites of one layer add their features to its output."""

    @staticmethod
    def forward(ctx: Any, product: Tensor, activation: str, to_output: Tensor, *links: Tensor) -> Tensor:  # noqa: ANN401  (torch's contexts take any attribute)
        """Combine.

        Shape:
            product: (tokens, (1 + dendrites) * out) of W x, D_1 x, D_2 x and so on.
            to_output: (dendrites, out).
            links: (earlier dendrites, out) for each dendrite but the first.
            result: (tokens, out).
        """
        top = to_output.to(product.dtype)
        main, *inputs = product.chunk(1 + len(top), dim=1)
        output, features = main, list[Tensor]()
        for dendrite, feature in enumerate(inputs):
            for link, earlier in zip(links[dendrite - 1] if dendrite else (), features, strict=True):
                feature = torch.addcmul(feature, earlier, link.to(product.dtype))
            features.append(ACTIVATIONS[activation](feature))
            output = torch.addcmul(output, features[-1], top[dendrite])
        ctx.save_for_backward(to_output, *links, *features)
        ctx.activation = activation
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401  (as above)
        """Return the gradients of product, output weights and links."""
        to_output, *rest = ctx.saved_tensors
        count = len(to_output)
        links, features = rest[: count - 1], rest[count - 1 :]
        top = to_output.to(grad.dtype)
        grad_product = grad.new_empty(len(grad), (1 + count) * grad.shape[1])
        main, *inputs = grad_product.chunk(1 + count, dim=1)
        main.copy_(grad)
        for dendrite in reversed(range(count)):
            into = grad * top[dendrite]
            for later in range(dendrite + 1, count):
                into.addcmul_(inputs[later], links[later - 1][dendrite].to(grad.dtype))
            inputs[dendrite].copy_(_GRADIENTS[ctx.activation](into, features[dendrite]))
        grad_top = torch.stack([(grad * feature).sum(0, dtype=torch.float32) for feature in features])
        grad_links = [
            torch.stack([(inputs[later] * features[i]).sum(0, dtype=torch.float32) for i in range(later)])
            for later in range(1, count)
        ]
        return grad_product, None, grad_top, *grad_links
