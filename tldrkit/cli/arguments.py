"""Every spelling of an option: `--max-steps`, `--max_steps` or `--MAX_STEPS`, `--do-pb` or `--do-pb true`.

Sweep agents and scripts write the others; here they become the first, which is what Typer knows. A value is
never rewritten. None, which agents write for a null, takes its option with it.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import typer
from typer.core import TyperCommand

from tldrkit.cli.secrets import refuse_secrets

_WORDS = {"true": True, "false": False}
_NULL = "None"


class AnySpelling(TyperCommand):
    """A command whose options may be spelled in any of these ways."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401  (Typer's own context type is private)
        """Rewrite the arguments to the spelling of `--help`, and read them; secrets are refused.

        Raises:
            SpecError: An argument holds a secret.
        """
        refuse_secrets(args)
        try:
            return super().parse_args(ctx, list(_normalize(args, self.get_params(ctx))))
        except typer.BadParameter as error:  # pydantic's word for it, which Typer reads values with
            error.message = error.message.removeprefix("Value error, ")
            raise


def _normalize(arguments: Iterable[str], parameters: Iterable[Any]) -> Iterator[str]:
    """Rewrite arguments; what follows a bare `--` is left alone."""
    known = {name: option for option in parameters for name in _list_names(option)}
    waiting = deque(arguments)
    while waiting:
        argument = waiting.popleft()
        name, equals, value = argument.partition("=")
        spelled = name.lower().replace("_", "-")
        option = known.get(spelled)
        if argument == "--":
            yield from (argument, *waiting)
            return
        if not argument.startswith("--"):
            yield argument
        elif option is None:
            yield f"{spelled}{equals}{value}"
        elif option.is_flag:
            said = value if equals else _take_word(waiting, _WORDS)
            yield from _switch(option, spelled, said)
        elif words := _list_words(option):
            said = value if equals else _take_word(waiting, words)
            yield from _name_word(option, spelled, said)
        elif equals:
            yield from () if value == _NULL else (f"{spelled}={value}",)
        elif waiting and waiting[0] == _NULL:
            waiting.popleft()
        else:
            yield spelled
            yield from [waiting.popleft() for _ in range(min(option.nargs, len(waiting)))]


def _list_names(option: Any) -> Iterator[str]:  # noqa: ANN401  (as above)
    """List the names of an option; a switch with more words than true and false can be said no to as well."""
    yield from (*option.opts, *option.secondary_opts)
    if _list_words(option):
        yield from (f"--no-{name.removeprefix('--')}" for name in option.opts)


def _list_words(option: Any) -> Collection[str]:  # noqa: ANN401  (as above)
    """List the words of a switch that knows more of them than true and false; none of any other option."""
    words = (option.metavar or "").strip("<>").split("|")
    return words if "true" in words else ()


def _take_word(waiting: deque[str], words: Collection[str]) -> str | None:
    """Take the next argument where it can only be a switch's value."""
    return waiting.popleft() if waiting and (waiting[0].lower() in words or waiting[0] == _NULL) else None


def _switch(option: Any, name: str, said: str | None) -> Iterator[str]:  # noqa: ANN401  (as above)
    """Rewrite a flag by what is said of it; one that has no name for off is left out."""
    if said is None or said.lower() not in _WORDS:
        yield from [] if said == _NULL else [name if said is None else f"{name}={said}"]
    elif _WORDS[said.lower()]:
        yield name
    else:
        yield from (option.opts if name in option.secondary_opts else option.secondary_opts)[:1]


def _name_word(option: Any, name: str, said: str | None) -> Iterator[str]:  # noqa: ANN401  (as above)
    """Rewrite a switch with more words than true and false, by what is said of it; nothing is true."""
    word = "true" if said is None else said.lower()
    if said == _NULL:
        return
    if name not in option.opts and word in _WORDS:
        name, word = option.opts[0], "false" if _WORDS[word] else "true"
    yield f"{name}={word}"
