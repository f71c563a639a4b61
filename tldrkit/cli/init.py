"""`tldrkit init`."""

from pathlib import Path
from typing import Annotated

import typer

from tldrkit.cli import console
from tldrkit.cli.options import read_path
from tldrkit.texts import count_noun

Folder = Annotated[
    Path,
    typer.Argument(metavar="FOLDER", parser=read_path, help="Made where it is missing.", show_default=False),
]


def init(folder: Folder) -> None:
    """Write the experiments, a Makefile and a README into a folder, to begin with your own data.

    `make abc` there makes runs A to D on the embedded data, and README.md tells how to take your own data
    and your own base. Nothing that is there is overwritten.

    Example: `tldrkit init experiments-of-mine`
    """
    from tldrkit.steps.init import init as run

    written = run(folder)
    if not written:
        console.say(f"{folder} holds all of it already.")
    else:
        console.say(f"{count_noun(len(written), 'file')} written. Next: cd {folder} && make abc")
    console.show_line(str(folder / "README.md"))
