"""What a group of texts is about, and which of them says it: by words alone.

TF-IDF vectors, and their sum (the centroid of Radev et al., "Centroid-based summarization of multiple
documents", Information Processing & Management 40, 2004). The same texts give the same numbers.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

_WORD = re.compile(r"\w+")
_SHORT = 3  # letters of words that say little about where a sentence is from
_MOST = 3  # sources of a sentence
_SHARE = 0.15  # of the sentence's weight that a source must hold, or add to the sources before


def weigh_words(texts: Sequence[str]) -> list[dict[str, float]]:
    """Weigh the words of each text: rarer ones among the texts weigh more."""
    counts = [Counter(_WORD.findall(text.lower())) for text in texts]
    within = Counter(word for count in counts for word in count)
    rarity = {word: math.log(1 + len(texts) / number) for word, number in within.items()}
    return [{word: number * rarity[word] for word, number in count.items()} for count in counts]


def compute_centrality(texts: Sequence[str]) -> list[float]:
    """Compute the cosine between each text's words and those of all texts together; 0 where it has none."""
    weights = weigh_words(texts)
    centre: dict[str, float] = {}
    for weight in weights:
        for word, value in weight.items():
            centre[word] = centre.get(word, 0.0) + value
    length = _measure(centre)
    shared = (sum(value * centre[word] for word, value in weight.items()) for weight in weights)
    return [
        product / (length * _measure(weight)) if weight else 0.0
        for product, weight in zip(shared, weights, strict=True)
    ]


def choose_central(
    texts: Sequence[str], costs: Sequence[int], budget: int, *, sure: Sequence[int] = ()
) -> list[int]:
    """Choose the most central texts that fit a budget of tokens together; of equal texts one.

    Args:
        texts: At least one.
        costs: Tokens of each.
        budget: Tokens of all that are chosen.
        sure: Places of those that come first, whatever they say.

    Returns:
        Places, in order; at least one.
    """
    centrality = compute_centrality(texts)
    order = sorted(range(len(texts)), key=lambda place: (place not in sure, -centrality[place], place))
    chosen: list[int] = []
    seen = set[str]()
    for place in order:
        if costs[place] <= budget and texts[place] not in seen:
            chosen.append(place)
            budget -= costs[place]
            seen.add(texts[place])
    return sorted(chosen) or order[:1]


def trace_sentence(sentence: str, texts: Sequence[str]) -> tuple[int, ...]:
    """Find the texts that hold a sentence's words: the one that holds most, then those that add to it.

    Words weigh more the fewer texts hold them.

    Returns:
        Places in ``texts``, in order, three at most; none where no text shares a word with the sentence.
    """
    own = weigh_words([*texts, sentence])
    held = own.pop()
    left = {word: value for word, value in held.items() if len(word) > _SHORT or word.isdigit()} or held
    total, sources = sum(left.values()), list[int]()
    while left and len(sources) < _MOST:
        gains = [sum(value for word, value in left.items() if word in weight) for weight in own]
        best = max(range(len(gains)), key=lambda place: (gains[place], -place), default=None)
        if best is None or gains[best] < _SHARE * total or gains[best] == 0:
            break
        sources.append(best)
        left = {word: value for word, value in left.items() if word not in own[best]}
    return tuple(sorted(sources))


def _measure(weight: Mapping[str, float]) -> float:
    return math.sqrt(sum(value * value for value in weight.values()))
