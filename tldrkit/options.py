"""How work is done, and where: never part of an artifact's identity, recorded as provenance only."""

import os
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Literal

from tldrkit.tracking import NullTracker, Tracker

WandbMode = Literal["off", "offline", "online"]
Device = Literal["auto", "cpu", "cuda"]
EngineName = Literal["local", "ray"]


def count_processes() -> int:
    """Tell how many processes torchrun started for this run; one without it."""
    return int(os.environ.get("WORLD_SIZE") or 1)


def is_first_process() -> bool:
    """Tell whether this process is the one that publishes, records and speaks."""
    return int(os.environ.get("RANK") or 0) == 0


_THREADS = (
    "OMP_NUM_THREADS",  # torch, Arrow
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",  # NumPy, which opens its threads when it is imported
    "VECLIB_MAXIMUM_THREADS",  # the same on macOS
    "RAYON_NUM_THREADS",  # tokenizers
)


def limit_threads(threads: int) -> None:
    """Limit this process to a number of processor threads in whatever library it imports from here on.

    Libraries read their numbers from the environment, once, when they are imported or first used.
    """
    os.environ.update(dict.fromkeys(_THREADS, str(threads)))


ARTIFACTS = "TLDRKIT_ARTIFACTS"
"""Variable that names the store where no option does."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """One invocation's surroundings."""

    artifacts: Path = Path("artifacts")
    """Folder of the artifact store."""

    data: Path | None = None
    """Folder of local copies of known data sets, looked into before the hub."""

    device: Device = "auto"
    """Where networks run; auto takes a GPU when there is one."""

    threads: int | None = None
    """Processor threads; the library's own choice where not given."""

    force: bool = False
    """Do the step again though it is already done."""

    wandb: WandbMode = "off"
    """Whether Weights & Biases gets the metrics too."""

    command: tuple[str, ...] = ()
    """The command line, for the record."""

    display: Tracker = field(default_factory=NullTracker)
    """Shows progress to a person."""


def find_artifacts(given: str | PathLike[str] | None) -> Path:
    """Find the folder of the artifact store: as given, else as the variable says, else the usual one."""
    return Path(given or os.environ.get(ARTIFACTS) or Options.artifacts)
