"""`tldrkit compress`."""

from typing import Annotated

import typer

from tldrkit.cli.completing import complete_reference
from tldrkit.cli.options import AsName, SourceArgument, step_command
from tldrkit.options import Options
from tldrkit.specs import CompressSpec

MatchOption = Annotated[
    str | None,
    typer.Option(
        metavar="REF",
        help="Enlarge the result, feed-forward width first, until it has this model's deployed size (run D).",
        autocompletion=complete_reference,
    ),
]


@step_command(CompressSpec, how=("artifacts", "data", "threads", "force"))
def compress(
    source: SourceArgument, *, name: AsName, match: MatchOption = None, spec: CompressSpec, options: Options
) -> None:
    """Make a T5, BART or kin smaller, and keep the parts that matter most.

    Sizes that are not given stay as they are. What to keep is measured on documents of the training split.

    Example: `tldrkit compress base --as b/compress --enc-num-layers 4 --dec-num-layers 3 --dec-d-model 384`
    """
    from tldrkit.cli.outcome import show_outcome
    from tldrkit.steps.compress import compress as run

    show_outcome(run(options, spec, source=source, target=name, match=match))
