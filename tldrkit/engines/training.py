"""The one training loop: A, B, C and D run through it and differ in their specs alone.

What it knows of dendrites is one object, the growth policy, that may hand back a changed network after a
validation.
"""

import math
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils.memory import clear_device_cache
from torch import nn
from torch.optim import Optimizer
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from tldrkit.data.batches import Tokens, stream_batches, tokenize_examples
from tldrkit.data.examples import Corpus, Example
from tldrkit.engines.device import is_out_of_memory
from tldrkit.engines.generation import Decoding, evaluating, generate_summaries
from tldrkit.engines.objective import Objective, build_masks, build_objective
from tldrkit.engines.optimizer import build_optimizer, compute_lr, set_lr
from tldrkit.engines.processes import exchange, spread_weights, sum_gradients
from tldrkit.errors import ModelError
from tldrkit.metrics.overlap import compute_rouge
from tldrkit.models.growth import GrowthPolicy
from tldrkit.models.packed.dropout import DropoutMasks
from tldrkit.specs import FitSpec
from tldrkit.tracking import Event, Tracker

_RATES = ("dropout_rate", "dropout", "attention_dropout", "activation_dropout")
_LOG_EVERY = 20  # steps between two log lines


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """The best validated network of a run, and how it came about."""

    network: PreTrainedModel
    metrics: dict[str, Any]


@dataclass(kw_only=True)
class _Progress:
    """What changes while the loop runs."""

    network: nn.Module
    optimizer: Optimizer
    objective: Objective
    built_at: int = 0
    step: int = 0
    tokens: int = 0
    halvings: int = 0
    """How often memory ran out and the parts of a batch were made half as large."""
    best_score: float = -1.0
    best_loss: float = float("inf")
    best_step: int = 0
    best_network: PreTrainedModel | None = None
    stale: int = 0
    restructurings: list[dict[str, Any]] = field(default_factory=list)
    validation_seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class _Scored:
    """What one process found in its share of the validation examples."""

    rouge: list[float]
    """ROUGE-L F1 of each example."""

    loss: float
    """Sum over label tokens."""

    labels: int


def seed_everything(seed: int) -> None:
    """Seed every generator that the loop, the network or a library may use."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  (libraries draw from the global generator)
    torch.manual_seed(seed)


class Trainer:
    """One run of the loop."""

    def __init__(
        self,
        accelerator: Accelerator,
        tokenizer: PreTrainedTokenizerBase,
        spec: FitSpec,
        policy: GrowthPolicy,
        tracker: Tracker,
    ) -> None:
        self._accelerator = accelerator
        self._tokenizer = tokenizer
        self._spec = spec
        self._policy = policy
        self._tracker = tracker
        self._masks: DropoutMasks | None = None

    def fit(self, network: PreTrainedModel, corpus: Corpus) -> Fitted:
        """Fine-tune a network and hand back its best validated state, as plain torch.

        Args:
            network: The network to start from; not kept.
            corpus: Examples; validation uses the first `eval_examples`.
        """
        spec = self._spec
        seed_everything(spec.seed)
        torch.manual_seed(spec.seed + 1_000_003 * self._accelerator.process_index)  # dropout of its own
        started = time.monotonic()
        validation = list(corpus.validation[: spec.eval_examples])
        if spec.dropout is not None:
            set_dropout(network, spec.dropout)
        if self._accelerator.device.type == "cpu":
            # With a bias that learns, torch's fused kernel is slower.
            network.set_attn_implementation("eager")
        self._masks = build_masks(network, self._accelerator, spec.seed)
        grown = self._policy.attach(network).to(self._accelerator.device)
        spread_weights(grown)
        state = _Progress(
            network=grown, optimizer=self._build_optimizer(grown), objective=self._build_objective(grown)
        )
        self._validate(state, validation)
        with closing(stream_batches(corpus.train, self._tokenizer, spec)) as batches:
            reason = self._run(state, batches, validation)
        if state.best_network is None:
            raise AssertionError("a validation precedes the first step")
        seconds = time.monotonic() - started
        return Fitted(
            network=state.best_network,
            metrics={
                "steps": state.step,
                "best_step": state.best_step,
                "best_val_rouge_l": state.best_score,
                "training_tokens": state.tokens,
                "training_seconds": round(seconds, 2),
                "validation_seconds": round(state.validation_seconds, 2),
                "precision": self._accelerator.mixed_precision,
                "ended": reason,
                "restructurings": state.restructurings,
            },
        )

    def _run(self, state: _Progress, batches: Iterator[list[Tokens]], validation: Sequence[Example]) -> str:
        spec = self._spec
        window_loss, window_tokens, window_started = 0.0, 0, time.monotonic()
        state.network.train()
        while state.step < spec.max_steps:
            rows = next(batches)
            window_loss += self._step(state, rows)
            counted = sum(map(len, rows))
            state.tokens += counted
            window_tokens += counted
            if state.step % _LOG_EVERY == 0 or state.step == spec.max_steps:
                seconds = time.monotonic() - window_started
                steps = (state.step - 1) % _LOG_EVERY + 1
                self._log_training(state, window_loss / steps, window_tokens / seconds)
                window_loss, window_tokens, window_started = 0.0, 0, time.monotonic()
            if state.step % spec.eval_every == 0 or state.step == spec.max_steps:
                validation_started = time.monotonic()
                self._validate(state, validation)
                window_started += time.monotonic() - validation_started
                if spec.patience and state.stale >= spec.patience:
                    return f"no better ROUGE-L in {spec.patience} validations"
        return "all steps done"

    def _step(self, state: _Progress, rows: Sequence[Tokens]) -> float:
        """Take one optimizer step and return the mean loss of a label token."""
        set_lr(state.optimizer, compute_lr(self._spec, state.step, state.step - state.built_at))
        loss = self._sum_parts(state, rows)
        if not math.isfinite(loss):
            raise ModelError(
                f"The loss of step {state.step + 1} is not a number.",
                hint="Lower --lr, or use --precision fp32.",
            )
        sum_gradients(state.network)
        self._accelerator.clip_grad_norm_(state.network.parameters(), self._spec.clip_norm)
        state.optimizer.step()
        state.optimizer.zero_grad(set_to_none=True)
        state.step += 1
        return loss

    def _sum_parts(self, state: _Progress, rows: Sequence[Tokens]) -> float:
        """Sum loss and gradients over the batch's parts, in smaller ones where memory runs out.

        Of p processes that accumulate k parts each, process r takes those from r * k on; part i of the p * k
        is every (p * k)-th row from the i-th on.
        """
        while True:
            each = self._spec.grad_accum * 2**state.halvings
            parts = self._accelerator.num_processes * each
            first = self._accelerator.process_index * each
            shares = {part: rows[part::parts] for part in range(first, first + each)}
            labels = sum(len(row.target) for row in rows)
            losses = exchange(self._accumulate(state, shares, labels))
            known = [loss for loss in losses if loss is not None]
            if len(known) == len(losses):
                return sum(known)
            self._cut_smaller(state, parts, len(rows))

    def _accumulate(
        self, state: _Progress, shares: Mapping[int, Sequence[Tokens]], labels: int
    ) -> float | None:
        """Add up gradients and return the loss, for each of `labels` tokens; None where memory ran out.

        None, since an error would hold on to the memory.
        """
        total = 0.0
        try:
            for part, share in shares.items():
                if not share:
                    continue
                if self._masks:
                    self._masks.restart(state.step, part)
                loss = state.objective(share, self._spec.label_smoothing) / labels
                self._accelerator.backward(loss)
                total += float(loss.detach())
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            return None
        return total

    def _cut_smaller(self, state: _Progress, parts: int, rows: int) -> None:
        """Halve the parts of a batch for the rest of the run, in every process.

        Raises:
            ModelError: They were single examples already.
        """
        if parts >= rows:
            raise ModelError(
                "A single example is too much for this machine's memory.",
                hint="Lower --max-source-tokens and --max-target-tokens, or train a smaller model.",
            )
        state.optimizer.zero_grad(set_to_none=True)
        clear_device_cache(garbage_collection=True)
        state.halvings += 1
        message = (
            f"memory ran out at step {state.step + 1}: cutting batches into {2 * parts} parts, not {parts}"
        )
        self._tracker.log({"kind": "memory", "step": state.step, "parts": 2 * parts, "message": message})

    def _validate(self, state: _Progress, examples: Sequence[Example]) -> None:
        """Score the network, keep it if it is the best, and let the policy change it."""
        started = time.monotonic()
        score, loss = self._score(state, examples)
        if (score, -loss) > (state.best_score, -state.best_loss):  # of equal scores the lower loss
            state.best_score, state.best_loss, state.best_step, state.stale = score, loss, state.step, 0
            state.best_network = self._policy.detach(state.network).cpu()
        else:
            state.stale += 1
        event = {"kind": "validation", "step": state.step, "val_rouge_l": score, "val_loss": loss}
        message = f"step {state.step}: validation ROUGE-L {100 * score:.2f}, loss {loss:.3f}"
        restructured = None
        if state.step:  # what was there before training is no reason to grow
            before = self._policy.count_deployed(state.network)
            growth = self._policy.after_validation(state.network, score)
            state.network = growth.network.to(self._accelerator.device)
            event |= growth.event
            if growth.restructured:
                spread_weights(state.network)
                after = self._policy.count_deployed(state.network)
                restructured = self._note_restructuring(state, before, after, finished=growth.finished)
        seconds = time.monotonic() - started
        state.validation_seconds += seconds
        size = self._policy.count_deployed(state.network)
        self._tracker.log(event | {"params_deployed": size, "seconds": round(seconds, 3), "message": message})
        if restructured:
            self._tracker.log(restructured)

    def _note_restructuring(self, state: _Progress, before: int, after: int, *, finished: bool) -> Event:
        """Go on with a changed network: a new optimizer, and patience from the beginning."""
        state.network.train()
        state.optimizer, state.built_at, state.stale = self._build_optimizer(state.network), state.step, 0
        state.objective = self._build_objective(state.network)
        facts = {"step": state.step, "params_before": before, "params_after": after, "finished": finished}
        state.restructurings.append(facts)
        sizes = f"{before:,} -> {after:,} parameters"
        end = "; growing has ended, with the best network so far" if finished else ""
        message = f"step {state.step}: Model restructured by dendritic algorithm: {sizes}{end}"
        return {"kind": "restructured", "restructured": 1, "message": message, **facts}

    def _score(self, state: _Progress, examples: Sequence[Example]) -> tuple[float, float]:
        """Compute mean ROUGE-L F1 of greedy summaries, and the mean loss of a label token.

        Each process scores a share of the examples; all of them get the same numbers, bit by bit.
        """
        share = examples[self._accelerator.process_index :: self._accelerator.num_processes]
        shares = exchange(self._score_share(state, share))
        rouge = math.fsum(score for scored in shares for score in scored.rouge)
        loss = math.fsum(scored.loss for scored in shares)
        return rouge / len(examples), loss / sum(scored.labels for scored in shares)

    def _score_share(self, state: _Progress, examples: Sequence[Example]) -> _Scored:
        if not examples:
            return _Scored(rouge=[], loss=0.0, labels=0)
        spec = self._spec
        decoding = Decoding(
            prefix=spec.prefix,
            max_source_tokens=spec.max_source_tokens,
            max_target_tokens=spec.max_target_tokens,
            num_beams=1,
            batch_size=max(spec.batch_size, 50),
        )
        with self._accelerator.autocast():
            generated = generate_summaries(
                state.network, self._tokenizer, [e.document for e in examples], decoding
            )
        rouge = compute_rouge([one.text for one in generated], [e.summaries for e in examples])["rougeL"]
        rows = tokenize_examples(examples, self._tokenizer, spec)
        loss = 0.0
        with evaluating(state.network):
            for start in range(0, len(rows), spec.batch_size):
                loss += float(state.objective(rows[start : start + spec.batch_size], 0.0))
        return _Scored(rouge=rouge, loss=loss, labels=sum(len(row.target) for row in rows))

    def _build_optimizer(self, network: nn.Module) -> Optimizer:
        optimizer = build_optimizer(network, self._spec)
        self._policy.use_optimizer(optimizer)
        return optimizer

    def _build_objective(self, network: nn.Module) -> Objective:
        return build_objective(network, self._accelerator, self._masks)

    def _log_training(self, state: _Progress, loss: float, tokens_per_second: float) -> None:
        self._tracker.log(
            {
                "kind": "train",
                "step": state.step,
                "done": state.step,
                "total": self._spec.max_steps,
                "train_loss": loss,
                "val_rouge_l": state.best_score,
                "lr": state.optimizer.param_groups[0]["lr"],
                "tokens_per_second": round(tokens_per_second, 1),
                "training_tokens": state.tokens,
            }
        )


def set_dropout(network: nn.Module, rate: float) -> None:
    """Set the dropout rate everywhere in a T5 or BART, and in its configuration."""
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = rate
        for name in _RATES:
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, rate)
    for name in _RATES:
        if hasattr(network.config, name):
            setattr(network.config, name, rate)
