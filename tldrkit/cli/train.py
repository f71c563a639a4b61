"""`tldrkit train`, and the one-line experiments that imply a compress step."""

from typing import Annotated

import typer

from tldrkit.cli import console
from tldrkit.cli.completing import complete_reference
from tldrkit.cli.options import step_command
from tldrkit.errors import SpecError
from tldrkit.options import Options
from tldrkit.specs import SIZES, RunSpec
from tldrkit.store.names import name_sibling

IMPLIED = "Compressed first, where given (the same as a `compress` step before)"

TrainSource = Annotated[
    str | None,
    typer.Argument(
        metavar="SOURCE",
        help="The model to start from, as for the other commands.",
        show_default=False,
        autocompletion=complete_reference,
    ),
]
TrainName = Annotated[
    str | None,
    typer.Option("--as", metavar="NAME", help="Name to publish under.", show_default="EXPERIMENT/train"),
]


@step_command(RunSpec, panels=dict.fromkeys(SIZES, IMPLIED))
def train(source: TrainSource = None, *, name: TrainName = None, spec: RunSpec, options: Options) -> None:
    """Fine-tune a model, with or without artificial dendrites, and publish the best network.

    Example: `tldrkit train b/compress --as b/train --dataset synthetic --do-pb --max-steps 2000`

    An experiment in one line, compress step included:
    `tldrkit train --experiment B --model-type t5-small --dataset reddit_tldr --enc-num-layers 4
    --dec-num-layers 3 --dec-d-model 384 --do-pb true --max-steps 5000`

    In two processes, with the same result: `torchrun --nproc-per-node 2 -m tldrkit train ...`
    """
    from tldrkit.cli.outcome import show_outcome
    from tldrkit.steps.one_line import compress_and_train, name_training

    start = source or spec.model_type
    if start is None or (source and spec.model_type):
        raise SpecError(
            "Exactly one of SOURCE and --model-type says what to train.",
            hint="Such as: tldrkit train b/compress --as b/train",
        )
    target = name_training(name, spec)
    if spec.sizes and not spec.build_compression():
        console.warn(f"Experiment A is the base model, whole: {', '.join(spec.sizes)} not applied.")
    small = name_sibling(target, "compress")
    if spec.test_dendrite_capacity:
        _show_capacity(options, spec, start, small)
        return
    for outcome in compress_and_train(options, spec, source=start, target=target, small=small):
        show_outcome(outcome)


def _show_capacity(options: Options, spec: RunSpec, source: str, small: str) -> None:
    """Show what a training step takes with more and more dendrites."""
    from tldrkit.cli.outcome import show_outcome
    from tldrkit.steps.capacity import test_capacity
    from tldrkit.steps.one_line import compress_first

    compressed = compress_first(options, spec, source=source, target=small)
    if compressed is not None:
        show_outcome(compressed)
        source = compressed.artifact.reference
    rows = [
        (
            str(taken.dendrites),
            f"{taken.params_deployed:,}",
            f"{taken.params_trained:,}",
            "memory ran out" if taken.peak_bytes is None else f"{taken.peak_bytes / 1e6:,.0f}",
            f"{taken.seconds:.2f}",
        )
        for taken in test_capacity(options, spec.build_training(), source=source)
    ]
    heads = ("dendrites", "parameters deployed", "parameters trained", "peak MB", "seconds of the step")
    console.show_table(heads, rows)
