"""Every command line that a document shows is one that can be given."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from tldrkit.cli.app import app

ROOT = Path(__file__).parents[2]
TOLD_BEFORE = ROOT / "CHANGELOG.md"  # tells what was, too
PAGES = sorted(
    {*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")} - {TOLD_BEFORE}
)
FENCE = re.compile(r"^[ ]*```(.*?)$(.*?)^[ ]*```[ ]*$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:python )?(?:tldrkit|make|benchmarks/\w+\.py) [^`]+)`")
SHELL = ("", "sh", "bash")
BETWEEN = ("|", "&&", ";", ">", "<")
TREE = typer.main.get_command(app)
MAKEFILE = "".join(
    path.read_text(encoding="utf-8") for path in (ROOT / "Makefile", *ROOT.glob("experiments/**/*.mk"))
)


def find_lines(page: Path) -> Iterator[tuple[str, bool]]:
    """Find the lines of a page's shell blocks, continued ones joined, and commands in its sentences."""
    text = page.read_text(encoding="utf-8")
    for language, block in FENCE.findall(text):
        if language.strip() in SHELL:
            yield from ((line, True) for line in re.sub(r"\\\n\s*", " ", block).splitlines())
    for found in INLINE.findall(FENCE.sub("", text)):
        yield re.sub(r"\s+", " ", found), False


def find_commands(line: str) -> Iterator[list[str]]:
    """Split a line into the words of its commands; variables before a command and comments are dropped."""
    command: list[str] = []
    for word in [*shlex.split(line, comments=True), "|"]:
        if word in BETWEEN:
            if command:
                yield command
            command = []
        elif command or not re.match(r"[A-Z_]+=", word):
            command.append(word)


def choose(start: str, *, in_sentences: bool = True) -> dict[str, list[str]]:
    """The words of each command that begins so, behind that beginning, by the page and the line."""
    return {
        f"{page.relative_to(ROOT)}: {line}": words[len(begun.group().split()) :]
        for page in PAGES
        for line, is_block in find_lines(page)
        if (is_block or in_sentences) and re.search(rf"(^|[|;&] )([A-Z_]+=\S+ )*{start}", line)
        for words in find_commands(line)
        if (begun := re.match(start, " ".join(words)))
    }


TLDRKIT = r"(torchrun --nproc-per-node \d+ -m )?tldrkit\b"
WHOLE = choose(TLDRKIT, in_sentences=False)
NAMED = choose(TLDRKIT)
MAKE = choose(r"make\b")
BENCHMARKS = choose(r"(python )?(?=benchmarks/)")


def find_command(words: list[str]) -> tuple[typer.core.TyperCommand, list[str]]:
    """Find the command that words name, and what is left for it."""
    command = TREE
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    assert not hasattr(command, "commands") or not words or words[0].startswith("-"), f"no command {words[0]}"
    return command, words


@pytest.mark.parametrize("words", WHOLE.values(), ids=WHOLE)
def test_a_command_of_a_block_can_be_given(words: list[str]) -> None:
    """Nothing is missing, and values have the form that their options take."""
    command, rest = find_command(words)

    if command is not TREE:  # whose options, such as --version, act at once
        command.make_context("tldrkit", [word for word in rest if word != "--help"])


@pytest.mark.parametrize("words", NAMED.values(), ids=NAMED)
def test_the_names_in_a_command_exist(words: list[str]) -> None:
    """Options are those of the command, also in a part of one; files of the project exist."""
    command, rest = find_command(words)
    known = {
        "--help",
        *(name for option in command.params for name in (*option.opts, *option.secondary_opts)),
    }
    given = {word.partition("=")[0].lower().replace("_", "-") for word in rest if word.startswith("--")}

    assert given <= known | {"--help"}
    files = [word for word in rest if word.startswith(("experiments/", "examples/", "docs/"))]
    assert all(any(ROOT.glob(file)) for file in files)


@pytest.mark.parametrize("words", MAKE.values(), ids=MAKE)
def test_make_knows_its_targets_and_variables(words: list[str]) -> None:
    """Targets and variables are the Makefile's, and a profile is a folder of experiments."""
    for word in words:
        name, equals, value = word.partition("=")
        assert re.search(rf"^{re.escape(name)}\s*{r'[?]=' if equals else ':'}", MAKEFILE, re.MULTILINE)
        assert name != "PROFILE" or (ROOT / "experiments" / value).is_dir()


@pytest.mark.parametrize("words", BENCHMARKS.values(), ids=BENCHMARKS)
def test_a_benchmark_knows_its_options(words: list[str]) -> None:
    """The script exists, and names each option of the line."""
    script = (ROOT / words[0]).read_text(encoding="utf-8")

    assert [word for word in words if word.startswith("--") and f'"{word}"' not in script] == []
