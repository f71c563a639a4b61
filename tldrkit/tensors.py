"""The one door to safetensors files that transformers does not open for us.

Knows whether a file is whole. Does not know what its tensors mean, and never unpickles anything.
"""

from pathlib import Path

from safetensors import SafetensorError, safe_open

from tldrkit.errors import ModelError


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
