"""`tldrkit train`, and the one-line experiments that imply a compress step."""

from typing import Annotated, Any

import typer

from tldrkit.cli import console
from tldrkit.cli.options import step_command
from tldrkit.errors import SpecError
from tldrkit.options import Options
from tldrkit.specs import CompressSpec, DataSpec, TrainSpec, build_spec

IMPLIED = "Compressed first, where given (the same as a `compress` step before)"

TrainSource = Annotated[
    str | None,
    typer.Argument(
        metavar="SOURCE", help="What to start from; as for the other commands.", show_default=False
    ),
]
TrainName = Annotated[
    str | None,
    typer.Option("--as", metavar="NAME", help="Name to publish under.", show_default="EXPERIMENT/train"),
]
ModelType = Annotated[
    str | None,
    typer.Option(metavar="SOURCE", help="Another way to give SOURCE, such as t5-small.", show_default=False),
]


Teacher = Annotated[
    str | None,
    typer.Option(
        metavar="REF",
        help="A model to learn from as well, such as the base (distillation).",
        show_default=False,
    ),
]


TestCapacity = Annotated[
    bool,
    typer.Option(
        "--test-dendrite-capacity",
        help="Train nothing: take one step with 0, 1, 2, ... dendrites, and show what each takes.",
    ),
]


def _implied(help: str) -> Any:  # noqa: A002, ANN401  (Typer's own word and type)
    return typer.Option(min=1, help=help, rich_help_panel=IMPLIED, show_default=False)


EncNumLayers = Annotated[int | None, _implied("Encoder layers kept.")]
DecNumLayers = Annotated[int | None, _implied("Decoder layers kept.")]
DecDModel = Annotated[int | None, _implied("Width of the decoder.")]
DFf = Annotated[int | None, _implied("Width of the feed-forward layers.")]


@step_command(TrainSpec)
def train(
    source: TrainSource = None,
    *,
    name: TrainName = None,
    model_type: ModelType = None,
    teacher: Teacher = None,
    test_dendrite_capacity: TestCapacity = False,
    enc_num_layers: EncNumLayers = None,
    dec_num_layers: DecNumLayers = None,
    dec_d_model: DecDModel = None,
    d_ff: DFf = None,
    spec: TrainSpec,
    options: Options,
) -> None:
    """Fine-tune a model, with or without artificial dendrites, and publish its best validated state.

    Example: `tldrkit train b/compress --as b/train --dataset synthetic --do-pb --max-steps 2000`

    An experiment in one line, compress step included:
    `tldrkit train --experiment B --model-type t5-small --dataset reddit_tldr --enc-num-layers 4
    --dec-num-layers 3 --dec-d-model 384 --do-pb true --max-steps 5000`

    In two processes, with the same result: `torchrun --nproc-per-node 2 -m tldrkit train ...`
    """
    from tldrkit.cli.outcome import show_outcome
    from tldrkit.steps.train import train as run

    start = source or model_type
    if start is None or (source and model_type):
        raise SpecError(
            "Exactly one of SOURCE and --model-type says what to train.",
            hint="Such as: tldrkit train b/compress --as b/train",
        )
    target = name or (f"{spec.experiment.lower()}/train" if spec.experiment else None)
    if target is None:
        raise SpecError("The result has no name.", hint="Give --as NAME, or --experiment A, B, C or D.")
    asked = {
        "enc_num_layers": enc_num_layers,
        "dec_num_layers": dec_num_layers,
        "dec_d_model": dec_d_model,
        "d_ff": d_ff,
    }
    sizes = {key: value for key, value in asked.items() if value is not None}
    if sizes and spec.experiment.upper() == "A":
        console.warn(f"Experiment A is the base model, whole: {', '.join(sizes)} not applied.")
    elif sizes:
        start = _compress(options, spec, start, target, sizes)
    if test_dendrite_capacity:
        _show_capacity(options, spec, start)
    else:
        show_outcome(run(options, spec, source=start, target=target, teacher=teacher))


def _show_capacity(options: Options, spec: TrainSpec, source: str) -> None:
    """Show what a training step takes with more and more dendrites."""
    from tldrkit.steps.capacity import test_capacity

    rows = [
        (
            str(taken.dendrites),
            f"{taken.params_deployed:,}",
            f"{taken.params_trained:,}",
            "memory ran out" if taken.peak_bytes is None else f"{taken.peak_bytes / 1e6:,.0f}",
            f"{taken.seconds:.2f}",
        )
        for taken in test_capacity(options, spec, source=source)
    ]
    heads = ("dendrites", "parameters deployed", "parameters trained", "peak MB", "seconds of the step")
    console.show_table(heads, rows)


def _compress(options: Options, spec: TrainSpec, source: str, target: str, sizes: dict[str, int]) -> str:
    """Perform the compress step that a training command implies, on the same data; return its reference."""
    from tldrkit.cli.outcome import show_outcome
    from tldrkit.steps.compress import compress as run

    shared = {field: getattr(spec, field) for field in DataSpec.model_fields}
    compress_spec = build_spec(CompressSpec, fields=shared | sizes)
    folder, _, last = target.rpartition("/")
    name = f"{folder}/compress" if last == "train" else f"{target}-compress"
    outcome = run(options, compress_spec, source=source, target=name.lstrip("/"))
    show_outcome(outcome)
    return outcome.artifact.reference
