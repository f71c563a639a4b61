"""Keyword arguments that are a spec's fields, shown with their meaning by `help` and in a notebook."""

import inspect
from collections.abc import Callable, Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

from tldrkit.specs import Spec, SpecT, build_spec

Function = TypeVar("Function", bound=Callable[..., Any])
File = str | PathLike[str]


def takes(kind: type[Spec], *, without: Iterable[str] = ()) -> Callable[[Function], Function]:
    """Show a function's ``**fields`` as the fields of a spec, with types, defaults and meaning.

    Args:
        kind: The spec.
        without: Fields that the function does not take.
    """
    fields = {name: info for name, info in kind.model_fields.items() if name not in set(without)}

    def decorate(function: Function) -> Function:
        signature = inspect.signature(function)
        own = [one for one in signature.parameters.values() if one.kind != inspect.Parameter.VAR_KEYWORD]
        own += [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=None if info.is_required() else info.default,
                annotation=info.annotation,
            )
            for name, info in fields.items()
        ]
        function.__signature__ = signature.replace(parameters=own)  # type: ignore[attr-defined]
        lines = [f"    {name}: {info.description}" for name, info in fields.items()]
        function.__doc__ = "\n".join([inspect.cleandoc(function.__doc__ or ""), "", "Fields:", *lines])
        return function

    return decorate


def build_fields(kind: type[SpecT], spec: File | Sequence[File], fields: dict[str, Any]) -> SpecT:
    """Build a spec from YAML files and keyword arguments; what comes later wins.

    Raises:
        SpecError: If a file cannot be read, or a name or a value cannot be used.
    """
    files = [spec] if isinstance(spec, str | PathLike) else spec
    return build_spec(kind, [Path(file) for file in files], fields, origin="the call")
