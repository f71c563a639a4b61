"""A whole run: the compress step that its sizes imply, on the same data, then its training."""

import dataclasses
import os
from collections.abc import Iterator

from tldrkit.errors import SpecError
from tldrkit.options import Options
from tldrkit.specs import RunSpec
from tldrkit.steps.compress import compress
from tldrkit.steps.step import Outcome
from tldrkit.steps.train import train


def compress_and_train(
    options: Options, spec: RunSpec, *, source: str, target: str, small: str
) -> Iterator[Outcome]:
    """Compress where sizes are given, then train; each outcome is told as soon as it is there.

    Args:
        options: The surroundings.
        spec: The run.
        source: The model to start from.
        target: Name of the trained model.
        small: Name of the compressed one.

    Raises:
        DataError: If the data set cannot be used.
        ModelError: If the sizes cannot be made, the model cannot be loaded, or PerforatedAI stops.
    """
    compressed = compress_first(options, spec, source=source, target=small)
    if compressed is not None:
        source = compressed.artifact.reference
        yield compressed
    yield train(options, spec.build_training(), source=source, target=target, teacher=spec.teacher)


def compress_first(options: Options, spec: RunSpec, *, source: str, target: str) -> Outcome | None:
    """Compress to the sizes of a run; None where the model stays whole.

    Raises:
        DataError: If the data set cannot be used.
        ModelError: If the sizes cannot be made, or the model cannot be loaded.
    """
    compression = spec.build_compression()
    if compression is None:
        return None
    # the run that an agent of W&B names is the training's
    quiet = dataclasses.replace(options, wandb="off") if os.environ.get("WANDB_RUN_ID") else options
    return compress(quiet, compression, source=source, target=target)


def name_training(name: str | None, spec: RunSpec) -> str:
    """Name a training's result: as asked, or after its experiment.

    Raises:
        SpecError: It has neither.
    """
    target = name or (f"{spec.experiment.lower()}/train" if spec.experiment else None)
    if target is None:
        raise SpecError("The result has no name.", hint="Give --as NAME, or --experiment A, B, C or D.")
    return target
