"""`tldrkit train`: fine-tune a model, with or without artificial dendrites."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tldrkit.options import Options
from tldrkit.specs import TrainSpec
from tldrkit.steps.source import resolve_model
from tldrkit.steps.step import Bench, Outcome, Step, data_input, perform
from tldrkit.store.store import ArtifactStore

if TYPE_CHECKING:
    from tldrkit.models.growth import GrowthPolicy


def train(options: Options, spec: TrainSpec, *, source: str, target: str) -> Outcome:
    """Fine-tune a model, and publish its best validated state.

    Raises:
        DataError: If the data set cannot be used.
        ModelError: If the model cannot be loaded, or PerforatedAI stops.
    """
    from tldrkit.data.sources import resolve_source

    store = ArtifactStore(options.artifacts)
    model = resolve_model(store, source)
    texts = resolve_source(spec, options.data)
    inputs = (model.to_input(), data_input(texts.identity, texts.reference))
    step = Step(name="train", kind="model", target=target, spec=spec, inputs=inputs, shared=True)

    def work(bench: Bench) -> None:
        corpus = texts.load_corpus()  # before the seconds that the imports below take

        from tldrkit.models.summarizer import load_summarizer
        from tldrkit.steps.fitting import fit_and_save

        summarizer = load_summarizer(model.location)
        bench.draft.provenance["loaded_from"] = str(summarizer.folder)
        scratch = bench.draft.path / "scratch"
        policy = _build_policy(spec, scratch, bench.run.log_path)
        fit_and_save(bench, options, spec, summarizer, corpus, policy)
        shutil.rmtree(scratch, ignore_errors=True)
        if spec.do_pb and not bench.draft.metrics["dendrites"]:
            advice = _explain_no_dendrites(spec, bench.draft.metrics)
            bench.tracker.log({"kind": "advice", "message": advice})

    return perform(options, step, work)


def _build_policy(spec: TrainSpec, scratch: Path, log: Path) -> "GrowthPolicy":
    from tldrkit.models.growth import FixedShape

    if not spec.do_pb:
        return FixedShape()
    from tldrkit.models.dendrites import Dendrites

    return Dendrites(spec, scratch, log)


def _explain_no_dendrites(spec: TrainSpec, metrics: Mapping[str, Any]) -> str:
    if metrics["restructurings"]:
        return (
            "The published network has no dendrites: the best validation was at step "
            f"{metrics['best_step']}, and no network that had grown beat it. Raise --max-steps."
        )
    validations = metrics["steps"] // spec.eval_every
    when = "without improvement" if spec.switch_mode == "history" else "in all"
    return (
        f"No dendrites were grown: {validations} validations were made, and growth waits for "
        f"{spec.n_epochs_to_switch} {when}. Lower --n-epochs-to-switch or --eval-every, raise --max-steps, "
        "or use --switch-mode fixed."
    )
