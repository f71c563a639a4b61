"""The commands, and the one error boundary around them."""

import errno
import os
import platform
import signal
from types import FrameType
from typing import Any

import typer
from typer.core import TyperGroup

from tldrkit import __version__
from tldrkit.cli import artifacts, console
from tldrkit.cli.arguments import AnySpelling
from tldrkit.cli.base import base
from tldrkit.cli.compare import compare
from tldrkit.cli.compress import compress
from tldrkit.cli.doctor import doctor
from tldrkit.cli.eval import eval as eval_
from tldrkit.cli.export import export
from tldrkit.cli.init import init
from tldrkit.cli.serve import serve
from tldrkit.cli.summarize import summarize
from tldrkit.cli.sweep import sweep
from tldrkit.cli.train import train
from tldrkit.errors import SpecError, TldrkitError
from tldrkit.machine.libraries import SHOWN, find_version
from tldrkit.options import count_processes
from tldrkit.texts import name_error, say_reason

INTERRUPTED = 130
SHARED = ("base", "train")  # commands whose work several processes share
MISSING = "This needs all of tldrkit (`pip install tldrkit`), or one of its extras; see `tldrkit doctor`."
DEBUG = "TLDRKIT_DEBUG=1 shows where it happened."


class Boundary(TyperGroup):
    """Turns every failure into one clear sentence with a hint; TLDRKIT_DEBUG=1 lets it through whole."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401  (Typer's own context type is private)
        """Run the command inside the boundary."""
        _heed_endings()
        if os.environ.get("TLDRKIT_DEBUG"):
            return super().invoke(ctx)
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            console.fail(
                "Interrupted.", hint="Nothing is half-written; the same command goes on where it can."
            )
            raise typer.Exit(INTERRUPTED) from None
        except TldrkitError as error:
            console.fail(str(error), hint=error.hint)
        except ModuleNotFoundError as error:
            console.fail(f"{error.name or say_reason(error)} is not installed.", hint=MISSING)
        except BrokenPipeError:  # who read the output has seen enough: Typer ends the command in silence
            raise
        except OSError as error:
            console.fail(_describe(error), hint=_HINTS.get(error.errno or 0, DEBUG))
        except Exception as error:
            if type(error).__module__.startswith("typer"):  # its own exits and usage errors
                raise
            console.fail(f"Unexpected {name_error(error)}: {say_reason(error)}.", hint=DEBUG)
        raise typer.Exit(1)


class Quiet(AnySpelling):
    """A command during which libraries are not heard."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401  (as above)
        """Run the command's body."""
        with console.speak_alone():
            return super().invoke(ctx)


_HINTS = {
    errno.ENOSPC: "Make room on the disk, or choose another folder with --artifacts.",
    errno.EACCES: "Choose a folder you may write to, such as with --artifacts.",
}


def _describe(error: OSError) -> str:
    where = f": {error.filename}" if error.filename else ""
    return f"{say_reason(error)}{where}."


def _heed_endings() -> None:
    """Have signals that end a process interrupt it, unless it is to ignore them."""
    for ending in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(ending) != signal.SIG_IGN:  # such as by nohup
            signal.signal(ending, _interrupt)


def _interrupt(signal_number: int, frame: FrameType | None) -> None:  # noqa: ARG001  (the signal module's signature)
    raise KeyboardInterrupt


def _show_version(value: bool) -> None:
    if value:
        console.show_line(f"tldrkit {__version__}")
        versions = ((name, find_version(name)) for name in SHOWN)
        there = ", ".join(f"{name} {version}" for name, version in versions if version)
        console.show_line(f"Python {platform.python_version()}, {there}")
        raise typer.Exit


app = typer.Typer(
    cls=Boundary,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def root(
    ctx: typer.Context,
    version: bool = typer.Option(  # noqa: ARG001  (its callback does all)
        False,
        "--version",
        callback=_show_version,
        is_eager=True,
        help="Show the version, and those of Python and libraries.",
    ),
) -> None:
    """Make small summarizers of forum threads, and prove what they are worth.

    The line: `base` (from a pretrained encoder or from scratch) or a pretrained T5/BART → `compress` →
    `train` → `eval` → `compare` → `export`, `summarize` and `serve`. Every command reads and writes numbered
    artifacts; a step already done is skipped.
    """
    if count_processes() > 1 and ctx.invoked_subcommand not in SHARED:
        raise SpecError(
            f"`tldrkit {ctx.invoked_subcommand}` runs in one process.",
            hint=f"Leave out torchrun; it is for {' and '.join(SHARED)}.",
        )


for _command in (base, compress, train, eval_, compare, export, summarize, serve, sweep, init, doctor):
    app.command(cls=Quiet)(_command)
app.add_typer(artifacts.app, name="artifacts")
