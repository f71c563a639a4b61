import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import lcs_ind
from rouge_score.tokenizers import DefaultTokenizer

from tldrkit.scoring.words import (
    count_common,
    is_hidden,
    locate_common,
    split_any_words,
    split_stems,
)

WORDS = st.lists(st.sampled_from("abcde"), max_size=80)


@given(st.text())
def test_words_are_those_of_rouge_score(text: str) -> None:
    """Any text splits into the words of `rouge_score`, case and all scripts included."""
    assert split_stems(text) == DefaultTokenizer(use_stemmer=True).tokenize(text)


@given(st.lists(st.text("abdeginstuy", min_size=1, max_size=9)))
def test_stems_are_those_of_rouge_score(words: list[str]) -> None:
    """Words that look like English ones have the same stems, the second time too."""
    text = " ".join(words)
    assert split_stems(text) == split_stems(text) == DefaultTokenizer(use_stemmer=True).tokenize(text)


@given(WORDS, WORDS)
def test_longest_common_sequence_is_that_of_the_table(words: list[str], target: list[str]) -> None:
    """Length and places equal those read out of the full table, where several are equally long too."""
    located = locate_common(words, target)
    places = lcs_ind(target, words)
    assert [place for place in range(len(target)) if located >> place & 1] == sorted(places)
    assert count_common(words, target) == count_common(target, words) == len(places)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("猫が大好きです", True),
        ("Δεν ξέρω, RAM 8 GB", True),
        ("déjà vu à la fête", False),
        ("", False),
        ("5 + 5", False),
    ],
)
def test_texts_in_other_scripts_are_hidden_from_rouge(text: str, hidden: bool) -> None:
    """Where most letters are not a-z ROUGE sees little; accents hide no text, nor does a lack of letters."""
    assert is_hidden(text) == hidden


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Привет, Мир! RAM 8 ГБ", ["привет", "мир", "ram", "8", "гб"]),
        ("Die Straße: 2.000 Häuser", ["die", "strasse", "2", "000", "häuser"]),
        ("अनु हिन्दी में", ["अनु", "हिन्दी", "में"]),
        ("العربيّة لغة", ["العربيّة", "لغة"]),
        ("안녕 세계", ["안녕", "세계"]),
        ("猫がiPhone15を2024年", ["猫", "が", "iphone15", "を", "2024", "年"]),
        ("データ", ["デ", "ー", "タ"]),
        ("ดี ครับ", ["ดี", "ค", "รั", "บ"]),
        ("co\u00adop می\u200cخواهم ＡＢ", ["coop", "میخواهم", "ab"]),
        ("🧵 … _ !?", []),
    ],
)
def test_words_of_any_script(text: str, words: list[str]) -> None:
    """Words are runs of letters, their marks and digits; without spaces between words, single characters."""
    assert split_any_words(text) == split_any_words(unicodedata.normalize("NFD", text)) == words


@given(st.text())
def test_any_text_splits_into_words(text: str) -> None:
    """No word is empty or holds a space, and words split no further."""
    words = split_any_words(text)
    assert all(words)
    assert not any(letter.isspace() for word in words for letter in word)
    assert split_any_words(" ".join(words)) == words


@given(st.text("abcXYZ 019.,'!-"))
def test_words_of_a_to_z_are_the_same_but_for_stems(text: str) -> None:
    """Of plain English text the words are those of the default, not stemmed."""
    assert split_any_words(text) == DefaultTokenizer(use_stemmer=False).tokenize(text)
