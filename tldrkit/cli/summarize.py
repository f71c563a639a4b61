"""`tldrkit summarize`."""

from pathlib import Path
from typing import Annotated

import typer

from tldrkit.cli import console
from tldrkit.cli.options import step_command
from tldrkit.options import Options
from tldrkit.specs import SummarizeSpec

BROKEN = 3
"""Exit status of a run that wrote its output though some inputs could not be read."""

Paths = Annotated[
    list[Path], typer.Argument(metavar="PATH...", help="Files and folders of threads.", show_default=False)
]
Model = Annotated[
    str,
    typer.Option(
        "--model",
        metavar="SOURCE",
        help="A reference, a comparison (its winner), a model folder, or a hub id.",
    ),
]
Out = Annotated[
    Path,
    typer.Option("--out", metavar="FILE", help="JSONL file to write: one line a thread, in input order."),
]


@step_command(SummarizeSpec, how=("artifacts", "device", "threads"))
def summarize(paths: Paths, *, model: Model, out: Out, spec: SummarizeSpec, options: Options) -> None:
    """Summarize files and folders of forum threads into JSONL.

    Reads thread JSON ({title, posts: [{author, text}]} and Foru.ms), JSONL, Markdown and plain text. What is
    no thread becomes a line with its error; the exit status is then 3.

    Example: `tldrkit summarize threads/ --model b/train --out summaries.jsonl`
    """
    from tldrkit.steps.summarize import summarize as run

    done = run(options, spec, paths=paths, model=model, out=out)
    console.say(f"{done.threads} threads summarized, {done.broken} inputs could not be read.")
    console.show_line(str(done.out))
    if done.broken:
        raise typer.Exit(BROKEN)
