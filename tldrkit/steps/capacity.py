"""`tldrkit train --test-dendrite-capacity`: will it fit? Nothing is kept."""

import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from tldrkit.options import Options
from tldrkit.sources.model import resolve_model
from tldrkit.specs import TrainSpec
from tldrkit.store.store import ArtifactStore

if TYPE_CHECKING:
    from tldrkit.training.capacity import Capacity


def test_capacity(options: Options, spec: TrainSpec, *, source: str) -> "list[Capacity]":
    """Take a training step without dendrites and with one, two, ... on each chosen layer, on a large batch.

    Up to three are tried, as PerforatedAI does, or as many as ``max_dendrites`` says where it is given.

    Args:
        options: The surroundings.
        spec: The run to try.
        source: The model to start from.

    Raises:
        DataError: If the data set cannot be used.
        ModelError: If the model cannot be loaded, or no dendrites can grow on it.
    """
    from tldrkit.datasets.batches import stream_batches
    from tldrkit.datasets.sources import resolve_source
    from tldrkit.dendrites.perforated import Dendrites
    from tldrkit.dendrites.placements import LISTED, fit_budget
    from tldrkit.families.summarizer import load_summarizer
    from tldrkit.machine.device import build_accelerator, set_threads
    from tldrkit.machine.memory import keep_freed_memory
    from tldrkit.training.capacity import choose_batch, measure_capacity
    from tldrkit.training.objective import set_dropout

    model = resolve_model(ArtifactStore(options.artifacts), source)
    spec = model.complete(spec, options)
    corpus = resolve_source(spec, options.data).load_corpus()
    summarizer = load_summarizer(model.location)
    set_threads(options.threads)
    keep_freed_memory()
    if spec.dropout is not None:
        set_dropout(summarizer.network, spec.dropout)
    tried = fit_budget(summarizer.network, spec)
    if not {"max_dendrites", "dendrite_budget"} & spec.model_fields_set:
        tried = tried.model_copy(update={"max_dendrites": LISTED[-1]})
    tried = tried.model_copy(update={"switch_mode": "fixed", "n_epochs_to_switch": 1})
    accelerator = build_accelerator(options.device, spec.precision)
    with closing(stream_batches(corpus.train, summarizer.tokenizer, spec)) as batches:
        rows = choose_batch(batches)
    with tempfile.TemporaryDirectory(prefix="tldrkit-") as name:
        policy = Dendrites(tried, Path(name) / "scratch", Path(name) / "perforatedai.log")
        return list(measure_capacity(summarizer.network, rows, tried, policy, accelerator))
