"""Texts as they are shown: numbers agree with their nouns, and nothing is said in Python's words."""

import ast
import itertools
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from tldrkit.texts import count_noun, name_error, name_json, say_reason

PACKAGE = Path(__file__).parents[1] / "tldrkit"

_PLAIN = """
    of to in at on a an by and or as than from left that this its more fewer less
    is was has does holds lacks names scores compares suspects exists says summarize cannot
    MiB KiB MB M s ms
"""
ENDS = set(_PLAIN.split())
"""Words that end what a value may count: prepositions, verbs, units."""

TEXTS = {"side", "name", "names", "place", "args", "words", "high"}
"""Values that are texts, though a plural may follow them."""


def words_behind(text: str) -> list[str]:
    """The words that may be what the value before a text counts: three, up to a sign or one of ENDS."""
    match = re.match(r" ((?:[A-Za-z][A-Za-z-]* ?)+)(?!/)", text)
    words = match[1].split()[:3] if match else []
    return words[: next((number for number, word in enumerate(words) if word in ENDS), len(words))]


def pair_values(node: ast.AST) -> Iterator[tuple[str, str, str]]:
    """Pair each value of an f-string or of a template with its format and the text behind it."""
    if isinstance(node, ast.JoinedStr):
        for value, behind in zip(node.values, node.values[1:], strict=False):
            if isinstance(value, ast.FormattedValue) and isinstance(behind, ast.Constant):
                form = value.format_spec.values[0] if isinstance(value.format_spec, ast.JoinedStr) else None
                yield (
                    ast.unparse(value.value),
                    form.value if isinstance(form, ast.Constant) else "",
                    behind.value,
                )
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            parts = list(string.Formatter().parse(node.value))
        except ValueError:  # no template
            return
        for (_, field, form, _), (behind, *_) in itertools.pairwise(parts):
            if field is not None:
                yield field, form or "", behind


def find_disagreements(tree: ast.AST) -> Iterator[str]:
    """Find values in texts that a noun follows which cannot be right for every number."""
    for node in ast.walk(tree):
        for value, form, behind in pair_values(node):
            words = words_behind(behind)
            is_constant = value.lstrip("_").isupper() or value.startswith("count_noun(")
            is_measured = form.endswith(("f", "%"))  # 0.50 points
            is_number = form.endswith((",", "d", "g")) or value.startswith("len(")
            is_plural = any(word.endswith("s") and not word.endswith("ss") for word in words)
            counts = is_number or (is_plural and value.split(".")[-1] not in TEXTS)
            if words and counts and not is_constant and not is_measured:
                yield f"{{{value}}} {' '.join(words)}"


@pytest.mark.parametrize(
    "said",
    [
        'f"{n} threads"',
        'f"{len(x)} validation examples"',
        'f"{n:,} token"',
        '"{} of {} posts"',
        '"{n} beams"',
    ],
)
def test_the_scan_sees_numbers_that_may_not_agree(said: str) -> None:
    """The scan finds plurals behind any value, and any noun behind what is formatted as a number."""
    assert list(find_disagreements(ast.parse(said))) != []


def test_numbers_agree_with_their_nouns() -> None:
    """A number that a noun follows is said by `count_noun`, everywhere in the package."""
    found = {
        path.relative_to(PACKAGE).as_posix(): said
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.parent.name != "synthetic"  # templates of invented threads: people, not numbers
        and (said := list(find_disagreements(ast.parse(path.read_text(encoding="utf-8")))))
    }

    assert found == {}


@pytest.mark.parametrize(
    ("number", "nouns", "said"),
    [
        (0, ("thread",), "0 threads"),
        (1, ("thread",), "1 thread"),
        (1.0, ("second",), "1 second"),
        (2.5, ("second",), "2.5 seconds"),
        (1234, ("entry", "entries"), "1,234 entries"),
    ],
)
def test_one_is_told_from_many(number: float, nouns: tuple[str, ...], said: str) -> None:
    """One is singular, all else plural; thousands are set apart, and whole numbers have no decimals."""
    assert count_noun(number, *nouns) == said


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, "null"),
        (True, "true"),
        (3, "a whole number"),
        (0.5, "a number"),
        ("", "a text"),
        ([], "a list"),
        ({}, "an object"),
    ],
)
def test_json_is_named_as_people_know_it(value: object, name: str) -> None:
    """The kinds of JSON values have JSON's names, not Python's."""
    assert name_json(value) == name


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("it is late.\n  Go home. "), "it is late. Go home"),
        (OSError(2, "No such file or directory", "x"), "No such file or directory"),
        (ZeroDivisionError(), "zero division error"),
        (OSError(), "os error"),
    ],
)
def test_a_reason_is_a_clause(error: Exception, reason: str) -> None:
    """What an error says fits into a sentence: one line, no full stop, never nothing and never a number."""
    assert say_reason(error) == reason


def test_errors_nobody_foresaw_are_named_in_words() -> None:
    """The kind of an unexpected error is told without Python's spelling."""
    assert [name_error(error) for error in (KeyError("x"), EOFError(), OSError())] == [
        "key error",
        "eof error",
        "os error",
    ]
