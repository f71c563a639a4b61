"""What else the words of a summary tell: how long, how new, how repetitive, how true to the names.

Knows texts only. A *word* is a run of letters and digits of any script, compared without case. Where a share
has nothing to count it is None.

*Names and numbers* are found by rule. A number is a run of digits, ``.`` ``,`` or ``:`` between digits
included, commas dropped. A name is a word of two letters or more that begins with a capital, and does not
begin a sentence or a line; or that does, but stands elsewhere in the text or its document as such a name, or
as the author in ``Name:`` at the head of a line. It is a cheap rule: it misses names in small letters and in
scripts without capitals, and takes a capitalized common noun for a name.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean

_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_SENTENCE_END = re.compile(r"[.!?…:][\"')\]”’]*\s")
_AUTHOR = re.compile(r"^([^\s:]+(?: [^\s:]+){0,2}):(?=\s|$)", re.MULTILINE)


def split_words(text: str) -> list[str]:
    """Split a text into words: letters and digits of any script, without case."""
    return _WORD.findall(text.casefold())


def compute_length_ratio(summary: str, references: Sequence[str]) -> float | None:
    """Compute the words of a summary over the mean words of its references; None where these have none."""
    length = fmean(len(split_words(reference)) for reference in references)
    return len(split_words(summary)) / length if length else None


def compute_novelty(summary: str, document: str) -> float | None:
    """Compute the share of a summary's different word pairs that its document does not hold.

    Source: See, Liu & Manning, "Get To The Point", ACL 2017, section 6.2 (novel n-grams), with n = 2. None
    where the summary has no two words, or the document is not known.
    """
    own, given = _pair_words(summary), _pair_words(document)
    return len(own - given) / len(own) if own and document else None


def compute_repetition(summary: str) -> float | None:
    """Compute the share of a summary's runs of three words that stood there before; None without any."""
    words = split_words(summary)
    runs = list(zip(words, words[1:], words[2:], strict=False))
    return 1 - len(set(runs)) / len(runs) if runs else None


def compute_name_recall(summary: str, references: Sequence[str], document: str = "") -> float | None:
    """Compute the share of a reference's names and numbers that are words or numbers of the summary.

    Of several references that have any, the best counts; None where none has. The document tells which words
    that begin a sentence are names.
    """
    found = _find_terms(summary)
    wanted = [find_names(reference, document) for reference in references]
    return max((len(names & found) / len(names) for names in wanted if names), default=None)


def compute_unsupported(summary: str, document: str) -> float | None:
    """Compute the share of a summary's names and numbers that its document does not hold, in any case.

    None where the summary has neither, or the document is not known.
    """
    names = find_names(summary, document)
    return len(names - _find_terms(document)) / len(names) if names and document else None


def find_names(text: str, document: str = "") -> set[str]:
    """Find the names and numbers of a text, without case, by the rule this room begins with."""
    inside, at_head = _find_capitalized(text)
    known = inside | _find_capitalized(document)[0]
    for author in _AUTHOR.findall(f"{document}\n{text}"):
        known |= {word.casefold() for word in _WORD.findall(author) if _may_be_name(word)}
    return inside | (at_head & known) | _find_numbers(text)


def _pair_words(text: str) -> set[tuple[str, str]]:
    words = split_words(text)
    return set(pairwise(words))


def _find_terms(text: str) -> set[str]:
    return {*split_words(text), *_find_numbers(text)}


def _find_numbers(text: str) -> set[str]:
    return {number.replace(",", "") for number in _NUMBER.findall(text)}


def _find_capitalized(text: str) -> tuple[set[str], set[str]]:
    """Find the capitalized words inside sentences, and those that begin one, both without case."""
    inside: set[str] = set()
    at_head: set[str] = set()
    for line in text.splitlines():
        end = 0
        for match in _WORD.finditer(line):
            if _may_be_name(match[0]):
                gap = line[end : match.start()]
                (at_head if not end or _SENTENCE_END.search(gap) else inside).add(match[0].casefold())
            end = match.end()
    return inside, at_head


def _may_be_name(word: str) -> bool:
    return len(word) > 1 and word[0].isupper()
