"""Our loop against transformers' own trainer: nothing is learned otherwise for being learned faster."""

from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import Seq2SeqTrainer, Seq2SeqTrainingArguments

from tests.notes import Notes
from tests.training.test_loop import SMALL, build, fit
from tldrkit.datasets.batches import Tokens, collate, stream_batches
from tldrkit.datasets.examples import Corpus
from tldrkit.specs import TrainSpec
from tldrkit.training import loop as training
from tldrkit.training.objective import set_dropout
from tldrkit.training.optimizer import build_optimizer, compute_lr


def test_every_step_is_seq2seq_trainers(
    examples: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In fp32 without dropout, from one start over the same batches, the loss of every step is the peer's."""
    monkeypatch.setattr(training, "_LOG_EVERY", 1)
    fields = {"max_steps": 40, "eval_every": 20, "lr": 3e-3, "dropout": 0.0, "label_smoothing": 0.0}
    notes = Notes()
    fit(examples, notes, **fields)
    ours = [event["train_loss"] for event in notes.events if event["kind"] == "train"]

    spec, summarizer = TrainSpec(**(SMALL | fields)), build(examples)
    set_dropout(summarizer.network, 0.0)
    with closing(stream_batches(examples.train, summarizer.tokenizer, spec)) as batches:
        rows: list[Any] = list(islice(batches, spec.max_steps))

    def pad(batch: list[list[Tokens]]) -> dict[str, torch.Tensor]:
        padded = collate(batch[0], summarizer.tokenizer.pad_token_id)
        return {"input_ids": padded.source, "attention_mask": padded.mask, "labels": padded.labels}

    optimizer = build_optimizer(summarizer.network, spec)
    rates = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: compute_lr(spec, step, step) / spec.lr)
    settings = Seq2SeqTrainingArguments(
        output_dir=str(tmp_path), max_steps=spec.max_steps, per_device_train_batch_size=1, use_cpu=True,
        train_sampling_strategy="sequential", max_grad_norm=spec.clip_norm, logging_steps=1, report_to=[],
        save_strategy="no", disable_tqdm=True, remove_unused_columns=False,
    )  # fmt: skip
    peer = Seq2SeqTrainer(
        summarizer.network, settings, train_dataset=rows, data_collator=pad, optimizers=(optimizer, rates)
    )
    peer.train()
    losses = [entry["loss"] for entry in peer.state.log_history if "loss" in entry]

    assert ours == pytest.approx(losses, abs=1e-4)
    assert ours[-1] < ours[0] - 0.5
