"""The one training loop: A, B, C and D run through it and differ in their specs alone.

What it knows of dendrites is one object, the growth policy, that may hand back a changed network after a
validation.
"""

import dataclasses
import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils.memory import clear_device_cache
from torch import nn
from torch.optim import Optimizer
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from tldrkit.datasets.batches import Tokens, stream_batches
from tldrkit.datasets.examples import Corpus, Example
from tldrkit.dendrites.growth import Growth, GrowthPolicy
from tldrkit.errors import ModelError
from tldrkit.machine.device import is_out_of_memory
from tldrkit.machine.processes import exchange, spread_weights, sum_gradients
from tldrkit.scoring.metrics import MAIN
from tldrkit.specs import FitSpec
from tldrkit.texts import count_noun
from tldrkit.tracking import Event, Tracker
from tldrkit.training.averaging import build_average
from tldrkit.training.checkpoint import Keeper, NoKeeper, load_progress, save_progress
from tldrkit.training.distillation import DistilledLoss, Teacher
from tldrkit.training.objective import (
    Objective,
    build_dropout,
    build_objective,
    choose_attention,
    set_dropout,
)
from tldrkit.training.optimizer import build_optimizer, compute_lr, count_cuts, set_lr
from tldrkit.training.packed.dropout import Dropout
from tldrkit.training.progress import Progress, Window
from tldrkit.training.randomness import restore_random, save_random, seed_everything, take_random
from tldrkit.training.validation import Validator

_LOG_EVERY = 20  # steps between two log lines


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """The best validated network of a run, and how it came about."""

    network: PreTrainedModel
    metrics: dict[str, Any]


class Trainer:
    """One run of the loop."""

    def __init__(
        self,
        accelerator: Accelerator,
        tokenizer: PreTrainedTokenizerBase,
        spec: FitSpec,
        policy: GrowthPolicy,
        tracker: Tracker,
        *,
        keeper: Keeper | None = None,
        teacher: Teacher | None = None,
    ) -> None:
        self._accelerator = accelerator
        self._tokenizer = tokenizer
        self._spec = spec
        self._policy = policy
        self._tracker = tracker
        self._keeper = keeper or NoKeeper()
        self._teacher = teacher
        self._validator = Validator(accelerator, tokenizer, spec)
        self._dropout: Dropout | None = None

    def fit(self, network: PreTrainedModel, corpus: Corpus, *, first: Iterable[list[Tokens]] = ()) -> Fitted:
        """Fine-tune a network and hand back its best validated state, as plain torch.

        Args:
            network: The network to start from; not kept.
            corpus: Examples; validation uses the first `eval_examples`.
            first: Batches that come before those of the corpus.
        """
        spec = self._spec
        seed_everything(spec.seed)
        torch.manual_seed(spec.seed + 1_000_003 * self._accelerator.process_index)  # dropout of its own
        started = time.monotonic()
        validation = list(corpus.validation[: spec.eval_examples])
        if spec.dropout is not None:
            set_dropout(network, spec.dropout)
        choose_attention(network, self._accelerator)
        self._dropout = build_dropout(network, self._accelerator, spec.seed)
        grown = self._policy.attach(network).to(self._accelerator.device)
        spread_weights(grown)
        checkpoint = exchange(self._keeper.find())[0]
        state = self._resume(grown, checkpoint) if checkpoint else self._begin(grown, validation)
        with closing(stream_batches(corpus.train, self._tokenizer, spec)) as stream:
            batches = chain(first, stream)
            for _ in range(state.step):
                next(batches)
            reason = self._run(state, batches, validation, started)
        if state.best_network is None:
            raise AssertionError("a validation precedes the first step")
        seconds = state.seconds_before + time.monotonic() - started
        whole = self._validate_whole(state, state.best_network, corpus.validation)
        return Fitted(
            network=state.best_network,
            metrics={
                "steps": state.step,
                "best_step": state.best_step,
                "best_tokens": state.best_tokens,
                "best_val_rouge_l": state.best.value,
                "training_tokens": state.tokens,
                "training_seconds": round(seconds, 2),
                "validation_seconds": round(state.validation_seconds, 2),
                "whole_validation": whole,
                "precision": self._accelerator.mixed_precision,
                "ended": reason,
                "validations": state.validations,
                "restructurings": state.restructurings,
                "memory_halvings": state.halvings,
            },
        )

    def _validate_whole(
        self, state: Progress, best: PreTrainedModel, examples: Sequence[Example]
    ) -> dict[str, float | int]:
        """Score the best network on the whole validation split, of which the loop has used a sample."""
        started = time.monotonic()
        score = state.best
        if len(examples) > self._spec.eval_examples:
            best.to(self._accelerator.device)
            score = self._validator.score(best, self._build_objective(best), examples)
            best.cpu()
        facts = {
            "examples": len(examples),
            "rouge_l": score.value,
            "loss": score.loss,
            "seconds": round(time.monotonic() - started, 2),
        }
        message = f"best network (step {state.best_step}) on all "
        message += f"{count_noun(len(examples), 'validation example')}: "
        message += score.describe()
        self._tracker.log({"kind": "whole_validation", "whole_val_rouge_l": score.value, "message": message})
        return facts

    def _begin(self, network: nn.Module, validation: Sequence[Example]) -> Progress:
        state = Progress(
            network=network,
            optimizer=self._build_optimizer(network),
            objective=self._build_objective(network),
            average=build_average(network, self._spec),
        )
        self._validate(state, validation)
        return state

    def _resume(self, network: nn.Module, folder: Path) -> Progress:
        """Go on where another run was killed, as if it had not been."""
        network, optimizer = self._policy.restore(network, folder, self._build_optimizer)
        network.to(self._accelerator.device)
        objective = self._build_objective(network)
        average = build_average(network, self._spec)
        state = load_progress(
            folder, network=network, optimizer=optimizer, objective=objective, average=average
        )
        if state.best_network is not None:
            choose_attention(state.best_network, self._accelerator)
        restore_random(folder, self._accelerator.process_index)
        message = f"going on from step {state.step}"
        self._tracker.log({"kind": "resumed", "step": state.step, "message": message})
        return state

    def _save(self, state: Progress, started: float) -> None:
        """Keep what is needed to go on from here."""
        generators = exchange(take_random())
        seconds = state.seconds_before + time.monotonic() - started

        def write(folder: Path) -> None:
            save_progress(folder, dataclasses.replace(state, seconds_before=seconds), self._tokenizer)
            save_random(folder, generators)
            self._policy.save(folder)

        self._keeper.save(write)

    def _run(
        self,
        state: Progress,
        batches: Iterator[list[Tokens]],
        validation: Sequence[Example],
        started: float,
    ) -> str:
        spec = self._spec
        window = Window()
        state.network.train()
        while state.step < spec.max_steps:
            if spec.patience and state.stale >= spec.patience:
                return f"no better {MAIN.head} in {count_noun(spec.patience, 'validation')}"
            rows = next(batches)
            counted = sum(map(len, rows))
            window.add(self._step(state, rows), counted)
            state.tokens += counted
            if state.step % _LOG_EVERY == 0 or state.step == spec.max_steps:
                self._log_training(state, window)
                window = Window()
            if state.step % spec.eval_every == 0 or state.step == spec.max_steps:
                paused = time.monotonic()
                self._validate(state, validation)
                self._save(state, started)
                window.started += time.monotonic() - paused
        return "all steps done"

    def _step(self, state: Progress, rows: Sequence[Tokens]) -> float:
        """Take one optimizer step and return the mean loss of a label token."""
        lr = compute_lr(self._spec, state.step, state.since_build, state.cuts)
        set_lr(state.optimizer, lr * state.rate)
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
        if state.average:
            state.average.add(state.since_build)
        return loss

    def _sum_parts(self, state: Progress, rows: Sequence[Tokens]) -> float:
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
        self, state: Progress, shares: Mapping[int, Sequence[Tokens]], labels: int
    ) -> float | None:
        """Add up gradients and return the loss, for each of `labels` tokens; None where memory ran out.

        None, since an error would hold on to the memory.
        """
        total = 0.0
        try:
            for part, share in shares.items():
                if not share:
                    continue
                if self._dropout:
                    self._dropout.restart(state.step, part)
                loss = state.objective(share, self._spec.label_smoothing) / labels
                self._accelerator.backward(loss)
                total += float(loss.detach())
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            return None
        return total

    def _cut_smaller(self, state: Progress, parts: int, rows: int) -> None:
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
            f"memory ran out at step {state.step + 1}: batches are cut into "
            f"{count_noun(2 * parts, 'part')}, not {parts}"
        )
        self._tracker.log({"kind": "memory", "step": state.step, "parts": 2 * parts, "message": message})

    def _validate(self, state: Progress, examples: Sequence[Example]) -> None:
        """Score the network, keep it if it is the best, and let the policy change it."""
        started = time.monotonic()
        if state.average:
            state.average.swap()
        score = self._validator.score(state.network, state.objective, examples)
        if score.is_better_than(state.best):
            state.best, state.best_step, state.best_tokens, state.stale = score, state.step, state.tokens, 0
            state.best_network = self._policy.detach(state.network).cpu()
        else:
            state.stale += 1
        event = {
            "kind": "validation",
            "step": state.step,
            "val_rouge_l": score.value,
            "val_loss": score.loss,
        }
        message = f"step {state.step}: validation {score.describe()}"
        restructured = None
        if state.step:  # what was there before training is no reason to grow
            before = self._policy.count_deployed(state.network)
            growth = self._policy.after_validation(state.network, score.value)
            state.network = growth.network.to(self._accelerator.device)
            event |= growth.event
            if growth.restructured:
                spread_weights(state.network)
                after = self._policy.count_deployed(state.network)
                restructured = self._note_restructuring(state, before, after, growth)
        if state.average and not restructured:
            state.average.swap()
        seconds = time.monotonic() - started
        state.validation_seconds += seconds
        size = self._policy.count_deployed(state.network)
        found = {"step": state.step, "rouge_l": score.value, "loss": score.loss, "params_deployed": size}
        state.validations.append(found)
        self._tracker.log(event | {"params_deployed": size, "seconds": round(seconds, 3), "message": message})
        self._tracker.log({"kind": "samples", "step": state.step, "samples": self._validator.samples})
        if restructured:
            self._tracker.log(restructured)
        self._cut_rate(state)

    def _cut_rate(self, state: Progress) -> None:
        """Cut the learning rate where the schedule says so."""
        scores = [one["rouge_l"] for one in state.validations if one["step"] > state.built_at]
        cuts = count_cuts(self._spec, scores)
        if cuts > state.cuts:
            waited = count_noun(self._spec.plateau_patience, "validation")
            share = self._spec.plateau_factor**cuts
            message = f"step {state.step}: no better {MAIN.head} in {waited}, so the learning rate is cut to "
            message += f"{share:.3g} of its peak"
            self._tracker.log({"kind": "rate_cut", "step": state.step, "cuts": cuts, "message": message})
        state.cuts = cuts

    def _note_restructuring(self, state: Progress, before: int, after: int, growth: Growth) -> Event:
        """Go on with a changed network: a new optimizer, and patience from the beginning."""
        state.network.train()
        state.optimizer, state.built_at, state.stale = self._build_optimizer(state.network), state.step, 0
        state.objective = self._build_objective(state.network)
        state.average, state.cuts, state.rate = build_average(state.network, self._spec), 0, growth.rate
        finished = growth.finished
        facts = {"step": state.step, "params_before": before, "params_after": after, "finished": finished}
        state.restructurings.append(facts)
        sizes = f"{before:,} -> {count_noun(after, 'parameter')}"
        end = "; growing has ended, with the best network so far" if finished else ""
        message = f"step {state.step}: Model restructured by dendritic algorithm: {sizes}{end}"
        return {"kind": "restructured", "restructured": 1, "message": message, **facts}

    def _build_optimizer(self, network: nn.Module) -> Optimizer:
        optimizer = build_optimizer(network, self._spec)
        self._policy.use_optimizer(optimizer)
        return optimizer

    def _build_objective(self, network: nn.Module) -> Objective:
        own = build_objective(network, self._accelerator, self._dropout)
        if self._teacher is None:
            return own
        teacher = build_objective(
            self._teacher.network.to(self._accelerator.device).eval(), self._accelerator, None
        )
        return DistilledLoss(
            network, own, teacher, weight=self._teacher.weight, temperature=self._teacher.temperature
        )

    def _log_training(self, state: Progress, window: Window) -> None:
        seconds = time.monotonic() - window.started
        self._tracker.log(
            {
                "kind": "train",
                "step": state.step,
                "unit": "step",
                "done": state.step,
                "total": self._spec.max_steps,
                "train_loss": window.loss / window.steps,
                "best_val_rouge_l": state.best.value,
                "lr": state.optimizer.param_groups[0]["lr"],
                "tokens_per_second": round(window.tokens / seconds, 1),
                "training_tokens": state.tokens,
            }
        )
