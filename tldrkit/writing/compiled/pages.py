"""Arrays whose memory the operating system has back as soon as nobody holds them."""

import math
import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray


def map_array(shape: tuple[int, ...], kind: type[np.number[Any]]) -> NDArray[Any]:
    """Make an array of zeros, on memory pages of its own.

    Args:
        shape: Its shape.
        kind: Type of its numbers.
    """
    count = math.prod(shape)
    pages = mmap.mmap(-1, max(1, count * np.dtype(kind).itemsize))
    return np.frombuffer(pages, kind, count).reshape(shape)
