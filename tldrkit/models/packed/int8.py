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
    blocks, pairs = -(-outs // OUTPUTS), -(-ins // 2)
    laid = torch.empty(blocks, pairs, OUTPUTS, 2, dtype=torch.int8)
    scales, most = torch.zeros(blocks * OUTPUTS), 1
    for block in range(blocks):  # a copy of a whole output layer would be most of the memory in use
        own = slice(block * OUTPUTS, min(outs, (block + 1) * OUTPUTS))
        scale = weight[own].abs().amax(1).clamp_(min=TINY).div_(LARGEST)
        rounded = torch.zeros(OUTPUTS, 2 * pairs, dtype=torch.int8)
        rounded[: len(scale), :ins] = weight[own].div(scale[:, None]).round_()
        laid[block] = rounded.view(OUTPUTS, pairs, 2).transpose(0, 1)
        scales[own] = scale
        most = max(most, int(rounded.abs().sum(1, dtype=torch.int32).max()))
    return laid.flatten(2).numpy(), scales.numpy(), float(min(_INPUT, _SUM // most))
