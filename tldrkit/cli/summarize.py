"""`tldrkit summarize`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tldrkit.cli import console
from tldrkit.cli.completing import complete_reference
from tldrkit.cli.options import HOW, read_path, step_command
from tldrkit.errors import SpecError
from tldrkit.options import EngineName, Options
from tldrkit.specs import Form, SummarizeSpec
from tldrkit.texts import count_noun

if TYPE_CHECKING:
    from tldrkit.steps.summarize import Summarized

BROKEN = 3
"""Exit status of a run that wrote its output though inputs could not be read, or got no words."""

MANY = 10
"""A run is warned of where more than one summary in so many has no words."""

WHERE = "Where summaries go"


Paths = Annotated[
    list[Path],
    typer.Argument(
        metavar="PATH...",
        parser=read_path,
        help="Files, folders and quoted patterns ('threads/**/*.json'); - is the standard input.",
        show_default=False,
    ),
]
ModelOption = Annotated[
    str,
    typer.Option(
        "--model",
        metavar="SOURCE",
        help="A reference, a comparison (its winner), a model folder, a hub id; or `central`: the most "
        "central sentences of a thread, without a network.",
        autocompletion=complete_reference,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        parser=read_path,
        help="File to write, a record a thread: .jsonl, .csv, .parquet or .md; - is the standard output.",
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
Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite",
        help="Replace an output that is there already, though no earlier run wrote it.",
        rich_help_panel=WHERE,
    ),
]
ShardOption = Annotated[
    str,
    typer.Option(
        "--shard",
        metavar="I/N",
        help="Do part I of N, and write FILE-I-of-N: for job arrays.",
        rich_help_panel=HOW,
    ),
]
Watch = Annotated[
    bool,
    typer.Option("--watch", help="Keep running, and add what arrives.", rich_help_panel=HOW),
]
EngineOption = Annotated[
    EngineName,
    typer.Option(
        "--engine",
        help="Work in this process, or on a running Ray cluster, with the same result.",
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
    model: ModelOption,
    out: Out = None,
    sidecar: Sidecar = False,
    form: Format = None,
    with_sources: WithSources = False,
    overwrite: Overwrite = False,
    shard: ShardOption = "1/1",
    watch: Watch = False,
    engine: EngineOption = "local",
    as_text: AsText = False,
    spec: SummarizeSpec,
    options: Options,
) -> None:
    """Summarize forum threads: JSON of any forum, JSON lines, mail, pages, Markdown, text; packed or not.

    The same command goes on where it was killed, and does only what is new or changed. What is no thread, or
    gets a summary without words, becomes a record with its error; the exit status is then 3.

    Example: `tldrkit summarize threads/ --model b/train --out summaries.jsonl`
    """
    from tldrkit.records.inputs import STDOUT, Shard
    from tldrkit.records.summaries import Output
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
        output=Output(
            file=out,
            form=form,
            sources=with_sources,
            overwrite=overwrite,
            stream=console.get_stream() if out == STDOUT else None,
        ),
        shard=Shard.parse(shard),
        watch=EVERY if watch else None,
        engine=engine,
        as_text=as_text,
    )
    _tell(done)
    if done.out and done.out != STDOUT:
        console.show_line(str(done.out))
    if done.broken or done.empty:
        raise typer.Exit(BROKEN)


def _tell(done: "Summarized") -> None:
    if done.outdated:
        replaced = count_noun(done.outdated, "summary", "summaries")
        console.say(f"{replaced} by another model, options, tldrkit or processor replaced.")
    empty = count_noun(done.empty, "summary has no words", "summaries have no words")
    if done.empty * MANY > done.threads:
        console.warn(f"{empty}, of {count_noun(done.threads, 'thread')}. Is it the right model for them?")
    said = f"{count_noun(done.threads, 'thread')} summarized, {done.known:,} of them known from before; "
    said += f"{count_noun(done.broken, 'input')} could not be read"
    console.say(f"{said}; {empty}." if done.empty else f"{said}.")
    if done.passed_over:
        console.say(f"{count_noun(done.passed_over, 'file')} that pages bring along passed over.")
