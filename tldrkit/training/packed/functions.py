"""The parts of a training step whose gradients are cheaper written out than traced."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

_ROWS = 128
"""Rows of logits whose float32 copy is held at a time."""


class RmsNorm(torch.autograd.Function):
    """Scale to unit root mean square, then by a weight (Zhang & Sennrich 2019), as T5's norms do."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, eps: float, dtype: torch.dtype) -> Tensor:  # noqa: ANN401  (torch's contexts take any attribute)
        """Normalize.

        Shape:
            hidden: (tokens, width), float32.
            weight: (width,).
            result: (tokens, width), of ``dtype``.
        """
        scale = torch.linalg.vector_norm(hidden, dim=-1, keepdim=True)
        scale = scale.square_().div_(hidden.shape[-1]).add_(eps).rsqrt_()
        ctx.save_for_backward(hidden, weight, scale)
        return torch.mul(hidden, scale).mul_(weight).to(dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401  (as above)
        """Return the gradients of hidden and weight."""
        hidden, weight, scale = ctx.saved_tensors
        normed = hidden * scale
        product = normed * grad
        grad_weight = product.sum(0)
        inner = torch.mv(product, weight).div_(hidden.shape[-1])
        grad_hidden = torch.mul(grad, weight).addcmul_(normed, inner[:, None], value=-1.0)
        return grad_hidden.mul_(scale), grad_weight, None, None


class Linear(torch.autograd.Function):
    """Several linear layers of one input in one product; the gradient reaches their own weights."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, count: int, *parameters: Tensor) -> Tensor:  # noqa: ANN401  (as above)
        """Multiply, and add biases.

        Args:
            ctx: Torch's.
            hidden: The input.
            count: How many of the parameters are weights; as many biases follow, or none.
            parameters: Converted to the number format of ``hidden`` here, once a pass.

        Shape:
            hidden: (tokens, in), in the number format to multiply in.
            parameters: weights of (out, in) each, then biases of (out,) each.
            result: (tokens, sum of out).
        """
        weights, biases = parameters[:count], parameters[count:]
        stacked = _stack(weights, hidden.dtype)
        ctx.save_for_backward(hidden, stacked)
        ctx.outs, ctx.exact, ctx.biased = [len(weight) for weight in weights], weights[0].dtype, bool(biases)
        if not biases:
            return torch.mm(hidden, stacked.t())
        return torch.addmm(_stack(biases, hidden.dtype), hidden, stacked.t())

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401  (as above)
        """Return the gradients of hidden and of each weight and bias."""
        hidden, stacked = ctx.saved_tensors
        grad_hidden = torch.mm(grad, stacked) if ctx.needs_input_grad[0] else None
        grad_weights = torch.split(torch.mm(grad.t(), hidden).to(ctx.exact), ctx.outs)
        grad_biases = torch.split(grad.sum(0, dtype=ctx.exact), ctx.outs) if ctx.biased else ()
        return grad_hidden, None, *grad_weights, *grad_biases


def _stack(parts: Sequence[Tensor], dtype: torch.dtype) -> Tensor:
    converted = [part.to(dtype) for part in parts]
    return converted[0] if len(converted) == 1 else torch.cat(converted)


class ReluDropout(torch.autograd.Function):
    """Rectify and drop out, in place: what is left above zero tells the backward pass all it needs."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, mask: Tensor | None, rate: float) -> Tensor:  # noqa: ANN401  (as above)
        """Rectify.

        Shape:
            hidden, mask, result: (tokens, width).
        """
        hidden.relu_()
        if mask is not None:
            hidden.mul_(mask)
        ctx.mark_dirty(hidden)
        ctx.save_for_backward(hidden)
        ctx.scale = 1.0 if mask is None else 1 / (1 - rate)
        return hidden

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401  (as above)
        """Return the gradient of hidden."""
        (hidden,) = ctx.saved_tensors
        # In place: the gradient is the product of the layer behind, which nobody else has.
        passed = torch.ops.aten.threshold_backward.grad_input(grad, hidden, 0, grad_input=grad)
        return (passed if ctx.scale == 1.0 else passed.mul_(ctx.scale)), None, None


class CrossEntropy(torch.autograd.Function):
    """Sum the cross-entropy of logits, whose gradient takes the logits' place: nothing is held twice."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:  # noqa: ANN401  (as above)
        """Sum the loss; ``logits`` is used up.

        Shape:
            logits: (tokens, vocabulary).
            labels: (tokens,).
            result: ().
        """
        wanted = ctx.needs_input_grad[0]
        exact = torch.promote_types(logits.dtype, torch.float32)
        total = logits.new_zeros((), dtype=torch.float64)
        for some, label in zip(torch.split(logits, _ROWS), torch.split(labels, _ROWS), strict=True):
            log_share = torch.log_softmax(some, -1, dtype=exact)
            own = -log_share.gather(1, label[:, None]).sum(dtype=torch.float64)
            total += (1 - smoothing) * own
            if smoothing:
                total -= smoothing * log_share.mean(-1).sum(dtype=torch.float64)
            if wanted:
                grad = log_share.exp_().sub_(smoothing / logits.shape[1])
                grad.scatter_add_(1, label[:, None], grad.new_full((len(label), 1), smoothing - 1))
                some.copy_(grad)
        ctx.grad = logits.detach() if wanted else None
        return total.to(exact)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401  (as above)
        """Return the gradient of the logits."""
        spread, ctx.grad = ctx.grad.mul_(grad), None
        return spread, None, None


class _NoContext:
    """Stands in for the context of a function whose gradient nobody wants."""

    needs_input_grad = (False,)

    def save_for_backward(self, *tensors: Tensor) -> None:
        """Save nothing."""

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Mark nothing."""


def apply(function: type[torch.autograd.Function], *inputs: object) -> Tensor:
    """Apply a function, so that its gradient is taken as written here.

    Without gradients its forward pass alone runs: torch's frame around it takes as long as a small product.
    """
    kind: Any = function
    result: Tensor = kind.apply(*inputs) if torch.is_grad_enabled() else kind.forward(_NoContext(), *inputs)
    return result
