"""What pretraining a base and training have in common: the corpus in, the fitted network out."""

import dataclasses
from collections.abc import Iterable
from typing import Any

from transformers import PreTrainedModel

from tldrkit.datasets.batches import Tokens
from tldrkit.datasets.examples import Corpus
from tldrkit.dendrites.growth import GrowthPolicy
from tldrkit.families.footprint import compute_bytes, count_by_part, count_parameters
from tldrkit.families.summarizer import Summarizer, check_finite, save_summarizer
from tldrkit.families.taught import save_taught
from tldrkit.machine.device import build_accelerator, set_threads
from tldrkit.machine.memory import keep_freed_memory
from tldrkit.machine.processor import describe_device
from tldrkit.options import Options
from tldrkit.specs import FitSpec, Taught
from tldrkit.steps.forecast import check_room
from tldrkit.steps.scoring import advise_words, count_hidden
from tldrkit.steps.step import Bench
from tldrkit.training.distillation import Teacher
from tldrkit.training.loop import Trainer


def fit_and_save(
    bench: Bench,
    options: Options,
    spec: FitSpec,
    summarizer: Summarizer,
    corpus: Corpus,
    policy: GrowthPolicy,
    *,
    teacher: Teacher | None = None,
    first: Iterable[list[Tokens]] = (),
) -> None:
    """Run the loop and put its best network into the draft, taught as the spec says.

    Args:
        bench: Where it works.
        options: The surroundings.
        spec: How to fit.
        summarizer: What begins.
        corpus: What it learns from.
        policy: How it grows.
        teacher: What it imitates besides.
        first: Batches that come before those of the corpus.
    """
    set_threads(options.threads)
    keep_freed_memory()
    accelerator = build_accelerator(options.device, spec.precision)
    bench.draft.provenance.update(describe_device(str(accelerator.device)))
    hidden = count_hidden([one.summaries for one in corpus.validation], spec.rouge_words)
    advise_words(bench, hidden, len(corpus.validation))
    if accelerator.device.type == "cpu":
        check_room(count_parameters(summarizer.network), bench.draft.path)
    trainer = Trainer(
        accelerator,
        summarizer.tokenizer,
        spec,
        policy,
        bench.tracker,
        keeper=bench.checkpoints,
        teacher=teacher,
    )
    fitted = trainer.fit(summarizer.network, corpus, first=first)
    data = {"data": [split.describe() for split in (corpus.train, corpus.validation)]}
    if not fitted.metrics["best_step"]:
        message = (
            "No validation was better than the one before the first step: the published network is the one "
            "that came in. Raise --max-steps or --eval-examples, or change --lr."
        )
        bench.tracker.log({"kind": "advice", "message": message})
    best = dataclasses.replace(summarizer, network=fitted.network)
    save_model(bench, best, fitted.metrics | data, taught=spec.taught)


def save_model(bench: Bench, summarizer: Summarizer, metrics: dict[str, Any], *, taught: Taught) -> None:
    """Put a model, how it was taught to read and write, and its figures into the draft.

    Raises:
        ModelError: Its weights are not finite, so that nothing is published.
    """
    check_finite(summarizer.network, "The network that was made")
    save_summarizer(summarizer, bench.draft.path)
    save_taught(taught, bench.draft.path)
    bench.draft.metrics.update(metrics)
    bench.draft.metrics.update(measure_size(summarizer.network))
    bench.draft.metrics["bytes"] = compute_bytes(bench.draft.path)


def measure_size(network: PreTrainedModel) -> dict[str, Any]:
    """Count the parameters that are deployed, tied weights once, and the dendrites among the layers."""
    return {
        "params_deployed": count_parameters(network),
        "params_by_part": count_by_part(network),
        "dendrites": max(getattr(network.config, "growth", {}).values(), default=0),
    }
