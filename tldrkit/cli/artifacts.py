"""`tldrkit artifacts`: look at the store, check it, clean it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from tldrkit.cli import console
from tldrkit.cli.arguments import AnySpelling
from tldrkit.cli.completing import complete_reference
from tldrkit.cli.options import Artifacts
from tldrkit.store.lineage import Lineage
from tldrkit.store.store import ArtifactStore
from tldrkit.texts import count_noun

DAMAGED = 4
"""Exit status where an artifact, or one that it was made from, is not as it was published."""

ReferenceArgument = Annotated[
    str,
    typer.Argument(
        metavar="REF",
        help="Such as b/train or b/train@v3.",
        show_default=False,
        autocompletion=complete_reference,
    ),
]
MaybeReference = Annotated[
    str | None,
    typer.Argument(
        metavar="REF",
        help="One artifact; all of them where not given.",
        show_default=False,
        autocompletion=complete_reference,
    ),
]

CheckpointsOption = Annotated[
    bool,
    typer.Option(
        "--checkpoints",
        help="Remove the states of unfinished training and summarizing too; they begin anew.",
        show_default=False,
    ),
]

app = typer.Typer(no_args_is_help=True, help="List, show, verify, trace and clean what the steps published.")
_HERE = Path("artifacts")


def _open(folder: Path) -> ArtifactStore:
    """Open a store that is there.

    Raises:
        UnknownReference: It is not.
    """
    store = ArtifactStore(folder)
    store.require()
    return store


@app.command(cls=AnySpelling)
def ls(*, artifacts: Artifacts = _HERE) -> None:
    """List every version of every artifact."""
    found = _open(artifacts).list()
    rows = [
        (
            a.reference,
            a.manifest.kind,
            a.manifest.created,
            f"{sum(f.bytes for f in a.manifest.files):,}",
            a.manifest.digest[:12],
        )
        for a in found
    ]
    console.show_table(("reference", "kind", "created", "bytes", "digest"), rows)


@app.command(cls=AnySpelling)
def show(reference: ReferenceArgument, *, artifacts: Artifacts = _HERE) -> None:
    """Show an artifact's manifest as JSON."""
    console.show_json(_open(artifacts).resolve(reference).manifest.to_dict())


@app.command(cls=AnySpelling)
def verify(reference: MaybeReference = None, *, artifacts: Artifacts = _HERE) -> None:
    """Check files against the manifests, and that inputs are still there; exit status 4 where not."""
    problems = _open(artifacts).verify(reference)
    for problem in problems:
        console.show_line(problem)
    if problems:
        raise typer.Exit(DAMAGED)
    console.say("Everything is as it was published.")


@app.command(cls=AnySpelling)
def lineage(reference: ReferenceArgument, *, artifacts: Artifacts = _HERE) -> None:
    """Show what an artifact was made from, down to the data; exit status 4 where some is damaged or gone."""
    tree = _open(artifacts).lineage(reference)
    console.show_line("\n".join(_render_lineage(tree)))
    if not tree.is_sound:
        raise typer.Exit(DAMAGED)


def _render_lineage(item: Lineage, depth: int = 0) -> Iterator[str]:
    facts = filter(None, (item.kind, item.problem) if item.kind or item.problem else ("outside the store",))
    told = ", ".join((*facts, item.digest[:12]))
    yield f"{'  ' * depth}{item.role + ': ' if depth else ''}{item.reference}  ({told})"
    for source in item.inputs:
        yield from _render_lineage(source, depth + 1)


@app.command(cls=AnySpelling)
def gc(*, checkpoints: CheckpointsOption = False, artifacts: Artifacts = _HERE) -> None:
    """Remove what killed processes left and nothing needs; published versions are never removed."""
    removed = _open(artifacts).collect_garbage(checkpoints=checkpoints)
    for path in removed:
        console.show_line(str(path))
    console.say(f"{count_noun(len(removed), 'entry', 'entries')} removed.")
