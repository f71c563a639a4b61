"""The one door to what safetensors files can do wrong: cut short, or a disk with no room for them.

Does not know what their tensors mean, and never unpickles anything.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError, safe_open

from tldrkit.errors import ModelError

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
            f"{path} is damaged: {error}.", hint="Copy the file again, or make the artifact again."
        ) from error


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
