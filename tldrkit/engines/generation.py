"""Documents in, summaries out, in the same order. Knows tokens and devices, not files."""

import copy
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import torch

from tldrkit.data.batches import pad_rows, tokenize_documents
from tldrkit.errors import ModelError
from tldrkit.models.anatomy import is_packable
from tldrkit.models.lean import LeanT5
from tldrkit.models.packed.decoder import PackedDecoder, can_decode
from tldrkit.models.packed.generation import PLAIN_DEFAULTS, Beams, write_by_beams, write_greedily
from tldrkit.models.packed.kernels.tiles import has_int8
from tldrkit.models.packed.linear import read_deployed
from tldrkit.specs import DataSpec, EvalSpec, Precision

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from tldrkit.models.lean import LeanTokenizer

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "int8": torch.int8}
_WRITTEN = 3
"""Tokens read in the time one is written."""


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """How summaries are decoded."""

    prefix: str
    max_source_tokens: int
    max_target_tokens: int
    num_beams: int
    batch_size: int
    min_target_tokens: int = 0
    precision: Precision = "fp32"
    """Of matrix products; int8 for a T5 on a processor only."""

    @property
    def settings(self) -> dict[str, object]:
        """What must be equal where outputs are compared: not what is done for speed."""
        return {
            "prefix": self.prefix,
            "max_source_tokens": self.max_source_tokens,
            "max_target_tokens": self.max_target_tokens,
            "num_beams": self.num_beams,
        }


def read_decoding(spec: EvalSpec) -> Decoding:
    """Read from a spec how to decode."""
    return build_decoding(
        spec, num_beams=spec.num_beams, batch_size=spec.batch_size, precision=spec.precision
    )


def build_decoding(
    spec: DataSpec, *, num_beams: int, batch_size: int, precision: Precision = "fp32"
) -> Decoding:
    """Decode with a spec's prefix and lengths."""
    return Decoding(
        prefix=spec.prefix,
        max_source_tokens=spec.max_source_tokens,
        max_target_tokens=spec.max_target_tokens,
        num_beams=num_beams,
        batch_size=batch_size,
        precision=precision,
    )


@dataclass(frozen=True)
class Generated:
    """One summary, how many tokens were written for it, and whether the network ended it itself."""

    text: str
    tokens: int
    ended: bool = True


class Generator:
    """Writes summaries with one network, batched by length.

    With a T5 on a processor it writes over packed tokens, which gives the same pieces sooner, and each of
    torch's threads writes batches of its own; else by the network's own ``generate``.

    Args:
        network: An encoder-decoder; left in the mode (training or not) it was in. Its weights must not change
            while summaries are written.
        tokenizer: Its tokenizer.
        decoding: How to decode.
        packed: Whether to write over packed tokens where that is possible.

    Raises:
        ModelError: int8 is asked for, and is not to be had.
    """

    def __init__(
        self,
        network: "PreTrainedModel | LeanT5",
        tokenizer: "PreTrainedTokenizerBase | LeanTokenizer",
        decoding: Decoding,
        *,
        packed: bool = True,
    ) -> None:
        self._network = network
        self._tokenizer = tokenizer
        self._decoding = decoding
        packed = packed and is_packable(network) and can_decode(network) and writes_plainly(network)
        if decoding.precision == "int8" and not (packed and has_int8()):
            raise ModelError(
                "int8 is for T5 on an x86 processor, with a usual activation and plain generation defaults.",
                hint="Use --precision fp32 or bf16.",
            )
        self._decoder = _read_decoder(network, decoding) if packed else None

    def with_decoding(self, decoding: Decoding) -> "Generator":
        """Write with the same network in another way; its weights are not read again."""
        other = copy.copy(self)
        other._decoding = decoding
        return other

    def __call__(self, documents: Sequence[str], advance: Callable[[int], object] = int) -> list[Generated]:
        """Summarize documents, results in the order given.

        Args:
            documents: Texts, without the prefix.
            advance: Told the number of documents done, after each batch.
        """
        decoding = self._decoding
        sources = tokenize_documents(documents, self._tokenizer, decoding.prefix, decoding.max_source_tokens)
        workers = torch.get_num_threads() if self._decoder else 1
        batches = cut_batches([len(source) for source in sources], decoding, workers)
        defaults = self._network.generation_config
        results: dict[int, Generated] = {}
        with evaluating(self._network):
            for chosen, written in self._write_all(batches, sources, min(workers, len(batches))):
                finished = finish(written, self._tokenizer, defaults, decoding.max_target_tokens)
                results.update(zip(chosen, finished, strict=True))
                advance(len(results))
        return [results[index] for index in range(len(documents))]

    def _write_all(
        self, batches: list[list[int]], sources: list[list[int]], workers: int
    ) -> Iterator[tuple[list[int], list[list[int]]]]:
        """Write batches, in so many threads of one processor thread each where there are several."""

        def write(chosen: list[int]) -> tuple[list[int], list[list[int]]]:
            with torch.no_grad():
                return chosen, self._write([sources[index] for index in chosen])

        if workers <= 1:
            yield from map(write, batches)
            return
        threads = torch.get_num_threads()
        pool = ThreadPoolExecutor(workers, "writing", torch.set_num_threads, (1,))
        try:
            yield from pool.map(write, batches)
        finally:
            pool.shutdown(cancel_futures=True)
            torch.set_num_threads(threads)  # a thread's setting holds for threads begun later, too

    def _write(self, sources: list[list[int]]) -> list[list[int]]:
        if self._decoder is None:
            return self._write_padded(sources)
        defaults, longest = self._network.generation_config, self._decoding.max_target_tokens
        ends, shortest = find_ends(defaults), self._decoding.min_target_tokens
        if self._decoding.num_beams == 1:
            return write_greedily(self._decoder, sources, longest, ends, shortest)
        penalty = 1.0 if defaults.length_penalty is None else defaults.length_penalty
        beams = Beams(self._decoding.num_beams, penalty, bool(defaults.early_stopping), shortest)
        return write_by_beams(self._decoder, sources, longest, ends, beams)

    def _write_padded(self, sources: list[list[int]]) -> list[list[int]]:
        network: Any = self._network
        device = next(network.parameters()).device
        tokenizer: Any = self._tokenizer
        pad = tokenizer.pad_token_id
        with torch.autocast(device.type, torch.bfloat16, enabled=self._decoding.precision == "bf16"):
            ids = network.generate(
                input_ids=pad_rows(sources, pad).to(device),
                attention_mask=pad_rows([[1] * len(row) for row in sources], 0).to(device),
                max_new_tokens=self._decoding.max_target_tokens,
                num_beams=self._decoding.num_beams,
                do_sample=False,
                **({"min_new_tokens": shortest} if (shortest := self._decoding.min_target_tokens) else {}),
            )
        return [[piece for piece in row if piece != pad] for row in ids[:, 1:].tolist()]


def _read_decoder(network: "PreTrainedModel | LeanT5", decoding: Decoding) -> PackedDecoder:
    read = read_deployed
    if not isinstance(network, LeanT5):
        from tldrkit.models.dendrites import read_linear as read  # with transformers, which is long to import
    return PackedDecoder(network, read, _DTYPES[decoding.precision])


def find_ends(defaults: Any) -> frozenset[int]:  # noqa: ANN401  (of transformers, or of our lean networks)
    """Find the pieces that end a summary, by a network's generation defaults."""
    end = defaults.eos_token_id
    return frozenset([end] if isinstance(end, int) else end or ())


def finish(
    written: Sequence[Sequence[int]],
    tokenizer: "PreTrainedTokenizerBase | LeanTokenizer",
    defaults: Any,  # noqa: ANN401  (as above)
    longest: int,
) -> list[Generated]:
    """Make summaries of their pieces.

    Args:
        written: Pieces of each summary.
        tokenizer: Reads them.
        defaults: The network's generation defaults.
        longest: Pieces that a summary was allowed; one of as many has ended where the last is an end mark of
            the network's own choice, and not the one that some write at the last place.
    """
    own_ends = find_ends(defaults) if defaults.forced_eos_token_id is None else ()
    texts = tokenizer.batch_decode(written, skip_special_tokens=True)
    return [
        Generated(text.strip(), len(pieces), len(pieces) < longest or pieces[-1] in own_ends)
        for text, pieces in zip(texts, written, strict=True)
    ]


def writes_plainly(network: "PreTrainedModel | LeanT5") -> bool:
    """Tell whether a network's defaults leave the choice of pieces to the search alone."""
    defaults = network.generation_config
    return set(defaults.to_diff_dict()) <= PLAIN_DEFAULTS and defaults.early_stopping in (None, True, False)


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
