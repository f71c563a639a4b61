"""`tldrkit serve`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tldrkit.cli import console
from tldrkit.cli.completing import complete_reference
from tldrkit.cli.options import read_path, step_command
from tldrkit.options import Options
from tldrkit.serving.settings import Access, Limits, read_token
from tldrkit.specs import SummarizeSpec

if TYPE_CHECKING:
    from tldrkit.steps.serve import Listening

REACH = "Who may reach it, and how much it takes on"

Models = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE...", help="Models, as for the other commands; the first answers by default.",
        show_default=False,
        autocompletion=complete_reference,
    ),
]  # fmt: skip
Host = Annotated[str, typer.Option(help="Address to listen at.", rich_help_panel=REACH)]
Port = Annotated[int, typer.Option(help="Port; 0: a free one.", min=0, max=65535, rich_help_panel=REACH)]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file",
        metavar="FILE",
        parser=read_path,
        help="File with the bearer token that requests must carry.",
        show_default="the variable TLDRKIT_TOKEN, where it is set",
        rich_help_panel=REACH,
    ),
]
Origins = Annotated[
    list[str] | None,
    typer.Option(
        "--cors-origin",
        metavar="ORIGIN",
        help="Origin whose pages may call from a browser; may be given again, * is any.",
        show_default=False,
        rich_help_panel=REACH,
    ),
]
Hosts = Annotated[
    list[str] | None,
    typer.Option(
        "--allowed-host",
        metavar="NAME",
        help="Name it may be called by, besides localhost; may be given again.",
        show_default="any, where it does not listen on loopback alone",
        rich_help_panel=REACH,
    ),
]
Body = Annotated[int, typer.Option("--max-body", help="Bytes of a request.", min=1000, rich_help_panel=REACH)]
Waiting = Annotated[
    int,
    typer.Option(
        "--max-waiting", help="Documents that may wait; beyond it: 429.", min=1, rich_help_panel=REACH
    ),
]  # fmt: skip
Seconds = Annotated[
    float,
    typer.Option("--timeout", help="Seconds until a request is given up.", min=0.1, rich_help_panel=REACH),
]


@step_command(SummarizeSpec, how=("artifacts", "device", "threads"))
def serve(
    sources: Models,
    *,
    host: Host = Access.host,
    port: Port = Access.port,
    token_file: TokenFile = None,
    hosts: Hosts = None,
    origins: Origins = None,
    max_body: Body = Limits.body,
    max_waiting: Waiting = Limits.waiting,
    timeout: Seconds = Limits.seconds,
    spec: SummarizeSpec,
    options: Options,
) -> None:
    """Summarize over HTTP, by Hugging Face's contract, until it is stopped.

    `POST /` and `/summarization` answer the clients of Hugging Face, `POST /threads` takes forum threads in
    any shape that `summarize` reads, and a page at `/` is for people. When it is stopped, it first answers
    what it has accepted. Needs the extra `serve`.

    Example: `tldrkit serve b/train --port 8000`
    """
    from tldrkit.steps.serve import serve as run

    token = read_token(token_file)
    access = Access(host=host, port=port, token=token, hosts=tuple(hosts or ()), origins=tuple(origins or ()))
    limits = Limits(body=max_body, waiting=max_waiting, seconds=timeout)
    run(options, spec, sources=sources, access=access, limits=limits, announce=_announce)
    console.say("Stopped; every accepted request was answered.")


def _announce(listening: "Listening") -> None:
    console.say(f"Serving {', '.join(listening.models)}; Ctrl-C stops.")
    console.show_line(listening.address)
