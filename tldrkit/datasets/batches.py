"""From examples to batches: tokens, their order, padding. Knows no network."""

import copy
import random
from array import array
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tldrkit.datasets.examples import Example
from tldrkit.datasets.tokens import tokenize_documents
from tldrkit.specs import DataSpec, FitSpec

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

IGNORED = -100
"""Label of padding, left out of the loss (the default of torch's cross-entropy)."""

_MULTIPLE = 8  # every new length costs the processor's matrix kernels a set-up
_POOL = 50  # batches sorted by length together: long enough to pad little, short enough to stay random


@dataclass(frozen=True)
class Tokens:
    """One example as token ids, end marks included."""

    source: Sequence[int]
    target: Sequence[int]

    def __len__(self) -> int:
        """Count the tokens of both."""
        return len(self.source) + len(self.target)


@dataclass(frozen=True)
class PaddedBatch:
    """Padded token ids.

    Shape:
        source, mask: (batch, source length). labels: (batch, target length), IGNORED where padded.
    """

    source: Tensor
    mask: Tensor
    labels: Tensor

    def to(self, device: torch.device) -> "PaddedBatch":
        """Copy to a device."""
        return PaddedBatch(self.source.to(device), self.mask.to(device), self.labels.to(device))


def tokenize_examples(
    examples: Sequence[Example], tokenizer: "PreTrainedTokenizerBase", spec: DataSpec
) -> list[Tokens]:
    """Tokenize documents with their first summaries, cut at the spec's limits."""
    taught = spec.taught
    if not examples:  # the tokenizer refuses an empty list
        return []
    sources = tokenize_documents(
        [example.document for example in examples], tokenizer, taught.prefix, taught.max_source_tokens
    )
    targets = tokenizer(
        text_target=[example.summaries[0] for example in examples],
        truncation=True,
        max_length=taught.max_target_tokens,
    )["input_ids"]
    return [Tokens(source, target) for source, target in zip(sources, targets, strict=True)]


def stream_batches(
    examples: Sequence[Example], tokenizer: "PreTrainedTokenizerBase", spec: FitSpec
) -> Generator[list[Tokens], None, None]:
    """Yield batches without end, epoch after epoch, each example once an epoch.

    Neighbours in length share a batch, and all batches hold about as many tokens: those of short examples
    hold more than `batch_size`, those of long ones fewer. The order depends on the arguments alone, never on
    the network, so that runs that are compared see the same batches.

    An example is tokenized once, ahead of its use, while the network is busy.
    """
    order = _order_pools(len(examples), spec.batch_size * _POOL, spec.seed)
    own = copy.deepcopy(tokenizer)  # a tokenizer serves one thread at a time
    known: dict[int, Tokens] = {}

    def read(pool: list[int]) -> list[Tokens]:
        new = [index for index in pool if index not in known]
        tokens = tokenize_examples([examples[index] for index in new], own, spec)
        known.update((index, _compact(row)) for index, row in zip(new, tokens, strict=True))
        return [known[index] for index in pool]

    shuffler = random.Random(spec.seed)
    with ThreadPoolExecutor(1) as ahead:
        coming = ahead.submit(read, next(order))
        while True:
            rows, coming = coming.result(), ahead.submit(read, next(order))
            batches = cut_evenly(rows, spec.batch_size)
            shuffler.shuffle(batches)
            yield from batches


def _order_pools(examples: int, size: int, seed: int) -> Iterator[list[int]]:
    generator = random.Random(seed)
    while True:
        order = list(range(examples))
        generator.shuffle(order)
        yield from (order[start : start + size] for start in range(0, examples, size))


def _compact(row: Tokens) -> Tokens:
    """Keep a row in four bytes a token."""
    return Tokens(array("i", row.source), array("i", row.target))


def cut_evenly(rows: Sequence[Tokens], batch_size: int) -> list[list[Tokens]]:
    """Cut rows, sorted by length, into batches of about equally many tokens.

    Args:
        rows: At least one.
        batch_size: Rows of a batch on average.
    """
    ordered = sorted(rows, key=lambda row: (len(row.source), len(row.target)))
    count = max(1, round(len(ordered) / batch_size))
    share = sum(map(len, ordered)) / count
    batches: list[list[Tokens]] = [[] for _ in range(count)]
    before = 0
    for row in ordered:
        batches[min(count - 1, int((before + len(row) / 2) / share))].append(row)
        before += len(row)
    return [batch for batch in batches if batch]


def collate(tokens: Sequence[Tokens], pad: int) -> PaddedBatch:
    """Pad a batch to its longest source and target, each rounded up to a few lengths that kernels know."""
    source = pad_rows([row.source for row in tokens], pad, _MULTIPLE)
    mask = pad_rows([[1] * len(row.source) for row in tokens], 0, _MULTIPLE)
    labels = pad_rows([row.target for row in tokens], IGNORED, _MULTIPLE)
    return PaddedBatch(source, mask, labels)


def pad_rows(rows: Sequence[Sequence[int]], value: int, multiple: int = 1) -> Tensor:
    """Fill rows up to the longest one, or to the next multiple of its length.

    Shape:
        result: (rows, longest row rounded up).
    """
    longest = -(-max(len(row) for row in rows) // multiple) * multiple
    return torch.tensor([[*row, *[value] * (longest - len(row))] for row in rows], dtype=torch.long)
