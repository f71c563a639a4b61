from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests import wordpiece
from tldrkit.bases.scratch import build_base
from tldrkit.errors import SpecError
from tldrkit.families.summarizer import Summarizer
from tldrkit.specs import BaseSpec, SummarizeSpec, build_spec
from tldrkit.threads import Post, Thread
from tldrkit.writing.generation import Generated
from tldrkit.writing.long_threads import ThreadSummarizer, choose_central, drop_cut_sentence, reduce_thread

SAID = "the wheel of my old bicycle has a slow leak. nobody could find where it comes from."


@pytest.fixture(scope="module")
def summarizer() -> Summarizer:
    spec = BaseSpec(
        vocab_size=300, d_model=16, d_kv=4, num_heads=2, d_ff=24, enc_num_layers=1, dec_num_layers=1
    )
    return build_base(spec, [SAID])


def count(texts: list[str]) -> list[int]:
    """Count words, so that tests can be read."""
    return [len(text.split()) for text in texts]


def build_thread(*texts: str, title: str = "Leak") -> Thread:
    posts = tuple(Post(author=f"u{number}", text=text) for number, text in enumerate(texts))
    return Thread(id="1", title=title, posts=posts)


def test_a_thread_that_fits_is_read_whole() -> None:
    """Nothing is changed or left out where the network can read all."""
    thread = build_thread(SAID, "patch it")
    reading = reduce_thread(thread, count, 40)

    assert (reading.text, reading.posts) == (thread.document(), (0, 1))


def test_of_a_long_thread_opening_end_and_centre_are_read() -> None:
    """First and last post stay; between them those stay that say what the others say, in their order."""
    middle = []
    for number in range(4):
        middle += [
            f"lunch{number} anyone{number} perhaps{number} at{number} noon{number} or{number} so{number}"
        ]
        middle += [f"a slow leak of the wheel on bicycle {number}"]
    thread = build_thread("my bicycle leaks", *middle, "solved with a patch on the wheel")
    reading = reduce_thread(thread, count, 32)

    assert reading.posts[0] == 0
    assert reading.posts[-1] == 9
    assert {place for place in reading.posts if 0 < place < 9} <= {2, 4, 6, 8}
    assert reading.text.startswith("Leak\n\nu0: my bicycle leaks\n\n")
    assert reading.text.endswith("\n\nu9: solved with a patch on the wheel")
    assert len(reading.text.split()) <= 32


def test_a_long_post_is_taken_apart_at_sentences() -> None:
    """One long post is read in its opening, its end and central pieces, all of whole sentences."""
    sentences = [f"Sentence {number} says what it says about wheels." for number in range(40)]
    reading = reduce_thread(build_thread(" ".join(sentences), title=""), count, 100)
    pieces = reading.text.removeprefix("u0: ").split("\n\n")

    assert reading.posts == (0,)
    assert pieces[0].startswith(sentences[0])
    assert pieces[-1].endswith(sentences[-1])
    assert all(piece.startswith("Sentence") and piece.endswith("wheels.") for piece in pieces)


@given(
    texts=st.lists(st.text(max_size=60).filter(str.strip), min_size=1, max_size=8),
    title=st.text(max_size=20),
    room=st.integers(1, 60),
)
@example(texts=["0000000000"], title="0", room=12)
def test_any_thread_fits(texts: list[str], title: str, room: int) -> None:
    """Whatever a thread holds, what is read is no more than there is room for, and the same every time."""

    def count_characters(texts: list[str]) -> list[int]:
        return [len(text) for text in texts]

    thread = build_thread(*texts, title=title)
    reading = reduce_thread(thread, count_characters, room)

    assert len(reading.text) <= max(room, 16)
    assert reading.posts == tuple(sorted(set(reading.posts)))
    assert reading == reduce_thread(thread, count_characters, room)


def test_equal_texts_are_chosen_once() -> None:
    """What was said before is not chosen again, and something is chosen however small the budget."""
    assert choose_central(["a b", "a b", "c"], [2, 2, 1], 9) == [0, 2]
    assert choose_central(["a b", "c"], [2, 1], 0) in ([0], [1])


@pytest.mark.parametrize(
    ("written", "text", "ending"),
    [
        (Generated("It is. And", 9, True), "It is. And", "whole"),
        (Generated("It is. And", 9, False), "It is.", "shortened"),
        (Generated("It is.", 9, False), "It is.", "whole"),
        (Generated('He said "Go."', 9, False), 'He said "Go."', "whole"),
        (Generated("It is and", 9, False), "It is and", "cut"),
    ],
)
def test_no_sentence_is_cut_unless_it_must_be(written: Generated, text: str, ending: str) -> None:
    """An unfinished last sentence goes where a whole one stays; the outcome says so."""
    assert drop_cut_sentence(written) == (text, ending)


@pytest.mark.parametrize(
    ("fields", "fewest", "most"),
    [
        ({}, 0, 128),
        ({"length": "short"}, 8, 32),
        ({"length": "long", "max_tokens": 40}, 40, 40),
        ({"length": "short", "min_tokens": 50}, 50, 50),
        ({"min_tokens": 5, "max_tokens": 9}, 5, 9),
    ],
)
def test_lengths_are_named_or_given(fields: dict[str, Any], fewest: int, most: int) -> None:
    """A name stands for a range of tokens, and what is given by itself wins."""
    assert SummarizeSpec(**fields).token_range == (fewest, most)


def test_a_range_has_room() -> None:
    """More tokens at least than at most are refused in one sentence."""
    with pytest.raises(SpecError, match="min_tokens 9 is more than max_tokens 8"):
        build_spec(SummarizeSpec, fields={"min_tokens": 9, "max_tokens": 8})


def test_sources_are_places_of_posts_that_were_read(summarizer: Summarizer) -> None:
    """Every sentence names posts among those read."""
    thread = build_thread(*[f"{SAID} {number}" for number in range(30)])
    spec = SummarizeSpec(max_source_tokens=64, max_tokens=12, num_beams=1)
    (summary,) = ThreadSummarizer(summarizer, spec)([thread])

    assert 0 < len(summary.posts) < 30
    assert {post for one in summary.sentences for post in one.posts} <= set(summary.posts)


def test_every_mark_around_a_text_has_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tokenizer that adds two marks, as BART's do, cuts nothing off a thread that was made to fit."""
    bart = wordpiece.build_summarizer(wordpiece.build_tokenizer((*wordpiece.LETTERS, *wordpiece.LONGER)))
    read: list[str] = []

    class Reader:
        def __init__(self, *_: object) -> None:
            pass

        def __call__(self, texts: list[str], **_: object) -> list[Generated]:
            read.extend(texts)
            return [Generated("", 1)] * len(texts)

    spec = SummarizeSpec(prefix="the ", max_source_tokens=30)
    threads = [build_thread("cat " * words, title="") for words in range(20, 30)]
    monkeypatch.setattr("tldrkit.writing.loaded.Generator", Reader)
    ThreadSummarizer(bart, spec)(threads)
    lengths = [len(ids) for ids in bart.tokenizer(["the " + text for text in read])["input_ids"]]

    assert len(lengths) == 10
    assert max(lengths) == 30
