"""Weights in 8 bits, as ``kernels/products.py`` multiplies with them on x86."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tldrkit.models.packed.kernels.arrays import LARGEST, OUTPUTS, TINY, Floats

_SUM = 2**31 - 1
"""Largest sum of products."""
_INPUT = 2**15 - 1
"""Largest input."""


def round_weight(weight: Tensor) -> tuple[NDArray[np.int8], Floats, float]:
    """Round a weight to 8 bits, each output by its own scale, and lay it out as it is multiplied with.

    Shape:
        weight: (out, in), float32.
        result: weight, scales and most of a ``Product``.
    """
    outs, ins = weight.shape
    scales = weight.abs().amax(1).clamp_(min=TINY).div_(LARGEST)
    blocks, pairs = -(-outs // OUTPUTS), -(-ins // 2)
    rounded = torch.zeros(blocks * OUTPUTS, 2 * pairs, dtype=torch.int8)
    rounded[:outs, :ins] = (weight / scales[:, None]).round_()
    laid = rounded.view(blocks, OUTPUTS, pairs, 2).transpose(1, 2).reshape(blocks, pairs, 2 * OUTPUTS)
    sums = rounded.abs().sum(1, dtype=torch.int64)
    return laid.numpy(), scales.numpy(), float(min(_INPUT, _SUM // max(1, int(sums.max()))))
