"""Sentences of a text, and whether its last one is whole. Rules for English; knows no network."""

import re

_END = re.compile(r"""(?<![.!?…])[.!?…]+['"”’)\]]*(?=\s|$)|\n+""")
_ABBREVIATION = re.compile(
    r"(?<![^\s(\"'“‘\[])(?:mr|mrs|ms|dr|prof|st|vs|cf|approx|fig|[a-z](?:\.[a-z])+|(?-i:[A-HJ-Z]))\.$", re.I
)
_LONGEST = 12  # characters of an abbreviation that are looked at
_SURE = re.compile(r"[!?…]|\n")


def split_sentences(text: str) -> list[str]:
    """Split a text into its sentences; what follows the last end is one too.

    A sentence ends with `.`, `!`, `?` or `…` before a space, and with its line. The point of an abbreviation
    or an initial ends none.
    """
    sentences, start = [], 0
    for end in find_sentence_ends(text):
        sentences.append(text[start:end].strip())
        start = end
    return [sentence for sentence in [*sentences, text[start:].strip()] if sentence]


def drop_unfinished(text: str) -> str:
    """Leave out a last sentence that does not end, where at least one before it does."""
    ends = find_sentence_ends(text)
    return (text[: ends[-1]].rstrip() if ends else "") or text


def is_finished(text: str) -> bool:
    """Tell whether a text ends with the end of a sentence."""
    return len(text) in find_sentence_ends(text)


def find_sentence_ends(text: str) -> list[int]:
    """Find the places behind sentences."""
    return [
        mark.end()
        for mark in _END.finditer(text)
        if _SURE.search(mark[0]) or not _ABBREVIATION.search(text, max(0, mark.end() - _LONGEST), mark.end())
    ]
