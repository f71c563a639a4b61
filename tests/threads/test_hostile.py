"""Texts made to be slow, as `benchmarks/hostile.py` builds them."""

import pytest

from benchmarks.hostile import READERS, STEEP, compare
from tldrkit.threads import Thread, parse_threads

SIZE = 500


@pytest.mark.parametrize("reader", READERS)
def test_reading_takes_a_time_linear_in_the_text(reader: str) -> None:
    """Eight times the text takes the processor less than 24 times as long, whatever the text is made of."""
    steep = [(name, growth) for name, _, growth in compare(reader, SIZE, quick=True) if growth >= STEEP]

    assert steep == []


def test_entities_of_many_digits_are_no_character() -> None:
    """An entity whose number is longer than Python reads becomes the mark for what cannot be shown."""
    (thread,) = parse_threads(
        b'{"posts": [{"author": "a", "content": "<p>a &#' + b"1" * 5000 + b';</p>"}]}', "x"
    )

    assert isinstance(thread, Thread)
    assert thread.posts[0].text == "a \ufffd"


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("a `b*c*` *d*", "a b*c* d"),
        ("``a`b`` c", "a`b c"),
        ("`a", "`a"),
        ("``a` b", "``a` b"),
        ("`*a* ``b``", "`a b"),
    ],
)
def test_code_ends_with_as_many_ticks_as_it_begins(line: str, text: str) -> None:
    """A run of ticks that no equal run follows is text."""
    (thread,) = parse_threads(f"# t\n{line}".encode(), "x")

    assert isinstance(thread, Thread)
    assert thread.posts[0].text == text
