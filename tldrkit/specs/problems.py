"""What pydantic finds wrong with a value, in sentences of ours."""

import re
from collections.abc import Mapping
from typing import Any

from tldrkit.texts import count_noun

_LIMITS = {
    "greater_than": "it must be more than {gt}",
    "greater_than_equal": "it must be at least {ge}",
    "less_than": "it must be less than {lt}",
    "less_than_equal": "it must be at most {le}",
    "literal_error": "it must be {expected}",
    "enum": "it must be {expected}",
}
_WANTED = {  # by how the names of pydantic's problems begin; the first that fits
    "int_": "it must be a whole number",
    "float_": "it must be a number",
    "finite_number": "it must be a number",
    "bool_": "it must be true or false",
    "string_pattern": "it has the wrong form",
    "string_type": "it must be a text",
    "string_unicode": "it must be a text in UTF-8",
    "path_": "it must be a path",
    "list_": "it must be a list",
    "tuple_": "it must be a list",
    "dict_": "it must be a mapping of names to values",
    "mapping_": "it must be a mapping of names to values",
    "model_": "it must be a mapping of names to values",
    "missing": "it is missing",
    "extra_forbidden": "it is not known here",
    "json_": "it is no JSON",
}


def describe_problem(found: Mapping[str, Any]) -> str:
    """Describe one of the problems of a ValidationError, in a clause without a full stop."""
    kind, facts = found["type"], found.get("ctx", {})
    if kind == "value_error":
        return str(facts["error"]).rstrip(".")
    if kind in _LIMITS:
        return _LIMITS[kind].format(**{name: _show(value) for name, value in facts.items()})
    if kind.endswith("too_short"):
        return f"it needs {count_noun(facts['min_length'], 'entry', 'entries')} at least"
    wanted = next((words for start, words in _WANTED.items() if kind.startswith(start)), "")
    return wanted or f"it cannot be read ({found['msg'][:1].lower()}{found['msg'][1:].rstrip('.')})"


def _show(value: object) -> str:
    if isinstance(value, int | float):
        return f"{value:,}".removesuffix(".0")
    return re.sub(r"\b(True|False)\b", lambda found: found[0].lower(), str(value))
