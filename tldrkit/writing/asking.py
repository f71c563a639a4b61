"""What is asked of a search, in the words of transformers: token ids, for one network and its tokenizer."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

from tldrkit.errors import DataError
from tldrkit.specs import Search
from tldrkit.texts import count_noun


def translate_search(
    search: Search,
    defaults: Any,  # noqa: ANN401  (of transformers, or of our lean networks)
    tokenizer: Callable[..., Any],
    config: Any,  # noqa: ANN401  (as above)
) -> dict[str, Any]:
    """Translate what is asked for into what transformers' ``generate`` takes.

    Args:
        search: What is asked for.
        defaults: The network's generation defaults, whose bad words stay bad.
        tokenizer: The network's.
        config: The network's configuration, which says how many tokens it knows.

    Raises:
        DataError: A token is asked for that it does not know.
    """
    told = search.told
    side = config if hasattr(config, "vocab_size") else config.decoder  # as of two networks that were joined
    for name in ("forced_bos_token_id", "forced_eos_token_id"):
        if told.get(name, 0) >= side.vocab_size:
            raise DataError(
                f"{name}: the model has no token {told[name]:,}.",
                hint=f"It knows {count_noun(side.vocab_size, 'token')}, numbered from 0.",
            )
    words = told.pop("bad_words", "")
    if found := [list(ids) for ids in dict.fromkeys(_find_ids(words, tokenizer))]:
        told["bad_words_ids"] = [*(defaults.bad_words_ids or ()), *found]
    return told


def complete(defaults: Any, told: dict[str, Any]) -> Any:  # noqa: ANN401  (as above)
    """Build generation defaults that say what is asked for; the ones given stay as they are."""
    completed = copy.copy(defaults)
    for name, value in told.items():
        setattr(completed, name, value)
    return completed


def _find_ids(words: str, tokenizer: Any) -> Iterator[tuple[int, ...]]:  # noqa: ANN401  (of two classes)
    """Find the ids of words, at the beginning of a text and behind a space."""
    for word in filter(None, map(str.strip, words.split(","))):
        for ids in tokenizer([word, f" {word}"], add_special_tokens=False)["input_ids"]:
            if ids and tokenizer.unk_token_id not in ids:
                yield tuple(ids)
