"""`tldrkit export`."""

from pathlib import Path
from typing import Annotated

import typer

from tldrkit.cli import console
from tldrkit.cli.completing import complete_reference
from tldrkit.cli.options import SourceArgument, read_path, step_command
from tldrkit.errors import SpecError
from tldrkit.options import Options
from tldrkit.specs import ExportSpec
from tldrkit.texts import count_noun

HUB = "To the Hugging Face hub as well"

To = Annotated[
    Path,
    typer.Option(
        "--to",
        metavar="DIR",
        parser=read_path,
        help="Folder to write; new, empty, or written by an earlier export.",
    ),
]
ComparisonOption = Annotated[
    str | None,
    typer.Option(
        metavar="REF",
        help="Comparison for the model card.",
        autocompletion=complete_reference,
        show_default="SOURCE, where it is one",
    ),
]
PushToHub = Annotated[
    str | None,
    typer.Option(
        metavar="USER/NAME",
        help="Repository to send the folder to; made where there is none.",
        show_default=False,
        rich_help_panel=HUB,
    ),
]
Private = Annotated[
    bool,
    typer.Option("--private/--public", help="Who may see a repository that is made.", rich_help_panel=HUB),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="List what would be sent; send nothing.", rich_help_panel=HUB)
]


@step_command(ExportSpec, how=("artifacts", "force"))
def export(
    source: SourceArgument,
    *,
    to: To,
    comparison: ComparisonOption = None,
    push_to_hub: PushToHub = None,
    private: Private = True,
    dry_run: DryRun = False,
    spec: ExportSpec,
    options: Options,
) -> None:
    """Write a model as a Hugging Face folder, with its card, that others load without tldrkit.

    Example: `tldrkit export compare --to tldr-dendritic-t5`

    ONNX graphs, to use without torch: `tldrkit export b/train --to graphs --format onnx`
    """
    from tldrkit.steps.export import export as run

    if dry_run and push_to_hub is None:
        raise SpecError("--dry-run has nothing to list.", hint="Give --push-to-hub USER/NAME too.")
    if push_to_hub is not None:
        from tldrkit.steps.push import check_repository

        check_repository(push_to_hub)
    exported = run(options, spec, source=source, to=to, comparison=comparison, name=push_to_hub)
    if exported.done_before:
        console.say(f"{to} already holds {exported.model} (--force writes it again).")
    console.say(f"{count_noun(exported.bytes, 'byte')} of weights.")
    if exported.terms:
        console.warn(exported.terms)
    console.show_line(str(to))
    if push_to_hub is not None:
        _push(exported.folder, push_to_hub, private=private, dry_run=dry_run)


def _push(folder: Path, repository: str, *, private: bool, dry_run: bool) -> None:
    from tldrkit.steps.push import push

    pushed = push(folder, repository, private=private, dry_run=dry_run)
    rows = [(name, f"{size:,}") for name, size in pushed.files.items()]
    heading = "would be sent to" if dry_run else "sent to"
    console.show_table((f"{heading} {pushed.repository}", "bytes"), rows, talk=True)
    if pushed.address:
        console.show_line(pushed.address)
