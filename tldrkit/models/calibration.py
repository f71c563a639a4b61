"""Documents run through a network by teacher forcing, so that compression sees what its parts are used for.

Knows how a document and its summary become one example. Does not know what is measured: callers set the
hooks.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from transformers import PreTrainedModel

from tldrkit.errors import CompressionError
from tldrkit.models.summarizer import Summarizer
from tldrkit.specs import CompressSpec


@dataclass(frozen=True)
class CalibrationExample:
    """Token ids of one document and its summary.

    Shape:
        document: (1, source tokens)
        summary: (1, target tokens)
    """

    document: torch.Tensor
    summary: torch.Tensor


def encode_calibration(
    summarizer: Summarizer, spec: CompressSpec, documents: Sequence[tuple[str, str]]
) -> list[CalibrationExample]:
    """Encode at most ``spec.calibration_examples`` documents with their summaries, chosen by ``spec.seed``.

    Raises:
        CompressionError: There are no documents.
    """
    if not documents:
        raise CompressionError(
            "Widths are chosen on calibration documents, and there are none.", hint="Name a data set."
        )
    count = min(spec.calibration_examples, len(documents))
    chosen = random.Random(spec.seed).sample(range(len(documents)), count)
    return [_encode(summarizer, spec, *documents[index]) for index in sorted(chosen)]


def run_calibration(network: PreTrainedModel, examples: Sequence[CalibrationExample]) -> None:
    """Run every example through the network; one at a time, so that no padding reaches the callers' hooks."""
    device = network.device
    with torch.no_grad():
        for example in examples:
            network(input_ids=example.document.to(device), labels=example.summary.to(device))


def _encode(summarizer: Summarizer, spec: CompressSpec, document: str, summary: str) -> CalibrationExample:
    tokenizer = summarizer.tokenizer
    source = tokenizer(
        spec.prefix + document, max_length=spec.max_source_tokens, truncation=True, return_tensors="pt"
    )
    target = tokenizer(
        text_target=summary, max_length=spec.max_target_tokens, truncation=True, return_tensors="pt"
    )
    return CalibrationExample(source["input_ids"], target["input_ids"])
