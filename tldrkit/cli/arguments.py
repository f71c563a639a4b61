"""Every spelling of an option: `--max-steps`, `--max_steps` or `--MAX_STEPS`, `--do-pb` or `--do-pb true`.

Sweep agents and scripts write the others; here they become the first, which is what Typer knows.
"""

from collections.abc import Iterable, Iterator

_WORDS = {"true": True, "false": False}


def normalize_arguments(arguments: Iterable[str]) -> list[str]:
    """Rewrite a command line to the spelling of `--help`; what follows a bare `--` is left alone."""
    return list(_normalize(list(arguments)))


def _normalize(arguments: list[str]) -> Iterator[str]:
    position = 0
    while position < len(arguments):
        argument = arguments[position]
        position += 1
        if argument == "--":
            yield from (argument, *arguments[position:])
            return
        if not argument.startswith("--"):
            yield argument
            continue
        name, equals, value = argument.partition("=")
        name = name.lower().replace("_", "-")
        if not equals and position < len(arguments) and arguments[position].lower() in _WORDS:
            equals, value = "=", arguments[position]
            position += 1
        yield _switch(name, value) if value.lower() in _WORDS else f"{name}{equals}{value}"


def _switch(name: str, value: str) -> str:
    return name if _WORDS[value.lower()] else f"--no-{name[2:]}"
