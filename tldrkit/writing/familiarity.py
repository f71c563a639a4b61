"""Whether texts are of the kind that a tokenizer was made for, and so of the kind that its network has read.

Of other texts (another script, a server's log, code) a network writes summaries that sound like those it was
trained on, and are made up. Knows tokens, not networks.
"""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Any

_LOOKED_AT = 2000  # characters from the beginning
_SHORTEST = 20  # characters; of fewer, one smiley would be a tenth
_UNKNOWN = 0.1  # of the tokens
_FINEST = (
    0.65  # tokens a character; English has 0.2 to 0.5 with usual vocabularies, and one letter by letter 1
)
_FINEST_WIDE = 1.3  # of a character that stands for a syllable or a word, and often is one token
_SLACK = 8  # tokens by which a short text may exceed that


def find_unfamiliar(texts: Sequence[str], tokenizer: Any) -> list[str]:  # noqa: ANN401  (transformers' or ours)
    """Tell of each text, in a clause, why it is far from what a tokenizer was made for; else leave it empty.

    It is far where a tenth of its tokens are unknown, or where it falls into so many that words are spelled.
    """
    heads = [text[:_LOOKED_AT] for text in texts]
    if not heads:
        return []
    rows = tokenizer(heads, add_special_tokens=False, truncation=False, verbose=False)["input_ids"]
    spells = not getattr(tokenizer, "is_fast", True)  # one that reads bytes spells everything
    unknown = tokenizer.unk_token_id
    return [_describe(*given, unknown, spells=spells) for given in zip(heads, rows, strict=True)]


def _describe(text: str, ids: Sequence[int], unknown: int | None, *, spells: bool) -> str:
    lost = sum(number == unknown for number in ids)
    if len(text) >= _SHORTEST and lost >= _UNKNOWN * len(ids) > 0:
        return f"{lost / len(ids):.0%} of its tokens are unknown to the model"
    narrow, wide = _count_characters(text)
    if not spells and len(ids) > _FINEST * narrow + _FINEST_WIDE * wide + _SLACK:
        return f"the model has no words for it: {len(ids) / (narrow + wide):.1f} tokens a character"
    return ""


def _count_characters(text: str) -> tuple[int, int]:
    """Count the characters of words that are narrow, and those that are wide, such as Chinese ones."""
    together = "".join(text.split())
    if together.isascii():
        return len(together), 0
    wide = sum(
        count for one, count in Counter(together).items() if unicodedata.east_asian_width(one) in ("W", "F")
    )
    return len(together) - wide, wide
