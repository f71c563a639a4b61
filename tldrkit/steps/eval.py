"""`tldrkit eval`: score a model on a split, with every prediction and what each costs."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tldrkit.datasets.predictions import Prediction
from tldrkit.machine.memory import read_peak_memory
from tldrkit.machine.processor import describe_device, name_hardware
from tldrkit.options import Options
from tldrkit.sources.loading import load_writer
from tldrkit.sources.model import ModelSource, resolve_writer
from tldrkit.sources.origin import find_origin
from tldrkit.specs import EvalSpec
from tldrkit.steps.judging import find_judge
from tldrkit.steps.scoring import advise_words, score_outputs, summarize_scores, write_scores
from tldrkit.steps.step import Bench, Outcome, Step, data_input, name_group, perform
from tldrkit.store.digest import digest_json
from tldrkit.store.manifest import Input
from tldrkit.store.store import ArtifactStore

_SAMPLES = 20

if TYPE_CHECKING:
    from tldrkit.datasets.examples import Example
    from tldrkit.reports.scores import Cost
    from tldrkit.writing.central import CentralGenerator
    from tldrkit.writing.decoding import Decoding
    from tldrkit.writing.generation import Generator
    from tldrkit.writing.loaded import Loaded


def eval(options: Options, spec: EvalSpec, *, source: str, target: str) -> Outcome:  # noqa: A001  (the command's name)
    """Score a model, or what stands for one without a network, and publish scores and predictions.

    Raises:
        DataError: If the data set cannot be used.
        ModelError: If the model cannot be loaded.
    """
    from tldrkit.datasets.sources import resolve_source

    model = resolve_writer(ArtifactStore(options.artifacts), source)
    spec = model.complete(spec, options)
    texts = resolve_source(spec, options.data)
    run_facts = _describe_run(model, spec.precision)
    judge = find_judge(options, spec)
    scored = (model.to_input(), data_input(texts.identity, texts.reference), _run_input(run_facts))
    group = name_group(run_facts["label"], run_facts["seed"])
    step = Step(
        name="eval",
        kind="scores",
        target=target,
        spec=spec,
        inputs=scored + judge.inputs,
        precision=spec.precision,
        group=group,
    )

    def work(bench: Bench) -> None:
        split = texts.load(spec.split)
        examples = split[: spec.max_examples]

        from tldrkit.reports.scores import RunScores
        from tldrkit.scoring.metrics import MAIN
        from tldrkit.scoring.rouge import TldrRouge
        from tldrkit.writing.decoding import read_decoding

        decoded = _decode(bench, options, spec, model, examples)
        outputs = decoded.outputs
        given = TldrRouge().compute_per_example(
            [o.prediction for o in outputs],
            [list(o.references) for o in outputs],
            over_references=spec.over_references,
            words=spec.rouge_words,
        )
        given["cut"] = list(map(float, decoded.cut))
        run = RunScores(
            label=run_facts["label"],
            seed=run_facts["seed"],
            reference=target,
            model=model.reference,
            data=f"{texts.name}, {spec.split}",
            decoding=read_decoding(spec).settings if model.has_network else None,
            cost=decoded.cost,
            origin=find_origin(ArtifactStore(options.artifacts), model),
            scored_on=name_hardware(bench.draft.provenance),
            **score_outputs(bench, options, spec, judge, outputs, given=given),
        )
        write_scores(bench.draft.path, run, outputs)
        advise_words(bench, run.hidden, len(outputs))
        bench.tracker.log({"kind": "samples", "samples": _choose_samples(outputs, given[MAIN.name])})
        cost = _summarize_cost(decoded.cost) if decoded.cost else {}
        bench.draft.metrics.update(summarize_scores(run) | cost)
        bench.draft.metrics["data"] = [split.describe()]

    return perform(options, step, work)


def _choose_samples(outputs: Sequence[Prediction], scores: Sequence[float]) -> list[dict[str, object]]:
    """Choose summaries for people to look at: the first ones, not the best."""
    return [
        {"id": one.id, "reference": one.references[0], "summary": one.prediction, "rouge_l": round(score, 4)}
        for one, score in zip(outputs[:_SAMPLES], scores, strict=False)
    ]


@dataclass(frozen=True, kw_only=True)
class _Decoded:
    """What a model wrote, whether each summary took as many tokens as allowed, and what it cost."""

    outputs: list[Prediction]
    cut: list[bool]
    cost: "Cost | None"
    """None where no network wrote."""


def _decode(
    bench: Bench, options: Options, spec: EvalSpec, model: ModelSource, examples: "Sequence[Example]"
) -> _Decoded:
    """Summarize all documents, and time some of them."""
    from tldrkit.writing.decoding import read_decoding
    from tldrkit.writing.loaded import build_generator

    summarizer = load_writer(options, model)
    loaded_from = {"loaded_from": str(summarizer.folder)} if model.has_network else {}
    bench.draft.provenance.update(describe_device(summarizer.device) | loaded_from)
    decoding = dataclasses.replace(read_decoding(spec), threads=options.threads)

    def advance(done: int) -> None:
        bench.tracker.log({"kind": "decode", "unit": "document", "done": done, "total": len(examples)})

    documents = [example.document for example in examples]
    write = build_generator(summarizer, decoding)
    generated = write(documents, advance)
    cost = None
    if model.has_network:
        cost = _measure_cost(
            options, spec, model, summarizer, decoding=decoding, write=write, documents=documents
        )
    outputs = [
        Prediction(id=one.id, prediction=written.text, references=one.summaries, document=one.document)
        for one, written in zip(examples, generated, strict=True)
    ]
    cut = [written.tokens >= decoding.max_target_tokens for written in generated]
    return _Decoded(outputs=outputs, cut=cut, cost=cost)


def _measure_cost(
    options: Options,
    spec: EvalSpec,
    model: ModelSource,
    summarizer: "Loaded",
    *,
    decoding: "Decoding",
    write: "Generator | CentralGenerator",
    documents: Sequence[str],
) -> "Cost":
    """Time some of the documents."""
    from tldrkit.families.footprint import compute_bytes
    from tldrkit.machine.processor import describe_machine
    from tldrkit.reports.scores import Cost
    from tldrkit.writing.cost import find_throughput, time_alone

    def build(batch_size: int) -> "Generator | CentralGenerator":
        return write.with_decoding(dataclasses.replace(decoding, batch_size=batch_size))

    latency = time_alone(write, documents[: spec.latency_documents])
    throughput = find_throughput(build, documents[: spec.throughput_documents])
    return Cost(
        parameters=summarizer.parameters,
        bytes=compute_bytes(summarizer.folder) if summarizer.folder else 0,
        latency_median=latency.median,
        latency_p95=latency.p95,
        batch_size=throughput.batch_size,
        threads_per_second=throughput.threads_per_second,
        tokens_per_second=throughput.tokens_per_second,
        joules_per_thread=throughput.joules_per_thread,
        peak_memory=read_peak_memory(summarizer.device),
        machine=describe_machine(summarizer.device, options.threads),
        **_describe_training(model),
    )


def _describe_run(model: ModelSource, precision: str) -> dict[str, Any]:
    """Tell what a comparison must know of the run that made a model, and of how it writes here."""
    spec = model.manifest.spec if model.manifest else {}
    label = spec.get("experiment") or model.reference
    return {
        "label": label if precision == "fp32" else f"{label}, {precision}",
        "seed": int(spec.get("seed", 0)),
        **_describe_training(model),
    }


def _describe_training(model: ModelSource) -> dict[str, Any]:
    """Tell what a model's training took, as fields of ``Cost``; zero or None where none is recorded."""
    metrics = model.manifest.metrics if model.manifest else {}
    return {
        "training_tokens": int(metrics.get("training_tokens", 0)),
        "training_steps": int(metrics.get("steps", 0)),
        "training_seconds": float(metrics.get("training_seconds", 0)),
        "published_steps": metrics.get("best_step"),
        "published_tokens": metrics.get("best_tokens"),
        "dendrites": int(metrics.get("dendrites", 0)),
    }


def _run_input(facts: dict[str, Any]) -> Input:
    """Make those facts part of the step's identity: equal weights may come from runs of other names."""
    told = f"label {facts['label']}, seed {facts['seed']}"
    timeless = {name: value for name, value in facts.items() if name != "training_seconds"}
    return Input(role="run", reference=told, digest=digest_json(timeless))


def _summarize_cost(cost: "Cost") -> dict[str, object]:
    return {
        "params_deployed": cost.parameters,
        "bytes": cost.bytes,
        "latency_median": cost.latency_median,
        "latency_p95": cost.latency_p95,
        "threads_per_second": cost.threads_per_second,
        "tokens_per_second": cost.tokens_per_second,
        "peak_memory": cost.peak_memory,
    }
