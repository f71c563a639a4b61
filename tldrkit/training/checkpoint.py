"""Where a run of the loop goes on after it was killed: its whole state, in safetensors and JSON.

Knows what a run consists of; where its states are kept is the caller's business.
"""

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from transformers import PreTrainedTokenizerBase

from tldrkit import __version__
from tldrkit.errors import ModelError
from tldrkit.families.summarizer import Summarizer, load_summarizer, save_summarizer
from tldrkit.tensors import read_tensors, write_tensors
from tldrkit.training.averaging import Average
from tldrkit.training.objective import Objective
from tldrkit.training.progress import Progress
from tldrkit.training.validation import Score

_STATE = "run.json"
_NETWORK = "network.safetensors"
_OPTIMIZER = "optimizer.safetensors"
_AVERAGE = "average.safetensors"
_BEST = "best"
_ANEW = "--force begins the step anew."
_LIVE = {"network", "optimizer", "objective", "average", "best", "best_network"}
"""Fields of a run's progress that are no JSON; all others are."""


class Keeper(Protocol):
    """Keeps the newest state of a run, whole or not at all."""

    def find(self) -> Path | None:
        """Find the folder of the newest state; None where the run has to begin."""
        ...

    def save(self, write: Callable[[Path], None]) -> None:
        """Let a state be written into a folder, in the place of the one before."""
        ...


class NoKeeper:
    """Keeps nothing: a run that was killed begins anew."""

    def find(self) -> Path | None:
        """Find nothing."""
        return None

    def save(self, write: Callable[[Path], None]) -> None:
        """Write nothing."""


def save_progress(folder: Path, progress: Progress, tokenizer: PreTrainedTokenizerBase) -> None:
    """Save how far a run has come into an empty folder."""
    names = {field.name for field in dataclasses.fields(progress)} - _LIVE
    facts = {name: getattr(progress, name) for name in sorted(names)}
    text = json.dumps({"tldrkit": __version__, "best": dataclasses.asdict(progress.best), **facts})
    (folder / _STATE).write_text(text, encoding="utf-8")
    write_tensors(folder / _NETWORK, _collect(progress.network))
    moments = progress.optimizer.state_dict()["state"]
    named = {f"{index}.{name}": moment for index in moments for name, moment in moments[index].items()}
    write_tensors(folder / _OPTIMIZER, named)
    if progress.average is not None:
        write_tensors(folder / _AVERAGE, progress.average.means)
    if progress.best_network is not None:
        save_summarizer(Summarizer(progress.best_network, tokenizer), folder / _BEST)


def load_progress(
    folder: Path,
    *,
    network: nn.Module,
    optimizer: Optimizer,
    objective: Objective,
    average: Average | None = None,
) -> Progress:
    """Load how far a run had come.

    Args:
        folder: What ``save_progress`` filled.
        network: One of the same shape; filled in place.
        optimizer: One just built for it; filled in place.
        objective: The network's.
        average: One just built for it; filled in place.

    Raises:
        ModelError: The checkpoint is damaged, of another network, or of another version of tldrkit.
    """
    facts = _read_facts(folder)
    _fill(_collect(network), read_tensors(folder / _NETWORK), folder)
    if average is not None:
        _fill(average.means, read_tensors(folder / _AVERAGE), folder)
    moments: dict[int, dict[str, Tensor]] = {}
    for key, tensor in read_tensors(folder / _OPTIMIZER).items():
        index, _, name = key.partition(".")
        moments.setdefault(int(index), {})[name] = tensor
    optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})
    return Progress(
        network=network,
        optimizer=optimizer,
        objective=objective,
        average=average,
        best=Score(**facts.pop("best")),
        best_network=load_summarizer(folder / _BEST).network,
        **facts,
    )


def _read_facts(folder: Path) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = json.loads((folder / _STATE).read_text(encoding="utf-8"))
        version = facts.pop("tldrkit")
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise ModelError(f"The checkpoint {folder} is damaged.", hint=_ANEW) from error
    if version != __version__:
        raise ModelError(f"The checkpoint {folder} is of tldrkit {version}.", hint=_ANEW)
    return facts


def _collect(network: nn.Module) -> dict[str, Tensor]:
    """Collect every tensor that trains or is computed from what does, tied ones under their first name."""
    buffers = {name: buffer for name, buffer in network.named_buffers() if buffer.is_floating_point()}
    return {**dict(network.named_parameters()), **buffers}  # PerforatedAI keeps texts in the others


def _fill(present: Mapping[str, Tensor], saved: Mapping[str, Tensor], folder: Path) -> None:
    shapes = [{name: tensor.shape for name, tensor in tensors.items()} for tensors in (saved, present)]
    if shapes[0] != shapes[1]:
        raise ModelError(f"The checkpoint {folder} is of another network.", hint=_ANEW)
    with torch.no_grad():
        for name, tensor in present.items():
            tensor.copy_(saved[name])
