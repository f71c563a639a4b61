"""How work is done, and where: never part of an artifact's identity, recorded as provenance only."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tldrkit.tracking import NullTracker, Tracker

WandbMode = Literal["off", "offline", "online"]
Device = Literal["auto", "cpu", "cuda"]


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
