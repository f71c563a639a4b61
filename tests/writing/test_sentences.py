import pytest
from hypothesis import given
from hypothesis import strategies as st

from tldrkit.writing.sentences import drop_unfinished, split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Dr. Who came. He left at 3.5 p.m. today", ["Dr. Who came.", "He left at 3.5 p.m. today"]),
        ('He said "Go." Then he went', ['He said "Go."', "Then he went"]),
        ("I met J. Smith, e.g. at work. Fine.", ["I met J. Smith, e.g. at work.", "Fine."]),
        ("It was I. He went.", ["It was I.", "He went."]),
        ("Is it? Yes! Well… no", ["Is it?", "Yes!", "Well…", "no"]),
        ("one line\nanother", ["one line", "another"]),
        ("see x.org/a.b?c=d now", ["see x.org/a.b?c=d now"]),
        ("", []),
    ],
)
def test_a_text_is_split_into_sentences(text: str, sentences: list[str]) -> None:
    """Marks and lines end sentences; points of abbreviations, initials, numbers and addresses do not."""
    assert split_sentences(text) == sentences


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("It is flat. Patch it and the", "It is flat."),
        ("It is flat. Patch it.", "It is flat. Patch it."),
        ("It is flat and", "It is flat and"),
        ("Ask Dr. Who and the", "Ask Dr. Who and the"),
    ],
)
def test_an_unfinished_sentence_is_left_out(text: str, kept: str) -> None:
    """What follows the last end goes, where a whole sentence stays; else the text stays as it is."""
    assert drop_unfinished(text) == kept


@given(st.text(st.sampled_from("aI.!? \n\"e'…")))
def test_nothing_is_lost(text: str) -> None:
    """Sentences hold all characters but spaces, in order; leaving out keeps a beginning."""
    assert "".join("".join(split_sentences(text)).split()) == "".join(text.split())
    assert text.startswith(drop_unfinished(text))
