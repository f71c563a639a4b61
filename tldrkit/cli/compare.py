"""`tldrkit compare`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tldrkit.cli import console
from tldrkit.cli.completing import complete_reference
from tldrkit.cli.options import read_path, step_command
from tldrkit.options import Options
from tldrkit.specs import CompareSpec
from tldrkit.store.store import ArtifactStore

if TYPE_CHECKING:
    from tldrkit.reports.comparison import ComparedRuns

References = Annotated[
    list[str],
    typer.Argument(
        metavar="REF...",
        help="Scores that `eval` published, any number of seeds; or files of them (scores.json).",
        show_default=False,
        autocompletion=complete_reference,
    ),
]
Also = Annotated[
    list[Path] | None,
    typer.Option(
        "--also",
        metavar="ARTIFACTS",
        parser=read_path,
        help="Another store with the same names, made again on another machine or from another base: a "
        "replication. May be given again.",
        show_default=False,
    ),
]
ComparisonName = Annotated[
    str, typer.Option("--as", metavar="NAME", help="Name to publish the comparison under.")
]
Json = Annotated[
    Path | None,
    typer.Option("--json", metavar="FILE", parser=read_path, help="Write the comparison as JSON too."),
]
Markdown = Annotated[
    Path | None,
    typer.Option("--md", metavar="FILE", parser=read_path, help="Write the comparison as Markdown too."),
]
Html = Annotated[
    Path | None,
    typer.Option(
        "--html",
        metavar="FILE",
        parser=read_path,
        help="Write a page with curves and documents, for a browser.",
    ),
]

Rate = Annotated[
    list[Path] | None,
    typer.Option(
        "--rate",
        metavar="FILE",
        parser=read_path,
        help="Blind rating sheet (CSV): written where FILE is not there, for people to fill in; where it is, "
        "their ratings are one more metric. May be given again, a sheet for each person.",
        show_default=False,
    ),
]
RateThreads = Annotated[int, typer.Option("--rate-threads", help="Threads on a new sheet.", min=2)]

_STYLES = {"shown (higher)": "green", "shown (lower)": "red", "held": "green", "not held": "red"}


@step_command(CompareSpec, how=("artifacts", "force"))
def compare(
    references: References,
    *,
    also: Also = None,
    name: ComparisonName = "compare",
    json: Json = None,
    markdown: Markdown = None,
    html: Html = None,
    rate: Rate = None,
    rate_threads: RateThreads = 20,
    spec: CompareSpec,
    options: Options,
) -> None:
    """Set runs side by side, with 95 % paired bootstrap intervals, and say in words what they show.

    Runs with the same experiment label are seeds of one run. Runs on other data, splits or decoding settings
    are refused. `--spec experiments/claims.yaml` judges claims: held, not held or not shown.

    Example: `tldrkit compare a/eval b/eval c/eval d/eval --html report.html`

    With the same runs made again elsewhere: `tldrkit compare a/eval b/eval --also ../other/artifacts`
    """
    from tldrkit.records.outputs import open_whole
    from tldrkit.steps.compare import JSON_PAGE, MARKDOWN_PAGE, read_comparison
    from tldrkit.steps.compare import compare as run

    ratings = [sheet for sheet in rate or () if sheet.exists()]
    new = [sheet for sheet in rate or () if not sheet.exists()]
    outcome = run(options, spec, references=references, target=name, also=also or (), ratings=ratings)
    artifact = outcome.artifact
    if outcome.done_before:
        console.say(outcome.say_done("--force"))
    _show(read_comparison(artifact))
    pages = {json: JSON_PAGE, markdown: MARKDOWN_PAGE}
    texts = {copy: (artifact.path / page).read_text(encoding="utf-8") for copy, page in pages.items() if copy}
    if html:
        from tldrkit.steps.report import render_report

        texts[html] = render_report(ArtifactStore(options.artifacts), artifact)
    if new:
        from tldrkit.steps.report import build_sheet

        sheet = build_sheet(ArtifactStore(options.artifacts), artifact, threads=rate_threads)
        texts |= dict.fromkeys(new, sheet)
    for copy, text in texts.items():
        with open_whole(copy) as file:
            file.write(text)
    if new:
        names = " and ".join(map(str, new))
        console.say(f"Let people fill in the column `rating` of {names}, then run the same command again.")


def _show(comparison: "ComparedRuns") -> None:
    from tldrkit.reports.page import find_notes
    from tldrkit.reports.tables import build_costs, build_others, build_quality

    styles = dict.fromkeys(comparison.baselines, "dim") | {comparison.winner: "bold green"}
    for table in (build_quality(comparison), build_others(comparison), build_costs(comparison)):
        if len(table[0]) > 1:
            console.show_table(table[0], table[1:], styles=styles)
    _show_plot(comparison)
    _show_verdicts(comparison)
    if comparison.winner:
        console.show_line(f"The run to take: {comparison.winner} ({comparison.winner_model}).")
    for note in find_notes(comparison):
        console.warn(note)


def _show_plot(comparison: "ComparedRuns") -> None:
    from tldrkit.reports.plot import find_front, place_runs, render_plot

    points = place_runs(comparison)
    if len(points) > 1:
        for line in render_plot(points):
            console.show_line(line, style="cyan")
        front = ", ".join(point.label for point in find_front(points))
        console.show_line(f"Pareto front (nothing smaller scores as high): {front}.", style="cyan")


def _show_verdicts(comparison: "ComparedRuns") -> None:
    from tldrkit.reports.tables import build_differences, build_replications

    if comparison.replications:
        replications = build_replications(comparison)
        console.show_table(replications[0], replications[1:])
    for contrast in comparison.contrasts:
        console.show_line(contrast.sentence, style=_choose_style(contrast.verdict))
        for line in (contrast.power, *contrast.beside):
            console.show_line(f"  {line}", style="dim")
    differences = build_differences(comparison)
    if len(differences) > 1:
        console.show_table(differences[0], differences[1:])
    for judgement in comparison.judgements:
        console.show_line(f"Claim: {judgement.sentence}", style=_choose_style(judgement.verdict))


def _choose_style(verdict: str) -> str | None:
    return next((style for told, style in _STYLES.items() if verdict.startswith(told)), None)
