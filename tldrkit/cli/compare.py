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

_STYLES = {"shown (higher)": "green", "shown (lower)": "red", "held": "green", "not held": "red"}


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
    are refused. `--spec experiments/claims.yaml` has claims judged: held, not held or not shown.

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
    from tldrkit.reports.page import find_notes
    from tldrkit.reports.plot import Point, render_plot
    from tldrkit.reports.tables import build_costs, build_quality, build_traits

    styles = dict.fromkeys(comparison.baselines, "dim") | {comparison.winner: "bold green"}
    for table in (build_quality(comparison), build_traits(comparison), build_costs(comparison)):
        if len(table[0]) > 1:
            console.show_table(table[0], table[1:], styles=styles)
    sizes = [(row, row.cost["parameters"]) for row in comparison.rows]
    points = [
        Point(label=row.label, parameters=round(size), rouge=row.rouge["rougeL"])
        for row, size in sizes
        if size
    ]
    if len(points) > 1:
        for line in render_plot(points):
            console.show_line(line, style="cyan")
    for contrast in comparison.contrasts:
        console.show_line(contrast.sentence, style=_STYLES.get(contrast.verdict))
    for judgement in comparison.judgements:
        console.show_line(f"Claim: {judgement.sentence}", style=_STYLES.get(judgement.verdict))
    if comparison.winner:
        console.show_line(f"The run to take: {comparison.winner} ({comparison.winner_model}).")
    for note in find_notes(comparison):
        console.warn(note)
