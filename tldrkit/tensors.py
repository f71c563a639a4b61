"""The one door to what safetensors files can do wrong: cut short, no numbers, or a disk that is full.

Does not know what their tensors mean, and never unpickles anything.
"""

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from tldrkit.errors import ModelError
from tldrkit.texts import say_reason

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

_REASONS = (errno.ENOSPC, errno.EDQUOT, errno.EACCES)


def check_whole(path: Path) -> None:
    """Check that a safetensors file exists and is as long as its header says; reads the header only.

    Raises:
        ModelError: The file is missing, cut short or no safetensors file.
    """
    try:
        with safe_open(path, framework="np"):
            pass
    except FileNotFoundError as error:
        raise ModelError(f"{path} is missing.", hint="Copy the whole folder again.") from error
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"{path} is damaged: {say_reason(error)}.",
            hint="Copy the file again, or make the artifact again.",
        ) from error


def list_tensors(path: Path) -> frozenset[str]:
    """List the names of the tensors that a whole file holds."""
    file: Any = safe_open
    with file(path, framework="np") as opened:
        return frozenset(opened.keys())


def describe_infinite(place: Path | str, name: str) -> ModelError:
    """Say that a tensor is not finite, which no training or compression mends."""
    return ModelError(
        f"{place} is damaged: {name} holds what is no finite number (NaN or infinity).",
        hint="Its training failed, or the file was changed: use another model, or an earlier version.",
    )


class TensorFile:
    """A safetensors file that is open: each tensor is read when it is asked for.

    Args:
        path: The file.

    Raises:
        ModelError: The file is missing, cut short or no safetensors file.
    """

    def __init__(self, path: Path) -> None:
        check_whole(path)
        file: Any = safe_open
        self._path = path
        self._file = file(path, framework="np")
        self.names: frozenset[str] = frozenset(self._file.keys())

    def describe(self, name: str) -> tuple[str, tuple[int, ...]]:
        """Tell the number format of a tensor, such as F32, and its shape."""
        part = self._file.get_slice(name)
        return part.get_dtype(), tuple(part.get_shape())

    def read(self, name: str) -> "NDArray[Any]":
        """Read a tensor.

        Raises:
            ModelError: It is not finite.
        """
        array: NDArray[Any] = self._file.get_tensor(name)
        # NaN and infinity reach the smallest or the largest value, which takes no memory to find.
        if array.size and not (isfinite(array.min()) and isfinite(array.max())):
            raise describe_infinite(self._path, name)
        return array


def read_tensors(path: Path) -> dict[str, "Tensor"]:
    """Read a safetensors file onto the processor.

    Raises:
        ModelError: The file is missing, cut short or no safetensors file.
    """
    from safetensors.torch import load_file

    check_whole(path)
    tensors: dict[str, Tensor] = load_file(path)
    return tensors


def write_tensors(path: Path, tensors: Mapping[str, "Tensor"]) -> None:
    """Write tensors, none of which may share its memory with another.

    Raises:
        OSError: The disk is full, or the file cannot be written.
    """
    from safetensors.torch import save_file

    with writing():
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, path)


@contextmanager
def writing() -> Iterator[None]:
    """Turn what safetensors says of a failed write into the OSError it stands for.

    Raises:
        OSError: The disk is full, or the file cannot be written.
    """
    try:
        yield
    except SafetensorError as error:
        reason = next((code for code in _REASONS if f"os error {code}" in str(error)), errno.EIO)
        raise OSError(reason, os.strerror(reason)) from error
