"""What a person sees: data goes to stdout, talk to stderr. The only room that knows rich."""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from tldrkit.store.notices import catch
from tldrkit.texts import escape_json, show_text
from tldrkit.tracking import Event

_WIDE = 200  # columns of a table that goes to a file or a pipe

stdout = Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)
stderr = Console(stderr=True, width=None if sys.stderr.isatty() else _WIDE, highlight=False)


@contextmanager
def speak_alone() -> Iterator[None]:
    """Keep the terminal for what is shown from here; with TLDRKIT_DEBUG=1 libraries speak there too."""
    if os.environ.get("TLDRKIT_DEBUG"):
        yield
        return
    with catch() as (stdout.file, stderr.file):
        try:
            yield
        finally:
            stdout.file = stderr.file = None  # type: ignore[assignment]  # what sys.stdout and sys.stderr are then


def show_line(text: str, *, style: str | None = None) -> None:
    """Write one line of data."""
    stdout.out(show_text(text), style=style, highlight=False)


def get_stream() -> IO[bytes]:
    """Get the standard output for bytes."""
    return getattr(stdout.file, "buffer", sys.stdout.buffer)


def show_json(value: Any) -> None:  # noqa: ANN401  (any JSON value)
    """Write a JSON value as data."""
    stdout.out(escape_json(json.dumps(value, indent=2, ensure_ascii=False)), highlight=False)


def show_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    title: str = "",
    talk: bool = False,
    styles: Mapping[str, str] | None = None,
) -> None:
    """Write a table; the first column is left-aligned, the others right-aligned.

    Args:
        columns: Heads.
        rows: Cells.
        title: Written above it.
        talk: Whether it is talk, and so goes to stderr.
        styles: Styles of rows, such as `bold green`, by their first cell.
    """
    table = Table(title=title or None, title_justify="left", title_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right", overflow="fold")
    for row in rows:
        table.add_row(*(Text(show_text(cell)) for cell in row), style=(styles or {}).get(row[0]))
    (stderr if talk else stdout).print(table)


def say(message: str) -> None:
    """Tell the person something."""
    stderr.print(Text(show_text(message)))


def warn(message: str) -> None:
    """Tell the person something that may be wrong."""
    stderr.print(Text("Warning: ", style="yellow").append(show_text(message), style="default"))


def fail(message: str, *, hint: str = "") -> None:
    """Tell the person what went wrong, and what to do next."""
    stderr.print(Text("Error: ", style="bold red").append(show_text(message), style="default"))
    if hint:
        stderr.print(Text("Hint: ", style="cyan").append(show_text(hint), style="default"))


class ProgressTracker:
    """Shows a bar with the latest numbers on a terminal, and the milestones as lines anywhere."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[numbers]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=stderr,
            transient=True,
            redirect_stdout=False,  # else rich shows what others write, on a terminal
            redirect_stderr=False,
            disable=not stderr.is_terminal or stderr.is_dumb_terminal,
        )
        self._bars: dict[str, Any] = {}

    def log(self, event: Event) -> None:
        """Show the event."""
        kind = str(event.get("kind", ""))
        if "total" in event and "done" in event:
            self._advance(kind, event)
        if "message" in event:
            run = f"{event['run']}  " if "run" in event else ""
            stderr.print(Text(show_text(f"{run}{event['message']}")))

    def close(self) -> None:
        """Take the bar away."""
        self._progress.stop()

    def _advance(self, kind: str, event: Event) -> None:
        if kind not in self._bars:
            self._progress.start()
            self._bars[kind] = self._progress.add_task(kind, total=event["total"], numbers="")
        self._progress.update(
            self._bars[kind], completed=event["done"], total=event["total"], numbers=_render_numbers(event)
        )


def _render_numbers(event: Mapping[str, Any]) -> str:
    from tldrkit.scoring.metrics import MAIN

    shown = {
        "train_loss": "loss",
        "best_val_rouge_l": MAIN.head,
        "tokens_per_second": "tokens/s",
        "threads_per_second": "threads/s",
    }
    parts = []
    for key, label in shown.items():
        if event.get(key) is not None:
            value = float(event[key]) * (100 if key == "best_val_rouge_l" else 1)
            parts.append(f"{label} {value:,.0f}" if value >= 1000 else f"{label} {value:.2f}")
    return "  ".join(parts)
