"""Weights in 8 bits, as ``kernels.py`` multiplies with them on x86."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tldrkit.models.packed.kernels.arrays import OUTPUTS, Floats

_LARGEST = 127
"""Of an 8-bit weight."""
_TINY = 1e-30
"""Smallest largest magnitude: numbers are divided by it."""


def has_int8() -> bool:
    """Tell whether this processor has the instructions."""
    return torch.backends.cpu.get_cpu_capability().startswith("AVX")


def round_weight(weight: Tensor) -> tuple[NDArray[np.int8], Floats]:
    """Round a weight to 8 bits, each output by its own scale, and lay it out as it is multiplied with.

    Shape:
        weight: (out, in), float32.
        result: weight and scales of a ``Product``.
    """
    outs, ins = weight.shape
    scales = weight.abs().amax(1).clamp_(min=_TINY).div_(_LARGEST)
    blocks, pairs = -(-outs // OUTPUTS), -(-ins // 2)
    rounded = torch.zeros(blocks * OUTPUTS, 2 * pairs, dtype=torch.int8)
    rounded[:outs, :ins] = (weight / scales[:, None]).round_()
    laid = rounded.view(blocks, OUTPUTS, pairs, 2).transpose(1, 2).reshape(blocks, pairs, 2 * OUTPUTS)
    return laid.numpy(), scales.numpy()
