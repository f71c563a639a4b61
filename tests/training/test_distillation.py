from typing import Any

import pytest
import torch
from torch.nn.functional import kl_div, log_softmax

from tests.notes import Notes
from tests.training.test_loop import SMALL, build, weights
from tldrkit.bases.scratch import build_base
from tldrkit.datasets.batches import tokenize_examples
from tldrkit.datasets.examples import Corpus
from tldrkit.dendrites.growth import FixedShape
from tldrkit.errors import ModelError
from tldrkit.families.summarizer import Summarizer
from tldrkit.machine.device import build_accelerator
from tldrkit.specs import BaseSpec, TrainSpec
from tldrkit.training.distillation import DistilledLoss, Teacher, check_teacher, write_references
from tldrkit.training.loop import Fitted, Trainer
from tldrkit.training.objective import PaddedLoss, build_objective, read_labels


def build_teacher(corpus: Corpus) -> Summarizer:
    """A network of another shape and other weights, with the same tokens."""
    spec = BaseSpec(
        vocab_size=400, d_model=24, d_kv=4, num_heads=2, d_ff=24, enc_num_layers=2, dec_num_layers=1, seed=5
    )
    return build_base(spec, [example.document for example in corpus.train])


def fit(corpus: Corpus, **fields: Any) -> Fitted:  # noqa: ANN401  (spec fields)
    summarizer, spec = build(corpus), TrainSpec(**(SMALL | {"dropout": 0.0} | fields))
    teacher = Teacher(
        network=build_teacher(corpus).network,
        weight=spec.distill_weight,
        temperature=spec.distill_temperature,
    )
    trainer = Trainer(
        build_accelerator("cpu", "fp32"), summarizer.tokenizer, spec, FixedShape(), Notes(),
        teacher=teacher,
    )  # fmt: skip
    return trainer.fit(summarizer.network, corpus)


def test_packed_and_padded_logits_are_the_same(examples: Corpus) -> None:
    """Both ways compute the same logits, in the order of their labels."""
    summarizer, accelerator = build(examples), build_accelerator("cpu", "fp32")
    rows = tokenize_examples(examples.train[:5], summarizer.tokenizer, TrainSpec(**SMALL))
    network = summarizer.network.eval()
    packed, padded = build_objective(network, accelerator, None), PaddedLoss(network, accelerator)

    torch.testing.assert_close(packed.compute_logits(rows), padded.compute_logits(rows), atol=1e-4, rtol=0)
    labels = read_labels(rows)
    known = torch.nn.functional.cross_entropy(packed.compute_logits(rows), labels, reduction="sum")
    torch.testing.assert_close(known, padded(rows, 0.0), rtol=1e-5, atol=1e-3)
    assert len(labels) == sum(len(row.target) for row in rows)


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_the_loss_is_the_formula(examples: Corpus, weight: float) -> None:
    """It mixes the references' loss with the distance, in training; in evaluation it is the former alone."""
    student, teacher, accelerator = build(examples), build_teacher(examples), build_accelerator("cpu", "fp32")
    rows = tokenize_examples(examples.train[:5], student.tokenizer, TrainSpec(**SMALL))
    own, other = (build_objective(one.network, accelerator, None) for one in (student, teacher))
    loss = DistilledLoss(student.network, own, other, weight=weight, temperature=3.0)
    given, wanted = (log_softmax(one.compute_logits(rows) / 3, -1) for one in (own, other))
    distance = 9 * kl_div(given, wanted, reduction="sum", log_target=True)
    known = own(rows, 0.0)

    student.network.train()
    torch.testing.assert_close(
        loss(rows, 0.0), (1 - weight) * known + weight * distance, rtol=1e-5, atol=1e-3
    )
    student.network.eval()
    torch.testing.assert_close(loss(rows, 0.0), known)


def test_a_student_of_a_teacher_comes_nearer_to_it(examples: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Training on the teacher's probabilities alone lowers the distance to them."""
    accelerator, teacher = build_accelerator("cpu", "fp32"), build_teacher(examples)
    monkeypatch.setattr("tldrkit.training.validation.Score.is_better_than", lambda *_: True)  # the last one
    fitted = fit(examples, max_steps=40, eval_every=40, lr=1e-2, distill_weight=1.0, warmup_steps=1)
    rows = tokenize_examples(examples.train[:8], teacher.tokenizer, TrainSpec(**SMALL))
    with torch.no_grad():
        wanted = log_softmax(build_objective(teacher.network, accelerator, None).compute_logits(rows), -1)

    def measure(network: Any) -> float:  # noqa: ANN401  (transformers is not typed)
        with torch.no_grad():
            given = log_softmax(build_objective(network, accelerator, None).compute_logits(rows), -1)
        return float(kl_div(given, wanted, reduction="sum", log_target=True))

    assert measure(fitted.network.eval()) < 0.7 * measure(build(examples).network.eval())


def test_without_weight_the_teacher_is_not_heard(examples: Corpus) -> None:
    """With no share of the loss, training is what it is without a teacher."""
    summarizer, spec = build(examples), TrainSpec(**(SMALL | {"dropout": 0.0}))
    trainer = Trainer(build_accelerator("cpu", "fp32"), summarizer.tokenizer, spec, FixedShape(), Notes())
    alone, taught = (
        weights(trainer.fit(summarizer.network, examples)),
        weights(fit(examples, distill_weight=0.0)),
    )

    assert all(torch.allclose(alone[name], taught[name], atol=1e-5) for name in alone)


def test_other_pieces_are_refused(examples: Corpus) -> None:
    """Probabilities of other tokens cannot be learned from."""
    other = build_base(BaseSpec(vocab_size=300, d_model=16, d_kv=4, num_heads=2, d_ff=24), ["other texts"])
    check_teacher(build_teacher(examples), build(examples))
    with pytest.raises(ModelError, match="different vocabularies"):
        check_teacher(other, build(examples))


def test_a_teachers_summaries_take_the_references_places(examples: Corpus) -> None:
    """Documents and their order stay; an example the teacher is silent about keeps its reference."""
    told: list[int] = []
    spec = TrainSpec(**SMALL)
    written = write_references(build_teacher(examples), examples.train, spec, told.append)

    assert [one.document for one in written] == [one.document for one in examples.train]
    assert any(one.summaries != two.summaries for one, two in zip(written, examples.train, strict=True))
    assert all(one.summaries[0].strip() for one in written)
    assert told[-1] == len(examples.train)
