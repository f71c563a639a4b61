"""`tldrkit export`."""

from pathlib import Path
from typing import Annotated

import typer

from tldrkit.cli import console
from tldrkit.cli.options import Source, step_command
from tldrkit.options import Options

To = Annotated[
    Path,
    typer.Option("--to", metavar="DIR", help="Folder to write; new, empty, or written by an earlier export."),
]


@step_command(how=("artifacts", "force"))
def export(source: Source, *, to: To, options: Options) -> None:
    """Write a model as a Hugging Face folder that others load without tldrkit.

    Example: `tldrkit export b/train --to tldr-dendritic-t5`
    """
    from tldrkit.steps.export import export as run

    exported = run(options, source=source, to=to)
    if exported.done_before:
        console.say(f"{to} already holds {exported.model} (--force writes it again).")
    console.show_line(str(to))
