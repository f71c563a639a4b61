"""What a network's generation defaults allow at each place of a summary, as transformers' processors have it.

Knows token ids alone.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tldrkit.writing.compiled.kernels.arrays import Floats, Integers
from tldrkit.writing.compiled.kernels.choice import forbid_repeats, penalize

PLAIN_DEFAULTS = frozenset({
    "_from_model_config", "transformers_version", "decoder_start_token_id", "bos_token_id", "eos_token_id",
    "pad_token_id", "max_length", "max_new_tokens", "num_beams", "early_stopping", "length_penalty",
    "do_sample", "use_cache", "output_attentions", "output_hidden_states",
})  # fmt: skip
"""Generation defaults that leave every token to the search, or do not matter."""
_RULES = frozenset({
    "min_length", "min_new_tokens", "no_repeat_ngram_size", "repetition_penalty", "bad_words_ids",
    "forced_bos_token_id", "forced_eos_token_id", "suppress_tokens", "begin_suppress_tokens",
})  # fmt: skip
KNOWN_DEFAULTS = PLAIN_DEFAULTS | _RULES
"""A network's generation defaults that are known here, or do not matter; with others it writes otherwise."""


def know_defaults(told: Mapping[str, Any]) -> bool:
    """Tell whether all that a network's generation defaults say is known here."""
    stopping = told.get("early_stopping")
    return set(told) <= KNOWN_DEFAULTS and (isinstance(stopping, bool) or stopping in (None, "never"))


@dataclass(frozen=True)
class Rules:
    """Which tokens may come at which place; with none given but the ends, all may.

    Args:
        ends: Tokens that end a summary.
        min_tokens: Tokens of a summary before its end at least.
        no_repeat_ngram_size: So many tokens in a row never come twice; 0 for any.
        repetition_penalty: What makes tokens less likely that were written before (Keskar et al. 2019).
        bad_words: Tokens, or rows of tokens, that are never written.
        forced_first: The first token.
        forced_last: Tokens of which one stands at the last place a summary may have.
        suppressed: Tokens that are never written.
        suppressed_first: Tokens that are not written first, or first behind the forced one.
    """

    ends: Collection[int] = ()
    min_tokens: int = 0
    no_repeat_ngram_size: int = 0
    repetition_penalty: float = 1.0
    bad_words: tuple[tuple[int, ...], ...] = ()
    forced_first: int | None = None
    forced_last: tuple[int, ...] = ()
    suppressed: tuple[int, ...] = ()
    suppressed_first: tuple[int, ...] = ()

    @classmethod
    def read(cls, defaults: Any, min_tokens: int) -> "Rules":  # noqa: ANN401  (transformers is not typed)
        """Read generation defaults, of transformers or of our lean networks."""
        return cls(
            ends=find_end_tokens(defaults),
            min_tokens=min_tokens,
            no_repeat_ngram_size=defaults.no_repeat_ngram_size or 0,
            repetition_penalty=defaults.repetition_penalty or 1.0,
            bad_words=tuple(map(tuple, defaults.bad_words_ids or ())),
            forced_first=defaults.forced_bos_token_id,
            forced_last=_list(defaults.forced_eos_token_id),
            suppressed=_list(defaults.suppress_tokens),
            suppressed_first=_list(defaults.begin_suppress_tokens),
        )

    def apply(self, logits: Floats, written: Integers, max_tokens: int, totals: Floats | None = None) -> None:
        """Apply the rules to the logits of the next tokens.

        Args:
            logits: Changed in place; -inf for a token that may not come.
            written: Tokens of each row, from the start mark on.
            max_tokens: Tokens of the longest summary.
            totals: Logarithms of the sums of exponentials. Logits minus these are log-probabilities, and
                beam search penalizes those. None in greedy decoding, which penalizes logits.

        Shape:
            logits: (rows, vocabulary).
            written: (rows, 1 + tokens so far).
            totals: (rows,).
        """
        place = written.shape[1] - 1
        less = np.zeros(len(logits), np.float32) if totals is None else totals
        if self.repetition_penalty != 1.0:
            penalize(written, np.float32(self.repetition_penalty), less, logits)
        if self.no_repeat_ngram_size:
            forbid_repeats(written, self.no_repeat_ngram_size, logits)
        for word in self.bad_words:
            self._forbid_word(word, logits, written)
        if place < self.min_tokens:
            logits[:, sorted(self.ends)] = -np.inf
        if place == 0 and self.forced_first is not None:
            _force((self.forced_first,), logits, less)
        if place == max_tokens - 1 and self.forced_last:
            _force(self.forced_last, logits, less)
        logits[:, self.suppressed] = -np.inf
        if place == (self.forced_first is not None):
            logits[:, self.suppressed_first] = -np.inf

    def _forbid_word(self, word: Sequence[int], logits: Floats, written: Integers) -> None:
        """Forbid the last token of a word where the others stand before it."""
        first = written.shape[1] - len(word) + 1
        if first < 0 or (len(word) == 1 and word[0] in self.ends):
            return
        before = written[:, first:]
        logits[(before == np.array(word[:-1], np.int64)).all(1), word[-1]] = -np.inf


def find_end_tokens(defaults: Any) -> frozenset[int]:  # noqa: ANN401  (as above)
    """Find the tokens that end a summary, by a network's generation defaults."""
    return frozenset(_list(defaults.eos_token_id))


def find_start(defaults: Any) -> int | None:  # noqa: ANN401  (as above)
    """Find the token before the first one of a summary, by a network's generation defaults."""
    start: int | None = defaults.decoder_start_token_id
    return defaults.bos_token_id if start is None else start


def _force(tokens: Sequence[int], logits: Floats, totals: Floats) -> None:
    """Forbid all tokens but some, and give each of these the score 0, as transformers does."""
    logits[:] = -np.inf
    logits[:, tokens] = totals[:, None]


def _list(tokens: int | Sequence[int] | None) -> tuple[int, ...]:
    return (tokens,) if isinstance(tokens, int) else tuple(tokens or ())
