"""Documents as a network reads them: token ids."""

from collections.abc import Callable, Sequence
from typing import Any


def tokenize_documents(
    documents: Sequence[str], tokenizer: Callable[..., Any], prefix: str, max_tokens: int
) -> list[list[int]]:
    """Tokenize documents behind the prefix, cut at `max_tokens`, end mark kept."""
    if not documents:  # the tokenizer refuses an empty list
        return []
    texts = [prefix + document for document in documents]
    ids: list[list[int]] = tokenizer(texts, truncation=True, max_length=max_tokens)["input_ids"]
    return ids
