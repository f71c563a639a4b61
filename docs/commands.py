"""A hook of MkDocs: writes the page of all commands from the code that reads the command line."""

import html
import re
from collections.abc import Iterator
from typing import Any

import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from tldrkit.cli.app import app

PAGE = "reference/commands.md"
OPENING = """# Commands

Every command and every option, as `--help` shows them. [What all commands share](steps.md) has the rest.
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the page of commands to the pages that lie in the folder."""
    files.append(File.generated(config, PAGE, content=render()))
    return files


def render() -> str:
    """Write the page: a section for each command, with a table for each group of its options."""
    root = typer.main.get_command(app)
    sections = (line for name, command in root.commands.items() for line in _tell(command, name))
    return "\n".join([OPENING, *sections])


def _tell(command: Any, path: str) -> Iterator[str]:  # noqa: ANN401  (Typer's own type is private)
    """Write a command's section, then those of the commands below it."""
    yield f"{'#' * (path.count(' ') + 2)} {path}\n"
    yield f"{_mark_example(command.help or '')}\n"
    below = getattr(command, "commands", {})
    for name, inner in below.items():
        yield from _tell(inner, f"{path} {name}")
    if below:
        return
    context = command.make_context(path, [], resilient_parsing=True)
    yield f"```text\ntldrkit {path} {' '.join(command.collect_usage_pieces(context))}\n```\n"
    panels: dict[str, list[str]] = {}
    for parameter in command.params:
        if record := parameter.get_help_record(context):
            panel = parameter.rich_help_panel or f"{parameter.param_type_name}s".capitalize()
            panels.setdefault(panel, []).append(f"| {_code(record[0])} | {_escape(record[1])} |")
    for panel, rows in panels.items():
        yield "\n".join([f"| {panel} | |", "|---|---|", *rows, ""])


def _mark_example(text: str) -> str:
    """Set the command line of an example as code, where the help does not."""
    return re.sub(r"^(Example: )(tldrkit .*)$", r"\1`\2`", text, flags=re.MULTILINE)


def _code(text: str) -> str:
    """Set a cell's text as code; a bar would end the cell, also between backquotes."""
    return f"<code>{html.escape(text).replace('|', '&#124;')}</code>"


def _escape(text: str) -> str:
    """Keep a cell's text from being read as a table, a tag or a link; code in it stays code."""
    parts = (
        _code(part[1:-1]) if part.startswith("`") else re.sub(r"([|\\*\[\]<>_])", r"\\\1", part)
        for part in re.split(r"(`[^`]*`)", text)
    )
    return "".join(parts)
