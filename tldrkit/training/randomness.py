"""The random generators of a run: seeded, written down, and gone on with."""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tldrkit.errors import ModelError
from tldrkit.tensors import read_tensors, write_tensors

_RANDOM = "random.safetensors"


def seed_everything(seed: int) -> None:
    """Seed every generator that the loop, the network or a library may use."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  (libraries draw from the global generator)
    torch.manual_seed(seed)


def take_random() -> dict[str, Tensor]:
    """Take down where this process's random generators stand: torch's, nothing else draws in the loop."""
    states = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.get_rng_state()
    return states


def save_random(folder: Path, states: Sequence[Mapping[str, Tensor]]) -> None:
    """Save where the generators of every process stand."""
    named = {f"{index}.{name}": state[name] for index, state in enumerate(states) for name in state}
    write_tensors(folder / _RANDOM, named)


def restore_random(folder: Path, process: int) -> None:
    """Let the generators of one process go on from where they stood.

    Raises:
        ModelError: They are damaged, or the run had fewer processes.
    """
    states = read_tensors(folder / _RANDOM)
    if f"{process}.cpu" not in states:
        raise ModelError(
            f"The checkpoint {folder} is of a run with fewer processes.", hint="--force begins the step anew."
        )
    torch.set_rng_state(states[f"{process}.cpu"])
    if f"{process}.cuda" in states and torch.cuda.is_available():
        torch.cuda.set_rng_state(states[f"{process}.cuda"])
