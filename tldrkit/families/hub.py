"""Models of the Hugging Face hub: the folder of one, by its id. Needs no torch."""

from pathlib import Path

import huggingface_hub
from huggingface_hub.errors import HfHubHTTPError, HFValidationError
from huggingface_hub.utils.tqdm import disable_progress_bars

from tldrkit.errors import ModelError

FILES = ["*.json", "*.safetensors", "*.model", "*.txt", "README.md"]
TIMEOUT = 10.0  # seconds for the one question asked before anything is downloaded

disable_progress_bars()  # libraries do not talk; the command line does


def fetch_from_hub(name: str) -> Path:
    """Return the folder of a hub model: the cached copy, or else a download after one quick question.

    The question comes first because a download through a dead network would be tried again for minutes.

    Raises:
        ModelError: There is no such model, or the hub cannot be reached.
    """
    try:
        folder = Path(huggingface_hub.snapshot_download(name, allow_patterns=FILES, local_files_only=True))
        if any(folder.glob("*.safetensors")):
            return folder
    except HFValidationError as error:
        raise ModelError(f"There is no folder {name}.", hint="Name a model folder or a hub id.") from error
    except OSError:
        pass  # not in the cache
    try:
        huggingface_hub.HfApi().model_info(name, timeout=TIMEOUT)
        return Path(huggingface_hub.snapshot_download(name, allow_patterns=FILES))
    except Exception as error:  # the hub's client lets the errors of its HTTP library through
        answer = str(error).strip().split("\n", 1)[0] if isinstance(error, HfHubHTTPError) else "no answer."
        raise ModelError(
            f"{name!r} is neither a folder nor a model that can be fetched from the hub: {answer}",
            hint="Name a local model folder, or make a base with `tldrkit base`.",
        ) from error
