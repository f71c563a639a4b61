"""Summaries of a plain T5 by CTranslate2: documents in, summaries out, as of ``generation.py``.

Knows what CTranslate2 is asked; how a network comes there is known in ``writing/translation.py``.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tldrkit.datasets.tokens import tokenize_documents
from tldrkit.errors import ModelError
from tldrkit.machine.processor import count_threads
from tldrkit.writing.compiled.rules import PLAIN_DEFAULTS, find_ends
from tldrkit.writing.decoding import Decoding
from tldrkit.writing.generation import Generated, finish, freeze
from tldrkit.writing.translation import check_translatable, load_translator

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from tldrkit.writing.compiled.parameters import FrozenNetwork
    from tldrkit.writing.lean import LeanTokenizer


class Translator:
    """Writes summaries as ``Generator`` does, by CTranslate2, each of several threads batches of its own.

    Greedily and in fp32 it writes the same pieces. Its beam search ends once as many summaries have ended as
    there are beams, whatever the network's ``early_stopping``.

    Args:
        network: A plain T5 on a processor; it is copied.
        tokenizer: Its tokenizer.
        decoding: How to decode.
        workers: Batches written at a time, which share the threads; as many as there are by default.

    Raises:
        ModelError: CTranslate2 cannot run the network, or not in this precision.
        TldrkitError: CTranslate2 is not installed.
    """

    def __init__(
        self,
        network: "PreTrainedModel | FrozenNetwork",
        tokenizer: "PreTrainedTokenizerBase | LeanTokenizer",
        decoding: Decoding,
        workers: int | None = None,
    ) -> None:
        self._tokenizer, self._decoding = tokenizer, decoding
        self._defaults = network.generation_config
        ends, penalty = find_ends(self._defaults), self._defaults.length_penalty
        plain = set(self._defaults.to_diff_dict()) <= PLAIN_DEFAULTS and not decoding.search.told
        if not (ends and plain):
            raise ModelError(
                "CTranslate2 is asked for plain searches alone; options or this model's defaults want more.",
                hint="Leave --engine out.",
            )
        check_translatable(network.config, decoding.precision)
        if not (frozen := freeze(network)):
            raise ModelError("CTranslate2 runs a T5 on a processor here.", hint="Leave --engine out.")
        threads = decoding.threads or count_threads()
        workers = workers or threads
        self._translator = load_translator(frozen, decoding.precision, workers, threads // workers)
        self._search: dict[str, Any] = {
            "beam_size": decoding.num_beams,
            "length_penalty": 1.0 if penalty is None else penalty,
            "min_decoding_length": decoding.min_target_tokens,
            "max_decoding_length": decoding.max_target_tokens,
            "end_token": sorted(ends),
            "return_end_token": True,  # so that it counts for the length, as everywhere else
        }

    def __call__(self, documents: Sequence[str]) -> list[Generated]:
        """Summarize documents, results in the order given; neighbours in length share a batch."""
        if not documents:  # tokenizers refuse an empty list
            return []
        decoding = self._decoding
        rows = tokenize_documents(documents, self._tokenizer, decoding.prefix, decoding.max_source_tokens)
        results = self._translator.translate_batch(
            [[str(piece) for piece in row] for row in rows],
            max_batch_size=decoding.batch_size,
            max_input_length=0,  # they are cut already
            **self._search,
        )
        written = [[int(piece) for piece in result.hypotheses[0]] for result in results]
        return finish(written, documents, self._tokenizer, self._defaults, decoding)
