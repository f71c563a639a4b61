"""`tldrkit sweep`."""

from pathlib import Path
from typing import Annotated

import typer

from tldrkit.cli import console
from tldrkit.cli.options import read_path, step_command
from tldrkit.errors import SpecError
from tldrkit.options import Options

SweepFile = Annotated[
    Path,
    typer.Argument(metavar="FILE", parser=read_path, help="A sweep as W&B writes it.", show_default=False),
]
Count = Annotated[
    int | None,
    typer.Option(
        "--count",
        min=1,
        metavar="N",
        help="Trials of the whole sweep.",
        show_default=False,
    ),
]
SweepName = Annotated[
    str | None, typer.Option("--as", metavar="NAME", help="Name of the sweep.", show_default="the file's")
]
Storage = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|URL",
        help="Journal file or database that the processes of a sweep share; "
        "a URL with a password is given in the variable.",
        envvar="TLDRKIT_STORAGE",
        show_envvar=True,
        show_default="a journal in the artifact store",
    ),
]
Pareto = Annotated[
    bool,
    typer.Option(
        "--pareto",
        help="Search for few deployed parameters too; no run is stopped early then.",
        show_default=False,
    ),
]
ReportOption = Annotated[
    Path | None,
    typer.Option(
        "--report",
        metavar="FOLDER",
        parser=read_path,
        help="Write a report there: a page, a table, and the best run as spec files.",
        show_default=False,
    ),
]


@step_command(how=("artifacts", "data", "device", "threads", "wandb"))
def sweep(
    file: SweepFile,
    *,
    count: Count = None,
    name: SweepName = None,
    storage: Storage = None,
    pareto: Pareto = False,
    report: ReportOption = None,
    options: Options,
) -> None:
    """Run a W&B sweep file here, without an account; each trial compresses and trains a model.

    The same command, given again or in other processes, goes on. A trial whose process was killed is tried
    again.

    Example: `tldrkit sweep experiments/sweep_encoder_t5.yaml --count 20 --report sweep-report`
    """
    from tldrkit.steps.sweep import open_sweep, run_trials
    from tldrkit.steps.sweep_report import write_report

    if count is None and report is None:
        raise SpecError(
            "There is nothing to do.", hint="Give --count N to run, --report FOLDER to look, or both."
        )
    opened = open_sweep(options, file, name=name, storage=storage, pareto=pareto)
    if count is not None:
        run_trials(options, opened, count)
    if report is not None:
        write_report(options, opened, report)
        console.show_line(str(report))
