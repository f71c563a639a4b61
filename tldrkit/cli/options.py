"""Options that commands share, and the bridge from a spec's fields to command-line options."""

import functools
import inspect
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import typer
from pydantic.fields import FieldInfo

from tldrkit.cli.completing import complete_reference
from tldrkit.cli.console import ProgressTracker
from tldrkit.errors import SpecError
from tldrkit.options import ARTIFACTS, Device, Options, WandbMode, limit_threads
from tldrkit.specs import Spec, build_spec

WHAT = "What is made (each is also a key of a --spec file)"
HOW = "How it is made"

Command = Callable[..., None]


def read_path(text: str) -> Path:
    """Read a path; an empty one, such as a variable that is not set, would mean the working folder."""
    if not text:
        raise SpecError("A path is empty.", hint="Is a variable not set? The folder you are in is `.`.")
    return Path(text)


Artifacts = Annotated[
    Path,
    typer.Option(
        "--artifacts",
        metavar="DIR",
        parser=read_path,
        envvar=ARTIFACTS,
        help="Folder of the artifact store.",
        rich_help_panel=HOW,
    ),
]
AsName = Annotated[
    str, typer.Option("--as", metavar="NAME", help="Name to publish the result under, such as b/train.")
]
SourceArgument = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="A reference (b/train, b/train@v2; a comparison: its winner), a model folder, or a hub id.",
        show_default=False,
        autocompletion=complete_reference,
    ),
]


def _how(kind: Any, default: object, name: str, help: str, **more: Any) -> inspect.Parameter:  # noqa: A002, ANN401
    option = typer.Option(f"--{name}", help=help, rich_help_panel=HOW, **more)
    return inspect.Parameter(
        name.partition("/")[0],
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[kind, option],
    )


_HOW = {
    parameter.name: parameter
    for parameter in (
        inspect.Parameter(
            "artifacts", inspect.Parameter.KEYWORD_ONLY, default=Path("artifacts"), annotation=Artifacts
        ),
        _how(
            Path | None,
            None,
            "data",
            "Folder with local copies of known data sets.",
            metavar="DIR",
            parser=read_path,
            envvar="TLDRKIT_DATA",
        ),
        _how(Device, "auto", "device", "Where networks run."),
        _how(
            int | None,
            None,
            "threads",
            "Processor threads.",
            min=1,
            max=1024,
            show_default="the library's choice",
        ),
        _how(bool, False, "force/--no-force", "Do the step again, even if it was done before."),
        _how(WandbMode, "off", "wandb", "Send the metrics to Weights & Biases too."),
    )
}


def step_command(
    kind: type[Spec] | None = None,
    *,
    how: tuple[str, ...] = tuple(_HOW),
    panels: Mapping[str, str] | None = None,
    instead: tuple[str, type[Spec]] | None = None,
) -> Callable[[Command], Command]:
    """Give a command the shared options and one option per field of a spec.

    The command is called with `options`, and with `spec` where a spec class is given.

    Args:
        kind: The spec class, whose fields become options beside `--spec FILE`.
        how: The shared options this command understands.
        panels: Headings of fields that stand under one of their own in --help.
        instead: An option of the command, and the spec class that is built where it is given; its fields are
            among those of ``kind``.
    """
    headings = panels or {}
    fields = {name: info for name, info in kind.model_fields.items() if _fits_option(info)} if kind else {}

    def decorate(command: Command) -> Command:
        own = inspect.signature(command).parameters
        parameters = [p for name, p in own.items() if name not in ("spec", "options")]
        if kind:
            parameters += [
                _spec_files(),
                *(_field_option(name, info, headings) for name, info in fields.items()),
            ]
        parameters += [_HOW[name] for name in how]

        @functools.wraps(command)
        def call(**arguments: Any) -> None:  # noqa: ANN401  (whatever Typer parsed)
            if kind:
                files = arguments.pop("spec_files") or ()
                given = {name: arguments.pop(name) for name in fields}
                given = {name: value for name, value in given.items() if value is not None}
                other = instead[1] if instead and arguments[instead[0]] is not None else kind
                arguments["spec"] = build_spec(other, files, given)
            settings = {name: arguments.pop(name) for name in how}
            options = Options(**settings, command=("tldrkit", *sys.argv[1:]), display=ProgressTracker())
            if options.threads:
                limit_threads(options.threads)
            command(options=options, **arguments)

        call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        call.__annotations__ = {p.name: p.annotation for p in parameters}
        return call

    return decorate


def _fits_option(info: FieldInfo) -> bool:
    """Tell whether a field can be an option; a list of mappings is given in a --spec file only."""
    return get_origin(info.annotation) is not tuple


def _spec_files() -> inspect.Parameter:
    option = typer.Option(
        "--spec",
        metavar="FILE",
        parser=read_path,
        help="YAML file of fields; may be given again: later files, then options, win.",
        show_default=False,
        rich_help_panel=WHAT,
    )
    return _parameter("spec_files", list[Path] | None, option)


def _field_option(name: str, info: FieldInfo, panels: Mapping[str, str]) -> inspect.Parameter:
    dashed = name.replace("_", "-")
    kind = _plain_type(info.annotation)
    spelled = f"--{dashed}/--no-{dashed}" if kind is bool else f"--{dashed}"
    help_text = f"{info.description}{_render_default(info.default)}"
    panel = panels.get(name, WHAT)
    # As Typer shows them; `AnySpelling` learns the words from it.
    words = f"<{'|'.join(get_args(kind))}>" if get_origin(kind) is Literal else None
    option = typer.Option(spelled, help=help_text, metavar=words, show_default=False, rich_help_panel=panel)
    return _parameter(name, kind | None, option)


def _parameter(name: str, annotation: Any, option: Any) -> inspect.Parameter:  # noqa: ANN401  (typing constructs)
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=None, annotation=Annotated[annotation, option])


def _plain_type(annotation: Any) -> Any:  # noqa: ANN401  (a typing construct)
    """Take the None and pydantic's notes out of an optional type; among words, true and false are words."""
    if get_origin(annotation) not in (None, Literal):
        annotation = next(part for part in get_args(annotation) if part is not type(None))
    if get_origin(annotation) is Annotated:
        annotation = annotation.__origin__
    if get_origin(annotation) is Literal:
        words = (str(word).lower() if isinstance(word, bool) else word for word in get_args(annotation))
        return Literal[tuple(words)]
    return annotation


def _render_default(value: object) -> str:
    if value is None or value == "":
        return ""
    return f" [{str(value).lower() if isinstance(value, bool) else value}]"
