"""An exported folder, sent to the Hugging Face hub."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import HfApi

from tldrkit.errors import SpecError, TldrkitError
from tldrkit.texts import say_reason


@dataclass(frozen=True, kw_only=True)
class Pushed:
    """What was sent, or would be."""

    repository: str
    """USER/NAME."""
    files: Mapping[str, int]
    """Bytes of each file."""
    address: str
    """Where it can be seen; empty where nothing was sent."""


def check_repository(name: str) -> None:
    """Check that a name can be a repository of the hub.

    Raises:
        SpecError: It cannot.
    """
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", name, re.ASCII):
        raise SpecError("--push-to-hub takes USER/NAME.", hint="Such as: --push-to-hub ann/tldr-t5")


def push(folder: Path, repository: str, *, private: bool, dry_run: bool) -> Pushed:
    """Send a folder to a repository of the hub, which is made where there is none.

    Files that the repository holds beside them stay.

    Raises:
        TldrkitError: The hub cannot be reached, or refuses.
    """
    files = {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    if dry_run:
        return Pushed(repository=repository, files=files, address="")
    hub = HfApi()
    try:
        hub.create_repo(repository, private=private, exist_ok=True)
        commit = hub.upload_folder(
            repo_id=repository, folder_path=folder, commit_message="Export from tldrkit"
        )
    except Exception as error:  # the hub's client lets the errors of its HTTP library through
        raise TldrkitError(
            f"The hub did not take {repository}: {say_reason(error)}.",
            hint="Log in with `hf auth login`, or set HF_TOKEN; --dry-run lists what would be sent.",
        ) from error
    return Pushed(repository=repository, files=files, address=str(commit.repo_url))
