"""What a training step takes with more and more dendrites: will it fit?

Takes one step for each number of dendrites and keeps nothing of it.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from accelerate import Accelerator
from transformers import PreTrainedModel

from tldrkit.datasets.batches import Tokens
from tldrkit.dendrites.growth import GrowthPolicy
from tldrkit.families.footprint import count_trained
from tldrkit.machine.device import is_out_of_memory
from tldrkit.machine.memory import read_peak_memory
from tldrkit.specs import TrainSpec
from tldrkit.training.objective import Objective, build_dropout, build_objective
from tldrkit.training.optimizer import build_optimizer


@dataclass(frozen=True)
class Capacity:
    """What one training step took."""

    dendrites: int
    params_deployed: int
    params_trained: int
    peak_bytes: int | None
    """The most memory so far, of the process or of the GPU; None where it ran out."""
    seconds: float


def measure_capacity(
    network: PreTrainedModel,
    rows: Sequence[Tokens],
    spec: TrainSpec,
    policy: GrowthPolicy,
    accelerator: Accelerator,
) -> Iterator[Capacity]:
    """Take one step without dendrites and one after each growth, until memory runs out or no more may grow.

    Args:
        network: The network to begin with; it is changed.
        rows: The batch of every step.
        spec: The run to try.
        policy: Grows at every validation.
        accelerator: Where the steps are taken.
    """
    dropout = build_dropout(network, accelerator, spec.seed)
    grown = policy.attach(network.train()).to(accelerator.device)
    for dendrites in range(spec.max_dendrites + 1):
        if dendrites:
            grown = policy.after_validation(grown, float(dendrites)).network.to(accelerator.device)
        optimizer = build_optimizer(grown, spec)
        policy.use_optimizer(optimizer)
        started = time.perf_counter()
        fits = _fits(accelerator, build_objective(grown.train(), accelerator, dropout), rows, spec)
        if fits:
            optimizer.step()
        yield Capacity(
            dendrites=dendrites,
            params_deployed=policy.count_deployed(grown),
            params_trained=count_trained(grown),
            peak_bytes=read_peak_memory(str(accelerator.device)) if fits else None,
            seconds=time.perf_counter() - started,
        )
        if not fits:
            return


def choose_batch(batches: Iterator[list[Tokens]], looked_at: int = 50) -> list[Tokens]:
    """Choose the batch with the most tokens among the first."""
    return max(islice(batches, looked_at), key=lambda rows: sum(map(len, rows)))


def _fits(accelerator: Accelerator, objective: Objective, rows: Sequence[Tokens], spec: TrainSpec) -> bool:
    """Compute the gradients of a batch, in as many parts as the run would; False where memory runs out."""
    try:
        for part in range(spec.grad_accum):
            if share := rows[part :: spec.grad_accum]:
                accelerator.backward(objective(share, spec.label_smoothing) / len(rows))
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        return False
    return True
