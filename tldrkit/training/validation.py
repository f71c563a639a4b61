"""How good a network is while it trains: the score of greedy summaries, and the loss of a label token."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from accelerate import Accelerator
from torch import nn
from transformers import PreTrainedTokenizerBase

from tldrkit.datasets.batches import tokenize_examples
from tldrkit.datasets.examples import Example
from tldrkit.machine.processes import exchange
from tldrkit.scoring.metrics import MAIN
from tldrkit.scoring.overlap import compute_rouge
from tldrkit.specs import FitSpec
from tldrkit.training.objective import Objective
from tldrkit.writing.decoding import build_decoding
from tldrkit.writing.generation import Generator
from tldrkit.writing.padded import evaluating


@dataclass(frozen=True)
class Score:
    """What a network reached on some examples."""

    value: float
    """Mean of the main metric over greedy summaries, a fraction."""

    loss: float
    """Mean cross-entropy of a label token, nats."""

    def is_better_than(self, other: "Score") -> bool:
        """Tell whether the value is higher or, where it is equal, the loss lower."""
        return (self.value, -self.loss) > (other.value, -other.loss)

    def describe(self) -> str:
        """Render for a reader, the value in points."""
        return f"{MAIN.head} {MAIN.show(100 * self.value)}, loss {self.loss:.3f}"


_SAMPLES = 8

WORST = Score(-1.0, math.inf)


@dataclass(frozen=True, kw_only=True)
class _Share:
    """What one process found in its share of the examples."""

    values: list[float]
    loss: float
    """Sum over label tokens."""

    labels: int


class Validator:
    """Scores networks in all processes of a run."""

    def __init__(self, accelerator: Accelerator, tokenizer: PreTrainedTokenizerBase, spec: FitSpec) -> None:
        self._accelerator = accelerator
        self._tokenizer = tokenizer
        self._spec = spec
        self.samples: list[dict[str, object]] = []
        """Some of the summaries scored last, each with its reference."""

    def score(self, network: nn.Module, objective: Objective, examples: Sequence[Example]) -> Score:
        """Score a network.

        Each process scores a share of the examples; all of them get the same numbers, bit by bit.
        """
        share = examples[self._accelerator.process_index :: self._accelerator.num_processes]
        shares = exchange(self._score_share(network, objective, share))
        total = math.fsum(value for scored in shares for value in scored.values)
        loss = math.fsum(scored.loss for scored in shares)
        return Score(total / len(examples), loss / sum(scored.labels for scored in shares))

    def _score_share(self, network: nn.Module, objective: Objective, examples: Sequence[Example]) -> _Share:
        if not examples:
            return _Share(values=[], loss=0.0, labels=0)
        spec = self._spec
        decoding = build_decoding(
            spec,
            num_beams=1,
            batch_size=max(spec.batch_size, 50),
            precision="bf16" if self._accelerator.mixed_precision == "bf16" else "fp32",
        )
        generate = Generator(network, self._tokenizer, decoding)
        generated = generate([example.document for example in examples])
        scores = compute_rouge(
            [one.text for one in generated], [one.summaries for one in examples], words=spec.rouge_words
        )
        values = scores[MAIN.name]
        shown = zip(examples[:_SAMPLES], generated, values, strict=False)
        self.samples = [
            {"id": one.id, "reference": one.summaries[0], "summary": written.text, "rouge_l": round(value, 4)}
            for one, written, value in shown
        ]
        rows = tokenize_examples(examples, self._tokenizer, spec)
        loss = 0.0
        with evaluating(network):
            for start in range(0, len(rows), spec.batch_size):
                loss += float(objective(rows[start : start + spec.batch_size], 0.0))
        return _Share(values=values, loss=loss, labels=sum(len(row.target) for row in rows))
