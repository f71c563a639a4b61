"""Documents in, summaries out, in the same order. Knows tokens and devices, not files."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from tldrkit.data.batches import pad_rows, tokenize_documents
from tldrkit.specs import EvalSpec, SummarizeSpec


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """How summaries are decoded."""

    prefix: str
    max_source_tokens: int
    max_target_tokens: int
    num_beams: int
    batch_size: int

    @property
    def settings(self) -> dict[str, object]:
        """What must be equal where outputs are compared (the batch size changes nothing but speed)."""
        return {
            "prefix": self.prefix,
            "max_source_tokens": self.max_source_tokens,
            "max_target_tokens": self.max_target_tokens,
            "num_beams": self.num_beams,
        }


def read_decoding(spec: EvalSpec | SummarizeSpec) -> Decoding:
    """Read from a spec how to decode."""
    return Decoding(
        prefix=spec.prefix,
        max_source_tokens=spec.max_source_tokens,
        max_target_tokens=spec.max_target_tokens,
        num_beams=spec.num_beams,
        batch_size=spec.batch_size,
    )


@dataclass(frozen=True)
class Generated:
    """One summary, and how many tokens were written for it."""

    text: str
    tokens: int


def generate_summaries(
    network: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    documents: Sequence[str],
    decoding: Decoding,
    advance: Callable[[int], object] = int,
) -> list[Generated]:
    """Summarize documents, batched by length, results in the order given.

    Args:
        network: An encoder-decoder; left in the mode (training or not) it was in.
        tokenizer: Its tokenizer.
        documents: Texts, without the prefix.
        decoding: How to decode.
        advance: Told the number of documents done, after each batch.
    """
    sources = tokenize_documents(documents, tokenizer, decoding.prefix, decoding.max_source_tokens)
    order = sorted(range(len(sources)), key=lambda index: len(sources[index]), reverse=True)
    results: dict[int, Generated] = {}
    with evaluating(network):
        for start in range(0, len(order), decoding.batch_size):
            chosen = order[start : start + decoding.batch_size]
            written = _generate_batch(network, tokenizer, [sources[index] for index in chosen], decoding)
            results.update(zip(chosen, written, strict=True))
            advance(len(results))
    return [results[index] for index in range(len(documents))]


class evaluating:  # noqa: N801  (a context manager, used as a verb)
    """Put a network in evaluation mode without gradients, and back."""

    def __init__(self, network: torch.nn.Module) -> None:
        self._network = network
        self._grad = torch.no_grad()

    def __enter__(self) -> None:
        self._was_training = self._network.training
        self._network.eval()
        self._grad.__enter__()

    def __exit__(self, *error: object) -> None:
        self._grad.__exit__(*error)
        self._network.train(self._was_training)


def _generate_batch(
    network: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, sources: list[list[int]], decoding: Decoding
) -> Iterator[Generated]:
    device = next(network.parameters()).device
    pad = tokenizer.pad_token_id
    ids = network.generate(
        input_ids=pad_rows(sources, pad).to(device),
        attention_mask=pad_rows([[1] * len(row) for row in sources], 0).to(device),
        max_new_tokens=decoding.max_target_tokens,
        num_beams=decoding.num_beams,
        do_sample=False,
    )
    texts = tokenizer.batch_decode(ids, skip_special_tokens=True)
    lengths = (ids[:, 1:] != pad).sum(dim=1).tolist()
    for text, length in zip(texts, lengths, strict=True):
        yield Generated(text.strip(), length)
