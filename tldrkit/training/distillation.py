"""Learning from a teacher: its probabilities at every place, or its summaries in place of references."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import kl_div, log_softmax
from transformers import PreTrainedModel

from tldrkit.datasets.batches import Tokens
from tldrkit.datasets.examples import Split
from tldrkit.errors import ModelError
from tldrkit.families.summarizer import Summarizer
from tldrkit.specs import TrainSpec
from tldrkit.training.objective import LogitsObjective, read_labels
from tldrkit.writing.decoding import build_decoding
from tldrkit.writing.generation import Generator

_BEAMS = 4


@dataclass(frozen=True, kw_only=True)
class Teacher:
    """A network to learn from, its share w of the loss, and the temperature T of both distributions."""

    network: PreTrainedModel
    weight: float
    temperature: float


class DistilledLoss:
    """Mixes the loss of the references with the distance to a teacher's probabilities.

    ``(1 - w) CE + w T^2 KL(teacher at T || student at T)`` (Hinton et al. 2015, "Distilling the Knowledge in
    a Neural Network", 2); in evaluation mode the loss of the references alone.

    Args:
        network: The student.
        own: Its objective.
        teacher: The teacher's objective; it learns nothing.
        weight: w, the teacher's share.
        temperature: T.
    """

    def __init__(
        self,
        network: nn.Module,
        own: LogitsObjective,
        teacher: LogitsObjective,
        *,
        weight: float,
        temperature: float,
    ) -> None:
        self._network = network
        self._own = own
        self._teacher = teacher
        self._weight = weight
        self._temperature = temperature

    def __call__(self, rows: Sequence[Tokens], smoothing: float) -> Tensor:
        """Sum the loss over label tokens.

        Shape:
            result: ().
        """
        if not self._network.training:
            return self._own(rows, smoothing)
        with torch.no_grad():
            wanted = log_softmax(self._teacher.compute_logits(rows) / self._temperature, -1)
        logits = self._own.compute_logits(rows)
        labels = read_labels(rows).to(logits.device)
        known = nn.functional.cross_entropy(logits, labels, reduction="sum", label_smoothing=smoothing)
        given = log_softmax(logits / self._temperature, -1)
        distance = kl_div(given, wanted, reduction="sum", log_target=True) * self._temperature**2
        return (1 - self._weight) * known + self._weight * distance


def check_teacher(teacher: Summarizer, student: Summarizer) -> None:
    """Check that a teacher's probabilities are of the student's tokens.

    Raises:
        ModelError: They use different vocabularies.
    """
    same_size = teacher.network.config.vocab_size == student.network.config.vocab_size
    if not same_size or teacher.tokenizer.get_vocab() != student.tokenizer.get_vocab():
        raise ModelError(
            "Teacher and student use different vocabularies, so their probabilities cannot be compared.",
            hint="Use --distill-weight 0 with --teacher-outputs, or a student with the teacher's vocabulary.",
        )


def write_references(
    teacher: Summarizer, split: Split, spec: TrainSpec, advance: Callable[[int], object]
) -> Split:
    """Put the teacher's own summaries (beam 4) in the place of the references of a split.

    Kim & Rush 2016, "Sequence-Level Knowledge Distillation". An example of which the teacher says nothing
    keeps its references.

    Args:
        teacher: Writes.
        split: The documents.
        spec: Lengths and prefix.
        advance: Told the number of documents done.
    """
    decoding = build_decoding(spec, num_beams=_BEAMS, batch_size=spec.batch_size)
    generate = Generator(teacher.network, teacher.tokenizer, decoding)
    written = generate([example.document for example in split], advance)
    examples = tuple(
        dataclasses.replace(example, summaries=(one.text,)) if one.text else example
        for example, one in zip(split, written, strict=True)
    )
    return dataclasses.replace(split, examples=examples)
