"""What is told of a summary while it is written."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.lowercase import THREAD, WRITTEN
from tldrkit.families.hub_code.spelling import Writing
from tldrkit.writing.generation import Generated
from tldrkit.writing.long_threads import drop_cut_sentence
from tldrkit.writing.unfolding import Unfolding

Texts = st.text(alphabet="ab .!?\n\"'’1Mr漢字", max_size=60)


def unfold(tokens: Sequence[str], unfolding: Unfolding) -> list[str]:
    """Tell of a summary token by token."""
    return [unfolding.text for n in range(1, 1 + len(tokens)) if unfolding.read(np.arange(n))]


def build(tokens: Sequence[str], writing: Writing | None = None) -> Unfolding:
    """Build what reads tokens that are texts."""

    def render(places: Sequence[int]) -> str:
        text = "".join(tokens[place] for place in places).strip()
        return writing.restore(text) if writing else text

    return Unfolding(render, guesses=writing is not None)


def test_the_first_sentence_is_told_token_by_token_and_the_next_one_whole() -> None:
    """What two looks agree on is told; a sentence that may be left out is not, before it is whole."""
    tokens = "The fan is loud. It is old. We left".replace(" ", "| ").split("|")

    assert unfold(tokens, build(tokens)) == [
        "The", "The fan", "The fan is", "The fan is loud.", "The fan is loud. It is old.",
    ]  # fmt: skip


def test_chinese_is_told_letter_by_letter() -> None:
    """Where no spaces are, a letter that another follows is over."""
    assert unfold("钥匙又丢了", build("钥匙又丢了")) == ["钥", "钥匙", "钥匙又", "钥匙又丢"]


@given(text=Texts, ended=st.booleans())
def test_what_was_told_is_never_taken_back(text: str, ended: bool) -> None:
    """Whether a summary ends or runs out of tokens, it begins with all that was told of it."""
    unfolding = build(text)
    told = unfold(text, unfolding)
    summary, _ = drop_cut_sentence(Generated(text.strip(), len(text), ended))

    assert all(summary.startswith(part) for part in told)


@given(
    words=st.lists(
        st.sampled_from([*WRITTEN.split(), '"', "'", ",", "we", "5", "-", "(", "u", "s"]), max_size=30
    )
)
def test_guessed_writing_is_told_once_it_is_sure(words: list[str]) -> None:
    """Where case and spaces are guessed, a word is told when no later one changes it."""
    tokens = [f" {word}" for word in words]
    unfolding = build(tokens, Writing(THREAD))
    told = unfold(tokens, unfolding)
    whole = Writing(THREAD).restore(" ".join(words))

    assert all(whole.startswith(part) for part in told)


def test_a_long_summary_is_not_looked_at_after_every_token() -> None:
    """All looks together take time linear in the summary."""
    looked: list[int] = []

    def render(places: Sequence[int]) -> str:
        looked.append(len(places))
        return "word " * len(places)

    unfold(["word "] * 4000, Unfolding(render))
    assert sum(looked) < 70 * 4000


def test_nothing_is_told_of_no_tokens() -> None:
    """Beams that agree on nothing yet tell nothing."""
    assert not build("").read(np.arange(0))
