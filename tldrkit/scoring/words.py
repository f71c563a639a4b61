"""Words as ROUGE counts them, and the longest sequences that two texts share.

There are two kinds of words:

- ``a-z``: those of ``rouge_score``, runs of a-z and 0-9 in lower case, stemmed by Porter's rules where longer
  than three letters. A word is stemmed once in a process's life.
- ``unicode``: runs of letters and digits of any script, with the marks that belong to them, under NFKC and
  without case; invisible format characters (soft hyphens, joiners) are left out. Scripts that put no space
  between words have no runs: there each character, with its marks, is a word, as in Hu, Chen & Zhu, "LCSTS",
  EMNLP 2015. Nothing is stemmed: Porter's rules are those of English.

Sequences are compared with one bit a
word: Crochemore, Iliopoulos, Pinzon & Reid, "A fast and practical bit-vector algorithm for the longest common
subsequence problem", Information Processing Letters 80, 2001, in the form of Hyyrö, "Bit-parallel LCS-length
computation revisited", AWOCA 2004. Python's integers hold as many bits as a text has words.
"""

import functools
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

_WORD = re.compile("[a-z0-9]+")
_UNSPACED = (
    *("Han", "Hiragana", "Katakana", "Bopomofo", "Yi", "Tangut", "Nushu"),
    *("Thai", "Lao", "Khmer", "Myanmar", "Tai_Le", "New_Tai_Lue", "Tai_Tham", "Tai_Viet", "Ahom"),
)
"""Scripts whose words stand without spaces (Unicode's line breaking classes ID and SA)."""
_MOST_STEMS = 1_000_000  # some 150 MB; a language has fewer words than misspellings


class _Stems(dict[str, str]):
    """Each word's stem, by ``rouge_score``'s own tokenizer, found when first asked for."""

    def __init__(self) -> None:
        from rouge_score.tokenizers import DefaultTokenizer  # loads nltk: only where texts are scored

        self._tokenizer = DefaultTokenizer(use_stemmer=True)

    def __missing__(self, word: str) -> str:
        if len(self) >= _MOST_STEMS:
            self.clear()
        (self[word],) = self._tokenizer.tokenize(word)
        return self[word]


_open_stems = functools.cache(_Stems)


def split_stems(text: str) -> list[str]:
    """Split a text into stemmed words, as ``rouge_score`` 0.1.2 with its stemmer does."""
    stems = _open_stems()
    return [stems[word] for word in _WORD.findall(text.lower())]


def split_any_words(text: str) -> list[str]:
    """Split a text into words of any script, by the rule this room begins with."""
    normed = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    shown = "".join(letter for letter in normed if unicodedata.category(letter) != "Cf")
    return _compile_any().findall(shown)


@functools.cache
def _compile_any() -> "re.Pattern[str]":
    import regex

    scripts = "".join(rf"\p{{scx={script}}}" for script in _UNSPACED)
    alone = rf"[\p{{L}}&&[{scripts}]]"
    joined = rf"[[\p{{L}}\p{{N}}]--{alone}]"
    pattern: re.Pattern[str] = regex.compile(rf"{alone}\p{{M}}*|{joined}[{joined}\p{{M}}]*", regex.V1)
    return pattern


Words = Literal["a-z", "unicode"]
"""The kinds of words, by their names in specs and in recorded settings."""

Splitter = Callable[[str], list[str]]

SPLITTERS: dict[Words, Splitter] = {"a-z": split_stems, "unicode": split_any_words}


def is_hidden(text: str) -> bool:
    """Tell whether words of a-z leave out most letters of a text."""
    letters = [letter for letter in text.lower() if letter.isalpha()]
    return 2 * sum(map(str.isascii, letters)) < len(letters)


def count_common(words: Sequence[str], target: Sequence[str]) -> int:
    """Count the words of the longest common subsequence of two texts."""
    places = _map_places(target)
    unmatched = full = (1 << len(target)) - 1
    for word in words:
        if word in places:
            matched = unmatched & places[word]
            unmatched = ((unmatched + matched) | (unmatched - matched)) & full
    return len(target) - unmatched.bit_count()


def locate_common(words: Sequence[str], target: Sequence[str]) -> int:
    """Locate the longest common subsequence in ``target``: bit i is set where it takes word i.

    Of several equally long ones it is that of ``rouge_score``, which reads its table backwards and, where the
    words differ, goes to the word before in ``words`` if that loses nothing while leaving out the word of
    ``target`` would. Bit i of a column tells just that: whether word i adds to the length so far.
    """
    places = _map_places(target)
    unmatched = full = (1 << len(target)) - 1
    columns = []
    for word in words:
        here = places.get(word, 0)
        matched = unmatched & here
        unmatched = ((unmatched + matched) | (unmatched - matched)) & full
        columns.append((here, here | (unmatched ^ full)))
    located, left = 0, full
    for here, stops in reversed(columns):
        place = (stops & left).bit_length()
        if not place:
            break
        left = (1 << place) - 1
        if here >> place - 1 & 1:
            located |= 1 << place - 1
            left >>= 1
    return located


def _map_places(words: Iterable[str]) -> dict[str, int]:
    """Map each word to the places where it stands, one bit a place."""
    places: dict[str, int] = {}
    bit = 1
    for word in words:
        places[word] = places.get(word, 0) | bit
        bit <<= 1
    return places
