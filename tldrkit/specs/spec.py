"""A spec: a frozen set of fields, read from YAML and the command line alike."""

import difflib
import reprlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tldrkit.errors import SpecError
from tldrkit.specs.problems import describe_problem
from tldrkit.texts import say_reason

COUNT = r"^\d+(\.\d+)?[kKMB]?$"
"""What ``read_count`` reads."""

_MOST = 1 << 18  # bytes of a file
_TOO_LARGE = 1 << 32  # for any whole number: libraries hold them in so many bits, or not many more
_NAME_YAML = "Name a YAML file, such as one under experiments/."

SpecT = TypeVar("SpecT", bound="Spec")


class Spec(BaseModel):
    """A frozen set of fields; an unknown key is refused with the nearest known one."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=(), allow_inf_nan=False)

    refused: ClassVar[Mapping[str, str]] = {}
    """Keys of a sibling that people may give by mistake, each with the reason why it cannot be used here."""


def added_field(default: Any, **facts: Any) -> Any:  # noqa: ANN401  (as pydantic's own)
    """Describe a field that came when results had been published: said only where it is not at its default.

    So the identities of those results, and of the runs that are under way, stay what they are.
    """
    return Field(default, exclude_if=lambda value: value == default, **facts)


def build_spec(
    kind: type[SpecT],
    files: Sequence[Path] = (),
    fields: Mapping[str, Any] | None = None,
    *,
    origin: str = "the command line",
) -> SpecT:
    """Build a spec from YAML files and given fields; what comes later wins, and null means the default.

    Args:
        kind: The spec class.
        files: YAML files, each a mapping of field names.
        fields: Fields given otherwise.
        origin: Where they come from, for the message.

    Raises:
        SpecError: If a file cannot be read, or a key or a value cannot be used.
    """
    values: dict[str, Any] = {}
    for file in files:
        values.update(_checked_keys(kind, read_yaml(file), str(file)))
    values.update(_checked_keys(kind, fields or {}, origin))
    for key, value in values.items():
        if isinstance(value, str) and value != value.encode(errors="replace").decode():
            raise SpecError(f"{key} in {origin} is no text in UTF-8.", hint=_describe(kind, key))
    try:
        spec = kind(**{name: value for name, value in values.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        problem = f"{describe_problem(first)}."
        if not field:
            raise SpecError(
                f"These fields do not fit together: {problem}", hint="Change one of them."
            ) from None
        message = f"{field} = {reprlib.repr(first['input'])} cannot be used: {problem}"
        raise SpecError(message, hint=_describe(kind, field)) from None
    for name, value in spec:
        if isinstance(value, int) and value >= _TOO_LARGE:
            message = f"{name} = {value} cannot be used: it must be less than {_TOO_LARGE:,}."
            raise SpecError(message, hint=_describe(kind, name))
    return spec


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping.

    Raises:
        SpecError: If the file is missing, is not YAML, or holds something else than a mapping.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST + 1)
        if len(data) > _MOST:
            raise SpecError(f"{path} is larger than {_MOST >> 10} KiB, which no spec is.", hint=_NAME_YAML)
        content = yaml.safe_load(data.decode("utf-8-sig"))
    except OSError as error:
        raise SpecError(
            f"{path} cannot be read: {error.strerror}.",
            hint=_NAME_YAML,
        ) from None
    except UnicodeDecodeError:
        raise SpecError(f"{path} is not UTF-8 text.", hint="Save it as UTF-8.") from None
    except RecursionError:
        raise SpecError(f"{path} is nested too deeply.", hint=_NAME_YAML) from None
    except ValueError as error:  # such as a date without such a day
        raise SpecError(
            f"{path} holds a value that cannot be read: {say_reason(error)}.", hint=_NAME_YAML
        ) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or "not readable"
        raise SpecError(
            f"{where} is not valid YAML: {problem}.", hint="Check the indentation and the colons."
        ) from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise SpecError(f"{path} holds no mapping.", hint="Write one `field: value` pair a line.")
    return {str(key): value for key, value in content.items()}


def render_yaml(fields: Mapping[str, Any]) -> str:
    """Render fields as a YAML mapping that ``read_yaml`` reads, in the order given."""
    return yaml.safe_dump(dict(fields), sort_keys=False, allow_unicode=True)


def _checked_keys(kind: type[Spec], values: Mapping[str, Any], origin: str) -> dict[str, Any]:
    known = list(kind.model_fields)
    values = {key if key in known else key.lower(): value for key, value in values.items()}
    for key in values:
        if key in kind.refused:
            raise SpecError(f"{key} in {origin} cannot be used: {kind.refused[key]}.", hint="Leave it out.")
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known keys: {', '.join(known)}."
            raise SpecError(f"Unknown key {key!r} in {origin}.", hint=hint)
    return dict(values)


def _describe(kind: type[Spec], field: str) -> str:
    info = kind.model_fields.get(field.split(".")[0])
    return f"{field}: {info.description}" if info and info.description else ""


def read_count(text: str) -> int:
    """Read a number such as 45M; k, M and B are thousands, millions and billions."""
    factors = {"k": 1_000, "K": 1_000, "M": 1_000_000, "B": 1_000_000_000}
    return int(float(text.rstrip("kKMB")) * factors.get(text[-1], 1))
