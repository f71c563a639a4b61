"""`tldrkit train`: fine-tune a model, with or without artificial dendrites."""

import dataclasses
import shutil
from typing import TYPE_CHECKING

from tldrkit.errors import SpecError
from tldrkit.options import Options
from tldrkit.sources.model import ModelSource, resolve_model
from tldrkit.specs import TrainSpec
from tldrkit.steps.growing import build_policy
from tldrkit.steps.precision import settle_precision
from tldrkit.steps.step import Bench, Outcome, Step, data_input, name_group, perform
from tldrkit.store.store import ArtifactStore
from tldrkit.texts import count_noun

if TYPE_CHECKING:
    from tldrkit.datasets.examples import Corpus
    from tldrkit.families.summarizer import Summarizer
    from tldrkit.training.distillation import Teacher


def train(
    options: Options, spec: TrainSpec, *, source: str, target: str, teacher: str | None = None
) -> Outcome:
    """Fine-tune a model, and publish its best validated state.

    Args:
        options: The surroundings.
        spec: The run.
        source: The model to start from.
        target: Name of the result.
        teacher: A model to learn from as well.

    Raises:
        DataError: If the data set cannot be used.
        ModelError: If the model cannot be loaded, or PerforatedAI stops.
    """
    from tldrkit.datasets.sources import resolve_source

    store = ArtifactStore(options.artifacts)
    model = resolve_model(store, source)
    spec, elsewhere = settle_precision(model.complete(spec, options, target=target), options)
    texts = resolve_source(spec, options.data)
    inputs = [model.to_input(), data_input(texts.identity, texts.reference)]
    tutor = resolve_model(store, teacher) if teacher else None
    if tutor is not None:
        inputs.append(tutor.to_input("teacher"))
    elif spec.teacher_outputs:
        raise SpecError("teacher_outputs needs a teacher.", hint="Name one with --teacher REF.")
    step = Step(
        name="train",
        kind="model",
        target=target,
        spec=spec,
        elsewhere=elsewhere,
        inputs=tuple(inputs),
        group=name_group(spec.experiment, spec.seed),
        shared=True,
    )

    def work(bench: Bench) -> None:
        corpus = texts.load_corpus()  # before the seconds that the imports below take
        _warn_of_repeated(bench, corpus)

        from tldrkit.families.summarizer import load_summarizer
        from tldrkit.steps.fitting import fit_and_save

        summarizer = load_summarizer(model.location)
        bench.draft.provenance["loaded_from"] = str(summarizer.folder)
        scratch = bench.draft.path / "scratch"
        policy = build_policy(bench, spec, summarizer, scratch)
        guide = None
        if tutor is not None:
            master = load_summarizer(tutor.location)
            guide = _build_teacher(spec, master, summarizer)
            if spec.teacher_outputs:
                own = {"prefix": tutor.taught.prefix, "max_source_tokens": tutor.taught.max_source_tokens}
                read = spec.model_copy(update=own)  # as the teacher was taught, which the student need not be
                corpus = _ask_for_summaries(bench, options, read, master, corpus)
        fit_and_save(bench, options, spec, summarizer, corpus, policy, teacher=guide)
        shutil.rmtree(scratch, ignore_errors=True)
        _advise(bench, spec, corpus, model)

    return perform(options, step, work)


def _warn_of_repeated(bench: Bench, corpus: "Corpus") -> None:
    """Say and record how many documents of other splits are in the training data too."""
    for split, count in corpus.repeated.items():
        told = count_noun(count, f"document of the {split} split is", f"documents of the {split} split are")
        message = f"{told} in the training data too: scores on them show memory, not skill."
        bench.tracker.log({"kind": "advice", "message": message})
    if corpus.repeated:
        bench.draft.metrics["repeated_documents"] = dict(corpus.repeated)


def _build_teacher(spec: TrainSpec, master: "Summarizer", student: "Summarizer") -> "Teacher | None":
    """Build the teacher whose probabilities are learned; None where they have no share of the loss."""
    from tldrkit.training.distillation import Teacher, check_teacher

    if not spec.distill_weight:
        return None
    check_teacher(master, student)
    return Teacher(network=master.network, weight=spec.distill_weight, temperature=spec.distill_temperature)


def _ask_for_summaries(
    bench: Bench, options: Options, spec: TrainSpec, master: "Summarizer", corpus: "Corpus"
) -> "Corpus":
    """Let a teacher write the summaries to learn."""
    from tldrkit.machine.device import build_accelerator, set_threads
    from tldrkit.training.distillation import write_references

    set_threads(options.threads)
    master.network.to(build_accelerator(options.device, spec.precision).device)

    def advance(done: int) -> None:
        total = len(corpus.train)
        bench.tracker.log({"kind": "teacher", "unit": "document", "done": done, "total": total})

    return dataclasses.replace(corpus, train=write_references(master, corpus.train, spec, advance))


def _advise(bench: Bench, spec: TrainSpec, corpus: "Corpus", model: ModelSource) -> None:
    """Say and record what may mend a run that came out badly."""
    from tldrkit.reports.advice import find_advice
    from tldrkit.scoring.baselines import lead
    from tldrkit.scoring.metrics import MAIN
    from tldrkit.scoring.overlap import compute_rouge

    examples = corpus.validation[: spec.eval_examples]
    scores = compute_rouge(
        [lead(one.document, 3) for one in examples],
        [one.summaries for one in examples],
        words=spec.rouge_words,
    )
    compression = model.manifest.metrics.get("compression") if model.manifest else None
    advice = list(
        find_advice(
            spec,
            bench.draft.metrics,
            lead=sum(scores[MAIN.name]) / len(examples),
            kept=compression["parameters"]["ratio"] if compression else None,
        )
    )
    bench.draft.metrics["advice"] = advice
    for message in advice:
        bench.tracker.log({"kind": "advice", "message": message})
