"""From examples to padded tensors: tokens, the order of batches, masks. Knows no network."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from tldrkit.data.examples import Example
from tldrkit.specs import DataSpec

IGNORED = -100
"""Label of padding, left out of the loss (the default of torch's cross-entropy)."""

_MULTIPLE = 8  # every new length costs the processor's matrix kernels a set-up
_POOL = 50  # batches sorted by length together: long enough to pad little, short enough to stay random


@dataclass(frozen=True)
class Tokens:
    """One example as piece ids, end marks included."""

    source: list[int]
    target: list[int]


@dataclass(frozen=True)
class Batch:
    """Padded piece ids.

    Shape:
        source, mask: (batch, source length). labels: (batch, target length), IGNORED where padded.
    """

    source: Tensor
    mask: Tensor
    labels: Tensor

    def to(self, device: torch.device) -> "Batch":
        """Copy to a device."""
        return Batch(self.source.to(device), self.mask.to(device), self.labels.to(device))


def tokenize_examples(
    examples: Sequence[Example], tokenizer: PreTrainedTokenizerBase, spec: DataSpec
) -> list[Tokens]:
    """Tokenize documents with their first summaries, cut at the spec's limits."""
    sources = tokenize_documents(
        [example.document for example in examples], tokenizer, spec.prefix, spec.max_source_tokens
    )
    targets = tokenizer(
        text_target=[example.summaries[0] for example in examples],
        truncation=True,
        max_length=spec.max_target_tokens,
    )["input_ids"]
    return [Tokens(source, target) for source, target in zip(sources, targets, strict=True)]


def tokenize_documents(
    documents: Sequence[str], tokenizer: PreTrainedTokenizerBase, prefix: str, max_tokens: int
) -> list[list[int]]:
    """Tokenize documents behind the prefix, cut at `max_tokens`, end mark kept."""
    if not documents:  # the tokenizer refuses an empty list
        return []
    texts = [prefix + document for document in documents]
    ids: list[list[int]] = tokenizer(texts, truncation=True, max_length=max_tokens)["input_ids"]
    return ids


def order_batches(lengths: Sequence[int], batch_size: int, seed: int) -> Iterator[list[int]]:
    """Yield batches of indices without end, epoch after epoch, each example once an epoch.

    Neighbours in length share a batch. The order depends on the arguments alone, never on the network, so
    that runs that are compared see the same batches. A last batch that is not full is filled from the epoch's
    beginning.
    """
    generator = random.Random(seed)
    size = min(batch_size, len(lengths))
    while True:
        order = list(range(len(lengths)))
        generator.shuffle(order)
        order += order[: -len(order) % size]
        batches: list[list[int]] = []
        for start in range(0, len(order), size * _POOL):
            pool = sorted(order[start : start + size * _POOL], key=lambda index: lengths[index])
            batches += [pool[at : at + size] for at in range(0, len(pool), size)]
        generator.shuffle(batches)
        yield from batches


def collate(tokens: Sequence[Tokens], pad: int) -> Batch:
    """Pad a batch to its longest source and target, each rounded up to a few lengths that kernels know."""
    source = pad_rows([row.source for row in tokens], pad, _MULTIPLE)
    mask = pad_rows([[1] * len(row.source) for row in tokens], 0, _MULTIPLE)
    labels = pad_rows([row.target for row in tokens], IGNORED, _MULTIPLE)
    return Batch(source, mask, labels)


def pad_rows(rows: Sequence[Sequence[int]], value: int, multiple: int = 1) -> Tensor:
    """Fill rows up to the longest one, or to the next multiple of its length.

    Shape:
        result: (rows, longest row rounded up).
    """
    longest = -(-max(len(row) for row in rows) // multiple) * multiple
    return torch.tensor([[*row, *[value] * (longest - len(row))] for row in rows], dtype=torch.long)
