"""Documents in, summaries out, in the same order. Knows tokens and devices, not files.

Torch is not needed, but by networks that are made of it.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from tldrkit.datasets.tokens import tokenize_documents
from tldrkit.errors import ModelError
from tldrkit.families.hub_code.spelling import Writing, loses_case, restore_writing
from tldrkit.machine.processor import count_threads
from tldrkit.writing.asking import complete, translate_search
from tldrkit.writing.compiled.decoder import Decoder
from tldrkit.writing.compiled.kernels.target import has_int8
from tldrkit.writing.compiled.parameters import FrozenNetwork
from tldrkit.writing.compiled.rules import Rules, find_end_tokens, know_defaults
from tldrkit.writing.compiled.search import Beams, Follow, write_by_beams, write_greedily
from tldrkit.writing.decoding import Decoding
from tldrkit.writing.familiarity import find_unfamiliar
from tldrkit.writing.unfolding import Unfolding

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from tldrkit.writing.lean import LeanTokenizer

_WRITTEN = 3
"""Tokens read in the time one is written."""


@dataclass(frozen=True)
class Generated:
    """One summary, how many tokens were written for it, and whether the network ended it itself.

    And why its document is far from what the network knows, in a clause; empty where it is not.
    """

    text: str
    tokens: int
    ended: bool = True
    unfamiliar: str = ""


class Generator:
    """Writes summaries with one network, batched by length.

    With a known family on a processor it writes without padding, which gives the same tokens sooner, and each
    of several threads writes batches of its own; else by the network's own ``generate``.

    Args:
        network: An encoder-decoder; left in the mode (training or not) it was in. Its weights must not change
            while summaries are written.
        tokenizer: Its tokenizer.
        decoding: How to decode.
        packed: Whether to write without padding where that is possible.

    Raises:
        ModelError: int8 is asked for, and is not to be had.
        DataError: A token is asked for that the network does not know.
    """

    def __init__(
        self,
        network: "PreTrainedModel | FrozenNetwork",
        tokenizer: "PreTrainedTokenizerBase | LeanTokenizer",
        decoding: Decoding,
        *,
        packed: bool = True,
    ) -> None:
        self._tokenizer = tokenizer
        self._defaults = network.generation_config
        self._config = network.config
        self._take(decoding)
        known = know_defaults(self._defaults.to_diff_dict())
        frozen = take_frozen(network) if packed and known else None
        if decoding.precision == "int8" and not (frozen and has_int8()):
            raise ModelError(
                "int8 is for T5, BART and kin with usual activations and no dendrites on whole blocks, on "
                "processors with 8-bit products.",
                hint="Use --precision fp32 or bf16.",
            )
        self._decoder = Decoder(frozen, decoding.precision) if frozen else None
        if not frozen:
            from tldrkit.writing.padded import PaddedWriter

            pad: Any = tokenizer
            self._padded = PaddedWriter(network, pad.pad_token_id)

    def with_decoding(self, decoding: Decoding) -> "Generator":
        """Write with the same network in another way; its weights are not read again."""
        other = copy.copy(self)
        other._take(decoding)
        return other

    def _take(self, decoding: Decoding) -> None:
        self._decoding = decoding
        self._told = translate_search(decoding.search, self._defaults, self._tokenizer, self._config)
        self._completed = complete(self._defaults, self._told)

    def unfold(self, document: str) -> Unfolding:
        """Build what turns the tokens of a document's summary into text while it is written."""
        restores = self._decoding.restore_case and loses_case(self._tokenizer)
        restore = Writing(document).restore if restores else str

        def render(tokens: Sequence[int]) -> str:
            text: str = self._tokenizer.batch_decode([tokens], skip_special_tokens=True)[0]
            return restore(text.strip())

        return Unfolding(render, guesses=restores)

    def __call__(
        self,
        documents: Sequence[str],
        advance: Callable[[int], object] = int,
        *,
        follow: Follow | None = None,
    ) -> list[Generated]:
        """Summarize documents, results in the order given.

        Args:
            documents: Texts, without the prefix.
            advance: Told the number of documents done, after each batch.
            follow: Told how far each document's summary is, in any order and by any thread; where summaries
                are written by ``generate``, once each is whole. What is not wanted any more is given up.
        """
        decoding = self._decoding
        sources = tokenize_documents(documents, self._tokenizer, decoding.prefix, decoding.max_source_tokens)
        threads = decoding.threads or count_threads()
        workers = threads if self._decoder else 1
        batches = cut_batches([len(source) for source in sources], decoding, workers)
        results: dict[int, Generated] = {}
        for chosen, written in self._write_all(batches, sources, threads, follow):
            texts = [documents[index] for index in chosen]
            finished = build_summaries(written, texts, self._tokenizer, self._completed, decoding)
            results.update(zip(chosen, finished, strict=True))
            advance(len(results))
        return [results[index] for index in range(len(documents))]

    def _write_all(
        self, batches: list[list[int]], sources: list[list[int]], threads: int, follow: Follow | None
    ) -> Iterator[tuple[list[int], list[list[int]]]]:
        """Write batches, one on all threads or several at a time on one each."""
        alone = len(batches) == 1

        def write(chosen: list[int]) -> tuple[list[int], list[list[int]]]:
            told = follow and (lambda place, tokens: follow(chosen[place], tokens))
            return chosen, self._write([sources[index] for index in chosen], threads if alone else 1, told)

        if alone or threads == 1 or not self._decoder:
            yield from map(write, batches)
            return
        pool = ThreadPoolExecutor(threads, "writing")
        try:
            yield from pool.map(write, batches)
        finally:
            pool.shutdown(cancel_futures=True)

    def _write(self, sources: list[list[int]], threads: int, follow: Follow | None) -> list[list[int]]:
        decoding, defaults = self._decoding, self._completed
        if self._decoder is None:
            rows = self._padded(sources, decoding, self._told)
            for place, row in enumerate(rows):
                _ = follow and follow(place, np.array(row))
            return rows
        longest = decoding.max_target_tokens
        rules = Rules.read(defaults, decoding.find_shortest(defaults))
        if decoding.num_beams == 1:
            return write_greedily(self._decoder, sources, longest, rules, threads, follow=follow)
        penalty = 1.0 if defaults.length_penalty is None else defaults.length_penalty
        beams = Beams(decoding.num_beams, penalty, defaults.early_stopping or False)
        return write_by_beams(self._decoder, sources, longest, rules, beams, threads, follow=follow)


def take_frozen(network: "PreTrainedModel | FrozenNetwork") -> FrozenNetwork | None:
    """Make a network readable for the compiled engine; None where that does not know such a network."""
    if isinstance(network, FrozenNetwork):
        return network
    from tldrkit.writing import freezing

    return freezing.freeze(network)


def build_summaries(
    written: Sequence[Sequence[int]],
    documents: Sequence[str],
    tokenizer: "PreTrainedTokenizerBase | LeanTokenizer",
    defaults: Any,  # noqa: ANN401  (of transformers, or of our lean networks)
    decoding: Decoding,
) -> list[Generated]:
    """Make summaries of their tokens.

    Args:
        written: Token ids of each summary.
        documents: What each is a summary of.
        tokenizer: Reads them.
        defaults: The network's generation defaults.
        decoding: How they were decoded; a summary of as many tokens as it allows has ended where the last is
            an end mark of the network's own choice, and not the one that some write at the last place.
    """
    longest = decoding.max_target_tokens
    own_ends = find_end_tokens(defaults) if defaults.forced_eos_token_id is None else ()
    texts = [text.strip() for text in tokenizer.batch_decode(written, skip_special_tokens=True)]
    if decoding.restore_case and loses_case(tokenizer):
        texts = list(map(restore_writing, texts, documents))
    return [
        Generated(text, len(tokens), len(tokens) < longest or tokens[-1] in own_ends, unfamiliar)
        for text, tokens, unfamiliar in zip(
            texts, written, find_unfamiliar(documents, tokenizer), strict=True
        )
    ]


def cut_batches(lengths: Sequence[int], decoding: Decoding, workers: int) -> list[list[int]]:
    """Cut documents into batches of neighbours in length that take about as long, the longest first.

    Args:
        lengths: Tokens of each document.
        decoding: How they are decoded; a batch holds its ``batch_size`` documents on average.
        workers: Threads that share the batches.

    Returns:
        Places of the documents of each batch.
    """
    order = sorted(range(len(lengths)), key=lambda index: lengths[index], reverse=True)
    count = -(-len(order) // decoding.batch_size)
    count += -count % workers
    costs = list(accumulate(lengths[index] + _WRITTEN * decoding.max_target_tokens for index in order))
    batches: list[list[int]] = [[] for _ in range(count)]
    for index, cost in zip(order, costs, strict=True):
        batches[min(count - 1, int(count * (cost - 1) / costs[-1]))].append(index)
    return [batch for batch in batches if batch]
