"""`tldrkit eval`."""

from pathlib import Path
from typing import Annotated

import typer

from tldrkit.cli.completing import complete_reference
from tldrkit.cli.options import AsName, read_path, step_command
from tldrkit.errors import SpecError
from tldrkit.options import Options
from tldrkit.specs import EvalSpec, PredictionsSpec, ScoreSpec

GIVEN = "Outputs of another system, instead of SOURCE"

EvalSource = Annotated[
    str | None,
    typer.Argument(
        metavar="SOURCE",
        help="A model, as for the other commands; or `central`, which takes sentences without a network.",
        show_default=False,
        autocompletion=complete_reference,
    ),
]
Predictions = Annotated[
    Path | None,
    typer.Option(
        "--predictions",
        metavar="FILE",
        parser=read_path,
        help="JSONL with prediction, reference or references, and, if you have them, id and document.",
        rich_help_panel=GIVEN,
    ),
]
Label = Annotated[
    str | None,
    typer.Option(help="Label in comparisons.", show_default="NAME without /eval", rich_help_panel=GIVEN),
]
Seed = Annotated[int, typer.Option(help="Seed the outputs were made with.", min=0, rich_help_panel=GIVEN)]


@step_command(EvalSpec, how=("artifacts", "data", "device", "threads", "force"))
def eval(  # noqa: A001  (the command's name)
    source: EvalSource = None,
    *,
    name: AsName,
    predictions: Predictions = None,
    label: Label = None,
    seed: Seed = 0,
    spec: EvalSpec,
    options: Options,
) -> None:
    """Score a model, or the outputs of any other system.

    A model: scores, every prediction, parameters, bytes, latency, throughput, memory. Outputs: their scores
    alone; of the options below --over-references, --rouge-words and --bertscore apply to them. Both can stand
    in one comparison.

    Example: `tldrkit eval b/train --as b/eval --dataset synthetic --split test`

    Another system: `tldrkit eval --predictions outputs.jsonl --as x/eval`
    """
    from tldrkit.cli.outcome import show_outcome

    if (source is None) == (predictions is None):
        raise SpecError(
            "Exactly one of SOURCE and --predictions says what to score.",
            hint="Such as: tldrkit eval b/train --as b/eval",
        )
    if predictions is not None:
        from tldrkit.steps.predictions import score_predictions

        label = label or name.removesuffix("/eval")
        how = {field: getattr(spec, field) for field in ScoreSpec.model_fields}
        given = PredictionsSpec(label=label, seed=seed, **how)
        _refuse_others(spec)
        show_outcome(score_predictions(options, given, file=predictions, target=name))
    else:
        from tldrkit.steps.eval import eval as run

        show_outcome(run(options, spec, source=str(source), target=name))


def _refuse_others(spec: EvalSpec) -> None:
    """Refuse fields that say how to decode."""
    changed = [name for name in spec.model_fields_set if name not in ScoreSpec.model_fields]
    if changed:
        raise SpecError(
            f"{', '.join(sorted(changed))} cannot be used with --predictions: nothing is decoded.",
            hint="Leave it out; documents and references come from the file.",
        )
