"""`tldrkit compare`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tldrkit.cli import console
from tldrkit.cli.options import step_command
from tldrkit.options import Options
from tldrkit.specs import CompareSpec

if TYPE_CHECKING:
    from tldrkit.reports.comparison import Comparison

References = Annotated[
    list[str],
    typer.Argument(
        metavar="REF...", help="Scores that `eval` published, any number of seeds.", show_default=False
    ),
]
Name = Annotated[str, typer.Option("--as", metavar="NAME", help="Name to publish the comparison under.")]
Json = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write the comparison as JSON too.")
]
Markdown = Annotated[
    Path | None, typer.Option("--md", metavar="FILE", help="Write the comparison as Markdown too.")
]


@step_command(CompareSpec, how=("artifacts", "force"))
def compare(
    references: References,
    *,
    name: Name = "compare",
    json: Json = None,
    markdown: Markdown = None,
    spec: CompareSpec,
    options: Options,
) -> None:
    """Set runs side by side, with 95 % paired bootstrap intervals, and say in words what they show.

    Runs with the same experiment label are seeds of one run. Runs on other data, splits or decoding settings
    are refused.

    Example: `tldrkit compare a/eval b/eval c/eval d/eval --md table.md`
    """
    from tldrkit.steps.compare import JSON_PAGE, MARKDOWN_PAGE, read_comparison
    from tldrkit.steps.compare import compare as run
    from tldrkit.steps.outputs import open_whole

    outcome = run(options, spec, references=references, target=name)
    artifact = outcome.artifact
    if outcome.done_before:
        console.say(f"{artifact.reference} is already done: same spec, same inputs (--force does it again).")
    _show(read_comparison(artifact.path))
    for page, copy in ((JSON_PAGE, json), (MARKDOWN_PAGE, markdown)):
        if copy is not None:
            with open_whole(copy) as file:
                file.write((artifact.path / page).read_text(encoding="utf-8"))


def _show(comparison: "Comparison") -> None:
    from tldrkit.reports.comparison import build_table, find_notes

    heads, *lines = build_table(comparison)
    console.show_table(heads, lines)
    for contrast in comparison.contrasts:
        console.show_line(contrast.sentence)
    console.show_line(f"The run to take: {comparison.winner} ({comparison.winner_model}).")
    for note in find_notes(comparison):
        console.warn(note)
