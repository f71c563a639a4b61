"""Products with 8-bit weights and activations, by torch's kernels for x86."""

import warnings

import torch
from torch import Tensor

from tldrkit.models.packed.kernels import scale_rows

_ENGINE = "fbgemm"
"""Of torch's engines the one that takes scales, and gives float32."""
_LARGEST = 127
"""Of an 8-bit weight."""
_HALF_RANGE = 63
"""Activations have 7 bits: without VNNI, pairs of products are added in 16 bits, which 8 would overflow."""
_TINY = torch.finfo(torch.float32).tiny
"""Scale of what is zero throughout."""


def has_int8() -> bool:
    """Tell whether this processor has the kernels."""
    return _ENGINE in torch.backends.quantized.supported_engines


class Int8Product:
    """A product whose weights are rounded once, each output by its own scale, and activations row by row.

    A row's scale is its own largest value, so that no row depends on those beside it.

    Args:
        weight: (out, in), float32.
    """

    def __init__(self, weight: Tensor) -> None:
        scales = weight.abs().amax(1).clamp_(min=_TINY).double().div_(_LARGEST)
        zeros = torch.zeros(len(weight), dtype=torch.long)
        before, torch.backends.quantized.engine = torch.backends.quantized.engine, _ENGINE
        try:
            with warnings.catch_warnings():
                warnings.simplefilter(
                    "ignore"
                )  # quantized tensors will go; nothing else packs for these kernels
                rounded = torch.quantize_per_channel(weight.contiguous(), scales, zeros, 0, torch.qint8)
                self._packed = torch.ops.quantized.linear_prepack(rounded, None)
        finally:
            torch.backends.quantized.engine = before
        self._multiply = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32

    def __call__(self, hidden: Tensor) -> Tensor:
        """Multiply.

        Shape:
            hidden: (rows, in), float32.
            result: (rows, out).
        """
        scaled, largest = torch.empty_like(hidden), hidden.new_empty(len(hidden), 1)
        scale_rows(hidden.numpy(), scaled.numpy(), largest.numpy())
        product: Tensor = self._multiply(scaled, 1 / _HALF_RANGE, _HALF_RANGE + 1, self._packed)
        return product.mul_(largest)
