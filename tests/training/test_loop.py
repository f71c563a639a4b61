import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.notes import Notes
from tldrkit.bases.scratch import build_base
from tldrkit.datasets.examples import Corpus
from tldrkit.dendrites.growth import FixedShape
from tldrkit.dendrites.perforated import Dendrites
from tldrkit.errors import ModelError
from tldrkit.families.summarizer import Summarizer
from tldrkit.machine.device import build_accelerator
from tldrkit.specs import BaseSpec, TrainSpec
from tldrkit.training.loop import Fitted, Trainer
from tldrkit.training.objective import build_objective, set_dropout
from tldrkit.training.packed.network import PackedNetwork
from tldrkit.training.validation import Validator

SMALL: dict[str, Any] = {
    "max_steps": 6, "batch_size": 4, "eval_every": 2, "eval_examples": 4, "warmup_steps": 1, "lr": 1e-3,
    "max_source_tokens": 64, "max_target_tokens": 16, "precision": "fp32",
}  # fmt: skip


def build(corpus: Corpus) -> Summarizer:
    spec = BaseSpec(
        vocab_size=400, d_model=16, d_kv=4, num_heads=2, d_ff=24, enc_num_layers=2, dec_num_layers=2
    )
    return build_base(spec, [example.document for example in corpus.train])


def fit(corpus: Corpus, tracker: Notes | None = None, policy: Any = None, **fields: Any) -> Fitted:  # noqa: ANN401
    summarizer = build(corpus)
    spec = TrainSpec(**(SMALL | fields))
    accelerator = build_accelerator("cpu", spec.precision)
    trainer = Trainer(accelerator, summarizer.tokenizer, spec, policy or FixedShape(), tracker or Notes())
    return trainer.fit(summarizer.network, corpus)


def weights(fitted: Fitted) -> dict[str, torch.Tensor]:
    return dict(fitted.network.state_dict())


def test_training_lowers_the_loss(examples: Corpus) -> None:
    """After some steps the loss on validation documents is lower than before the first."""
    notes = Notes()
    fit(examples, notes, max_steps=30, eval_every=30, lr=1e-2)
    losses = [event["val_loss"] for event in notes.events if event["kind"] == "validation"]

    assert losses[-1] < losses[0] - 0.5


def test_the_same_seed_gives_the_same_network(examples: Corpus) -> None:
    """A run is a function of its spec: equal seeds end bit-identical, different seeds do not."""
    first, again, other = (weights(fit(examples, seed=seed, patience=0)) for seed in (1, 1, 2))

    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_accumulation_does_not_change_the_result(examples: Corpus) -> None:
    """Cutting a batch into parts saves memory and leaves the gradient as it was."""
    whole, parts = (weights(fit(examples, grad_accum=parts, dropout=0.0)) for parts in (1, 3))

    assert all(torch.allclose(whole[name], parts[name], atol=1e-5) for name in whole)


def _run_out_of_memory(monkeypatch: pytest.MonkeyPatch, *, calls: int, rows: int) -> None:
    """Let T5 run out of memory in training, from a call on, where a part has too many rows."""
    compute, made = PackedNetwork.__call__, itertools.count(1)

    def limited(self: PackedNetwork, sources: Sequence[Any], *others: Any) -> torch.Tensor:  # noqa: ANN401
        if torch.is_grad_enabled() and next(made) >= calls and len(sources) > rows:
            raise torch.OutOfMemoryError
        return compute(self, sources, *others)

    monkeypatch.setattr(PackedNetwork, "__call__", limited)


def test_a_step_that_lacks_memory_is_taken_again_in_smaller_parts(
    examples: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the first try stays but the number of parts, and the run says so once."""
    parts = weights(fit(examples, grad_accum=4, dropout=0.0))
    _run_out_of_memory(monkeypatch, calls=4, rows=1)  # the second part of the second step
    notes = Notes()
    retried = weights(fit(examples, notes, grad_accum=2, dropout=0.0))
    (event,) = (event for event in notes.events if event["kind"] == "memory")

    assert all(torch.allclose(parts[name], retried[name], atol=1e-5) for name in parts)
    assert (event["step"], event["parts"]) == (1, 4)
    assert "into 4 parts" in event["message"]


def test_an_example_that_lacks_memory_ends_the_run(examples: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is left to cut, the error says what makes an example smaller."""
    _run_out_of_memory(monkeypatch, calls=1, rows=0)
    with pytest.raises(ModelError, match="single example") as caught:
        fit(examples)

    assert "--max-source-tokens" in caught.value.hint


def test_the_whole_validation_split_is_scored_at_the_end(examples: Corpus) -> None:
    """The best network's scores on all validation examples are told beside those of the loop's sample."""
    fitted = fit(examples, eval_examples=2)
    alike = fit(examples, eval_examples=len(examples.validation))
    whole = fitted.metrics["whole_validation"]
    network = fitted.network
    spec = TrainSpec(**SMALL)
    accelerator = build_accelerator("cpu", "fp32")
    tokenizer = build(examples).tokenizer
    score = Validator(accelerator, tokenizer, spec).score(
        network, build_objective(network, accelerator, None), examples.validation
    )

    assert len(examples.validation) > 2
    assert whole["examples"] == len(examples.validation)
    assert (whole["rouge_l"], whole["loss"]) == pytest.approx((score.value, score.loss))
    assert alike.metrics["whole_validation"]["rouge_l"] == alike.metrics["best_val_rouge_l"]


def test_the_best_validated_network_is_kept(examples: Corpus) -> None:
    """What is handed back is the network of the best validation, in evaluation mode."""
    notes = Notes()
    fitted = fit(examples, notes, max_steps=8, lr=0.5)
    scores = {e["step"]: e["val_rouge_l"] for e in notes.events if e["kind"] == "validation"}

    assert fitted.metrics["best_val_rouge_l"] == max(scores.values())
    assert scores[fitted.metrics["best_step"]] == max(scores.values())
    assert not fitted.network.training


def test_the_tokens_of_the_best_network_are_counted(examples: Corpus) -> None:
    """Steps and tokens of the published weights stand beside the run's; none where it began best."""
    whole = fit(examples, max_steps=4, lr=1e-2).metrics
    unchanged = fit(examples, max_steps=4, lr=1e-30).metrics
    assert (unchanged["best_step"], unchanged["best_tokens"]) == (0, 0)
    assert unchanged["training_tokens"] == whole["training_tokens"] > 0
    assert whole["best_tokens"] in range(whole["training_tokens"] + 1)
    assert (whole["best_tokens"] == whole["training_tokens"]) == (whole["best_step"] == whole["steps"])


def test_patience_ends_a_run_that_does_not_improve(examples: Corpus) -> None:
    """With patience 2, two validations without a better score end the run."""
    fitted = fit(examples, max_steps=40, lr=1e-30, patience=2)

    assert fitted.metrics["steps"] <= 6
    assert "2 validations" in fitted.metrics["ended"]


def test_runs_that_are_compared_see_the_same_tokens(examples: Corpus, tmp_path: Path) -> None:
    """A run with dendrites sees as many tokens in as many steps as one without."""
    grown = fit(examples, policy=_dendrites(tmp_path), **GROWING)
    fixed = fit(examples, **(GROWING | {"do_pb": False}))

    assert grown.metrics["training_tokens"] == fixed.metrics["training_tokens"]
    assert grown.metrics["steps"] == fixed.metrics["steps"] == 6


GROWING: dict[str, Any] = {"do_pb": True, "switch_mode": "fixed", "n_epochs_to_switch": 1}


def _dendrites(folder: Path, **fields: Any) -> Dendrites:  # noqa: ANN401
    return Dendrites(TrainSpec(**(SMALL | GROWING | fields)), folder / "scratch", folder / "log")


def test_growth_is_logged_with_parameters_before_and_after(examples: Corpus, tmp_path: Path) -> None:
    """Every restructuring is an event with both counts, told in words, and a figure; validations are too."""
    notes = Notes()
    fitted = fit(examples, notes, policy=_dendrites(tmp_path), **GROWING)
    restructured = [event for event in notes.events if event["kind"] == "restructured"]

    assert restructured
    assert "Model restructured by dendritic algorithm" in restructured[0]["message"]
    assert restructured[0]["params_after"] > restructured[0]["params_before"]
    assert len(fitted.metrics["restructurings"]) == len(restructured)
    sizes = {one["step"]: one["params_deployed"] for one in fitted.metrics["validations"]}
    assert list(sizes) == [event["step"] for event in notes.events if event["kind"] == "validation"]
    assert sizes[restructured[0]["step"]] == restructured[0]["params_after"]


def test_the_rate_may_be_lower_after_growth(examples: Corpus, tmp_path: Path) -> None:
    """What is left of it is a share, whatever the schedule; a run that does not grow keeps all."""
    lower = {"schedule": "constant", "lr_after_growth": 0.25}
    rates = []
    for policy in (_dendrites(tmp_path, **lower), None):
        notes = Notes()
        fit(examples, notes, policy=policy, **(GROWING | lower))
        rates.append(next(event["lr"] for event in notes.events if event["kind"] == "train"))

    assert rates == [0.25 * SMALL["lr"], SMALL["lr"]]


def test_a_grown_network_is_plain_torch(examples: Corpus, tmp_path: Path) -> None:
    """No module of PerforatedAI is left in what a growing run hands back."""
    fitted = fit(examples, policy=_dendrites(tmp_path), **GROWING)

    assert not any("perforated" in type(module).__module__ for module in fitted.network.modules())


def test_label_smoothing_raises_the_training_loss(examples: Corpus) -> None:
    """What is learned of the labels counts for less where the target is spread over all tokens."""
    losses = []
    for smoothing in (0.0, 0.5):
        notes = Notes()
        fit(examples, notes, label_smoothing=smoothing, max_steps=20, eval_every=20, lr=1e-2)
        losses.append(next(event["train_loss"] for event in notes.events if event["kind"] == "train"))

    assert losses[0] < losses[1]


def test_dropout_reaches_every_layer_of_bart() -> None:
    """BART's three rates are set alike, in layers and configuration."""
    from transformers import BartConfig, BartForConditionalGeneration

    config = BartConfig(
        vocab_size=20, d_model=8, encoder_layers=1, decoder_layers=1, encoder_ffn_dim=8, decoder_ffn_dim=8,
        encoder_attention_heads=2, decoder_attention_heads=2, max_position_embeddings=16,
        dropout=0.1, attention_dropout=0.1, activation_dropout=0.1,
    )  # fmt: skip
    network = BartForConditionalGeneration(config).train()
    set_dropout(network, 0.0)
    batch = {"input_ids": torch.tensor([[5, 6, 2]]), "labels": torch.tensor([[5, 2]])}

    assert (config.dropout, config.attention_dropout, config.activation_dropout) == (0.0, 0.0, 0.0)
    assert torch.equal(network(**batch).logits, network(**batch).logits)


def test_a_loss_that_is_no_number_ends_the_run(examples: Corpus) -> None:
    """A diverged run stops at once, and says what to lower."""
    with pytest.raises(ModelError, match="not a number") as caught:
        fit(examples, max_steps=20, lr=1e30, eval_every=20)

    assert "--lr" in caught.value.hint


def test_dropout_reaches_every_layer(examples: Corpus) -> None:
    """A given rate replaces the network's own everywhere, so that rate 0 makes training deterministic."""
    network = build(examples).network
    set_dropout(network, 0.0)
    network.train()
    batch = {"input_ids": torch.tensor([[5, 6, 1]]), "labels": torch.tensor([[5, 1]])}

    assert network.config.dropout_rate == 0.0
    assert torch.equal(network(**batch).logits, network(**batch).logits)
