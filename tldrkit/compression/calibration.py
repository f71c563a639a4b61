"""Documents run through a network by teacher forcing, so that compression sees what its parts are used for.

Knows how a document and its summary become one example. Does not know what is measured: callers set the
hooks.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite

import torch
from torch.utils.hooks import RemovableHandle
from transformers import PreTrainedModel

from tldrkit.errors import CompressionError
from tldrkit.families.summarizer import Summarizer
from tldrkit.specs import CompressSpec

NAME = "Name a data set."


@dataclass(frozen=True)
class CalibrationExample:
    """Token ids of one document and its summary.

    Shape:
        document: (1, source tokens)
        summary: (1, target tokens)
    """

    document: torch.Tensor
    summary: torch.Tensor


def ignore(*_counts: int) -> None:
    """Take no note of progress."""


class Watched(list[CalibrationExample]):
    """Examples that tell of each one that was run.

    Args:
        examples: The examples.
        advance: Told after each.
    """

    def __init__(self, examples: Sequence[CalibrationExample], advance: Callable[[], object]) -> None:
        super().__init__(examples)
        self._advance = advance

    def __iter__(self) -> Iterator[CalibrationExample]:
        for example in super().__iter__():
            yield example
            self._advance()


def choose_calibration(spec: CompressSpec, documents: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Choose at most ``spec.calibration_examples`` documents with their summaries, by ``spec.seed``."""
    count = min(spec.calibration_examples, len(documents))
    chosen = random.Random(spec.seed).sample(range(len(documents)), count)
    return [documents[index] for index in sorted(chosen)]


def encode_calibration(
    summarizer: Summarizer, spec: CompressSpec, chosen: Sequence[tuple[str, str]]
) -> list[CalibrationExample]:
    """Encode documents with their summaries.

    Raises:
        CompressionError: There are none.
    """
    if not chosen:
        raise CompressionError("What to keep is measured on documents, and there are none.", hint=NAME)
    return [_encode(summarizer, spec, *pair) for pair in chosen]


def run_calibration(
    network: PreTrainedModel, examples: Sequence[CalibrationExample], hooks: Sequence[RemovableHandle] = ()
) -> float:
    """Run every example through the network; one at a time, so that no padding reaches the callers' hooks.

    Args:
        network: In evaluation mode.
        examples: What it reads and is to write.
        hooks: What the caller has set to measure with; removed afterwards.

    Returns:
        Mean cross-entropy of a summary's token, nats.

    Raises:
        CompressionError: It is not finite, so that nothing measured beside it means anything.
    """
    device = network.device
    total, tokens = 0.0, 0
    try:
        with torch.no_grad():
            for example in examples:
                labels = example.summary.to(device)
                loss = network(input_ids=example.document.to(device), labels=labels).loss
                total += float(loss) * labels.numel()
                tokens += labels.numel()
    finally:
        for hook in hooks:
            hook.remove()
    if not isfinite(total):
        raise CompressionError(
            "The network computes no finite loss, so that nothing can be measured on it.",
            hint="Its weights are too large: use another model, or an earlier version.",
        )
    return total / tokens


def _encode(summarizer: Summarizer, spec: CompressSpec, document: str, summary: str) -> CalibrationExample:
    tokenizer, taught = summarizer.tokenizer, spec.taught
    source = tokenizer(
        taught.prefix + document, max_length=taught.max_source_tokens, truncation=True, return_tensors="pt"
    )
    target = tokenizer(
        text_target=summary, max_length=taught.max_target_tokens, truncation=True, return_tensors="pt"
    )
    return CalibrationExample(source["input_ids"], target["input_ids"])
