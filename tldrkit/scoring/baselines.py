"""Summaries made by rules: what a model must beat, and how far copying could go.

Knows text only. A summary is made of *units*. In a dialogue, one paragraph whose lines nearly all read
``Name: words``, a unit is a turn. In any other document it is a sentence: text up to ``.``, ``!``, ``?`` or
the end of a line. The title of a thread is no unit, nor are lines quoted with ``>`` (they repeat another
post); the ``Name: `` that a turn or post begins with is left out.
"""

import re
from collections.abc import Sequence

from tldrkit.scoring.centrality import choose_central
from tldrkit.scoring.words import SPLITTERS, Words, count_common

_SPEAKER = re.compile(r"(?!>)[^\s:]{1,64}(?: [^\s:]{1,64}){0,2}:(?:\s+|$)")
_SENTENCE_END = re.compile(r"(?:(?<=[.!?…])|(?<=[.!?…][\"')\]]))\s+")
_BLANK_LINES = re.compile(r"\n\s*\n")
_WORD = re.compile(
    r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]|\w+"
)  # of Chinese and Japanese each character is one
CENTRAL_WORDS = 48
"""Of the most central units together: two to four sentences."""
_MOST = 0.8  # of the lines of a dialogue name their speaker; the others continue a turn


def _find_text(post: str) -> int:
    """Find where the text of a post begins, behind its author.

    Of several words the first and the last begin with no small letter, or they are no name: "one simple
    thing: taxes will rise" is a sentence.
    """
    found = _SPEAKER.match(post)
    if not found:
        return 0
    words = found[0].rstrip()[:-1].split(" ")
    is_name = len(words) == 1 or not (words[0][0].islower() or words[-1][0].islower())
    return found.end() if is_name else 0


def _split_paragraphs(document: str) -> list[str]:
    text = "\n".join(document.splitlines()).strip()
    return [paragraph.strip() for paragraph in _BLANK_LINES.split(text) if paragraph.strip()]


def _is_dialogue(paragraphs: Sequence[str]) -> bool:
    lines = paragraphs[0].splitlines() if len(paragraphs) == 1 else []
    return len(lines) > 1 and sum(bool(_SPEAKER.match(line)) for line in lines) >= _MOST * len(lines)


def _locate_title(paragraphs: Sequence[str]) -> int | None:
    """Find the paragraph that is the title: the one line before the first post, or one marked ``TITLE:``."""
    for number, paragraph in enumerate(paragraphs[:2]):
        if paragraph.startswith("TITLE: "):
            return number
    authored = any(map(_find_text, paragraphs[1:]))
    is_line = bool(paragraphs) and "\n" not in paragraphs[0] and not _find_text(paragraphs[0])
    return 0 if authored and is_line else None


def split_units(document: str) -> list[str]:
    """Split a document into the sentences or turns a summary may be made of, in order."""
    paragraphs = _split_paragraphs(document)
    if _is_dialogue(paragraphs):
        lines = paragraphs[0].splitlines()
        turns = (line[found.end() if (found := _SPEAKER.match(line)) else 0 :].strip() for line in lines)
        return [turn for turn in turns if turn]
    located = _locate_title(paragraphs)
    body = paragraphs if located is None else paragraphs[located + 1 :]
    lines = [line for post in body for line in post[_find_text(post) :].splitlines()]
    own = [line for line in lines if not line.startswith(">")]
    return [unit for line in own or lines for part in _SENTENCE_END.split(line) if (unit := part.strip())]


def title(document: str) -> str:
    """Take the title of a thread; empty where the document has none."""
    paragraphs = _split_paragraphs(document)
    located = _locate_title(paragraphs)
    return "" if located is None else paragraphs[located].removeprefix("TITLE: ")


def lead(document: str, n: int) -> str:
    """Take the first ``n`` units (Lead-n)."""
    return " ".join(split_units(document)[:n])


def longest(document: str, n: int) -> str:
    """Take the ``n`` units of most characters, longest first (Longest-n; Gliwa et al. 2019, SAMSum)."""
    return " ".join(sorted(split_units(document), key=len, reverse=True)[:n])


def choose_units(document: str, most: int) -> str:
    """Take the most central units, in their order, that have so many words together; one at least.

    Radev et al., "Centroid-based summarization of multiple documents", Information Processing & Management
    40, 2004.
    """
    units = split_units(document)
    chosen = choose_central(units, list(map(count_words, units)), most) if units else []
    return " ".join(units[number] for number in chosen)


def central(document: str) -> str:
    """Take the most central units, as `--model central` does where it is told nothing else."""
    return cut_words(choose_units(document, CENTRAL_WORDS), CENTRAL_WORDS)


def cut_words(text: str, most: int) -> str:
    """Take the first words of a text."""
    ends = [word.end() for _, word in zip(range(most + 1), _WORD.finditer(text), strict=False)]
    return text if len(ends) <= most else text[: ends[most - 1]]


def count_words(text: str) -> int:
    """Count the words of a text, in any script."""
    return sum(1 for _ in _WORD.finditer(text))


def oracle(document: str, references: Sequence[str], words: Words = "a-z") -> str:
    """Take the units that copy the references best: how far any extractive summary could go, nearly.

    Greedy (Nallapati et al. 2017, SummaRuNNer): while some unit raises ROUGE-L (F1 over such words, best over
    the references), the one that raises it most joins. The units stand in the document's order.
    """
    split = SPLITTERS[words]
    units = split_units(document)
    parts = [split(unit) for unit in units]
    targets = [target for reference in references if (target := split(reference))]
    chosen: list[int] = []
    best = 0.0
    while True:
        rivals = [sorted([*chosen, number]) for number in range(len(units)) if number not in chosen]
        scores = [_score([word for i in rival for word in parts[i]], targets) for rival in rivals]
        if not scores or max(scores) <= best:
            return " ".join(units[number] for number in chosen)
        best = max(scores)
        chosen = rivals[scores.index(best)]


def _score(words: Sequence[str], targets: Sequence[Sequence[str]]) -> float:
    """Compute ROUGE-L F1 against the nearest target: 2 LCS / (length + length)."""
    f1 = (2 * count_common(words, target) / (len(words) + len(target)) for target in targets)
    return max(f1, default=0.0)
