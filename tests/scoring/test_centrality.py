import pytest
from hypothesis import given
from hypothesis import strategies as st

from tldrkit.scoring.centrality import compute_centrality, trace_sentence

POSTS = ["My wheel leaks slowly.", "Nice weather today!", "Patch the wheel with glue, then wait an hour."]


def test_what_others_say_is_central() -> None:
    """A text that shares the others' words is more central than one that shares none; an empty one is not."""
    leak, other, patch, empty = compute_centrality(["the wheel leaks", "lunch?", "patch the wheel", "…"])
    assert min(leak, patch) > other > empty == 0


def test_centrality_is_a_cosine() -> None:
    """Texts with the same words are as central as can be; so is a text alone."""
    assert compute_centrality(["a b", "b a"]) == pytest.approx([1, 1])
    assert compute_centrality(["alone here"]) == pytest.approx([1])


@pytest.mark.parametrize(
    ("sentence", "sources"),
    [
        ("The wheel leaks slowly.", (0,)),
        ("It leaks, so patch it with glue.", (0, 2)),
        ("Glue, an hour.", (2,)),
        ("Zebras!", ()),
        ("…", ()),
    ],
)
def test_a_sentence_is_traced_to_the_posts_with_its_words(sentence: str, sources: tuple[int, ...]) -> None:
    """The posts that hold its rarer words are its sources; none is, where none holds any."""
    assert trace_sentence(sentence, POSTS) == sources


@given(st.text(max_size=20), st.lists(st.text(max_size=20), max_size=6))
def test_sources_are_places(sentence: str, texts: list[str]) -> None:
    """Whatever the texts, sources are places among them, in order, each once."""
    sources = trace_sentence(sentence, texts)
    assert sources == tuple(sorted(set(sources)))
    assert set(sources) <= set(range(len(texts)))
