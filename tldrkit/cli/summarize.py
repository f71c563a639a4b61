"""`tldrkit summarize`."""

from pathlib import Path
from typing import Annotated

import typer

from tldrkit.cli import console
from tldrkit.cli.options import HOW, step_command
from tldrkit.errors import SpecError
from tldrkit.options import EngineName, Options
from tldrkit.specs import Form, SummarizeSpec

BROKEN = 3
"""Exit status of a run that wrote its output though some inputs could not be read."""

WHERE = "Where summaries go"

Paths = Annotated[
    list[Path],
    typer.Argument(
        metavar="PATH...",
        help="Files, folders and quoted patterns ('threads/**/*.json'); - is the standard input.",
        show_default=False,
    ),
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
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        help="File to write, a record a thread in input order: .jsonl, .csv, .parquet or .md.",
        show_default=False,
        rich_help_panel=WHERE,
    ),
]
Sidecar = Annotated[
    bool,
    typer.Option(
        "--sidecar",
        help="Write a file beside each input instead: a.json.tldr.jsonl for a.json.",
        rich_help_panel=WHERE,
    ),
]
Format = Annotated[
    Form | None,
    typer.Option(
        "--format",
        help="What is written, however FILE ends.",
        show_default=False,
        rich_help_panel=WHERE,
    ),
]
WithSources = Annotated[
    bool,
    typer.Option(
        "--with-sources",
        help="Say which posts, from 0, each sentence most likely came from.",
        rich_help_panel=WHERE,
    ),
]
ShardOption = Annotated[
    str,
    typer.Option(
        "--shard",
        metavar="I/N",
        help="Do the I-th of N parts of the files, into FILE-I-of-N: for job arrays.",
        rich_help_panel=HOW,
    ),
]
Watch = Annotated[
    bool,
    typer.Option("--watch", help="Go on with what arrives, until interrupted.", rich_help_panel=HOW),
]
EngineOption = Annotated[
    EngineName,
    typer.Option(
        "--engine",
        help="In this process; on a Ray cluster that is there: the same bytes; by CTranslate2: plain T5.",
        rich_help_panel=HOW,
    ),
]

AsText = Annotated[
    bool,
    typer.Option("--as-text", help="Take texts that do not read as prose, such as code, as one post each."),
]

EVERY = 2.0
"""Seconds between two looks of --watch; what still changes between two of them is left for later."""


@step_command(SummarizeSpec, how=("artifacts", "device", "threads", "force"))
def summarize(
    paths: Paths,
    *,
    model: Model,
    out: Out = None,
    sidecar: Sidecar = False,
    form: Format = None,
    with_sources: WithSources = False,
    shard: ShardOption = "1/1",
    watch: Watch = False,
    engine: EngineOption = "local",
    as_text: AsText = False,
    spec: SummarizeSpec,
    options: Options,
) -> None:
    """Summarize forum threads: JSON of any forum, JSON lines, mail, pages, Markdown, text; packed or not.

    The same command goes on where it was killed, and does only what is new or changed. What is no thread
    becomes a record with its error; the exit status is then 3.

    Example: `tldrkit summarize threads/ --model b/train --out summaries.jsonl`
    """
    from tldrkit.steps.inputs import Shard
    from tldrkit.steps.summarize import Output
    from tldrkit.steps.summarize import summarize as run

    if (out is None) == (not sidecar):
        raise SpecError(
            "Exactly one of --out and --sidecar says where summaries go.",
            hint="Such as: tldrkit summarize threads/ --model b/train --out summaries.jsonl",
        )
    done = run(
        options,
        spec,
        paths=paths,
        model=model,
        output=Output(file=out, form=form, sources=with_sources),
        shard=Shard.parse(shard),
        watch=EVERY if watch else None,
        engine=engine,
        as_text=as_text,
    )
    if done.outdated:
        console.say(f"{done.outdated} summaries by another model or with other options were made again.")
    console.say(
        f"{done.threads} threads summarized, {done.known} of them known from before; "
        f"{done.broken} inputs could not be read."
    )
    if done.passed_over:
        console.say(f"{done.passed_over} files that pages bring along were passed over.")
    if done.out:
        console.show_line(str(done.out))
    if done.broken:
        raise typer.Exit(BROKEN)
