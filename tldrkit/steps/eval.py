"""`tldrkit eval`: score a model on a split, with every prediction and what each costs."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tldrkit.data.examples import Example
from tldrkit.options import Options
from tldrkit.specs import EvalSpec
from tldrkit.steps.source import ModelSource, resolve_model
from tldrkit.steps.step import Bench, Outcome, Step, data_input, perform
from tldrkit.store.digest import digest_json
from tldrkit.store.manifest import Input
from tldrkit.store.store import ArtifactStore

if TYPE_CHECKING:
    from tldrkit.engines.generation import Generated, Generator
    from tldrkit.reports.scores import RunScores

SCORES = "scores.json"
PREDICTIONS = "predictions.jsonl"


def eval(options: Options, spec: EvalSpec, *, source: str, target: str) -> Outcome:  # noqa: A001  (the command's name)
    """Score a model, and publish scores and predictions.

    Raises:
        DataError: If the data set cannot be used.
        ModelError: If the model cannot be loaded.
    """
    from tldrkit.data.sources import resolve_source

    model = resolve_model(ArtifactStore(options.artifacts), source)
    texts = resolve_source(spec, options.data)
    run_facts = _describe_run(model)
    inputs = (model.to_input(), data_input(texts.identity, texts.reference), _run_input(run_facts))
    step = Step(name="eval", kind="scores", target=target, spec=spec, inputs=inputs)

    def work(bench: Bench) -> None:
        split = texts.load(spec.split)
        examples = split[: spec.max_examples]

        from tldrkit.engines.device import build_accelerator, describe_machine, set_threads
        from tldrkit.engines.generation import Generator, read_decoding
        from tldrkit.metrics.footprint import compute_bytes, count_parameters
        from tldrkit.metrics.rouge import TldrRouge
        from tldrkit.models.summarizer import load_summarizer
        from tldrkit.reports.scores import RunScores

        set_threads(options.threads)
        summarizer = load_summarizer(model.location)
        device = build_accelerator(options.device, "fp32").device
        bench.draft.provenance.update(device=str(device), loaded_from=str(summarizer.folder))
        summarizer.network.to(device)
        decoding = read_decoding(spec)
        generate = Generator(summarizer.network, summarizer.tokenizer, decoding)
        generated, seconds = _decode(bench, generate, examples)
        latency = _time_alone(generate, examples[: spec.latency_documents])
        predictions = [one.text for one in generated]
        scores = TldrRouge().compute_per_example(predictions, [list(e.summaries) for e in examples])
        data = digest_json(
            {"data": texts.identity, "split": spec.split, "examples": [e.id for e in examples]}
        )
        run = RunScores(
            **run_facts,
            reference=target,
            model=model.reference,
            document_ids=tuple(e.id for e in examples),
            scores={name: tuple(values) for name, values in scores.items()},
            latency_median=latency[0],
            latency_p95=latency[1],
            tokens_per_second=sum(one.tokens for one in generated) / seconds,
            data=data,
            decoding=decoding.settings,
            baselines=_score_baselines(examples),
            parameters=count_parameters(summarizer.network),
            bytes=compute_bytes(summarizer.folder) if summarizer.folder else 0,
            machine=describe_machine(device),
        )
        _write(bench.draft.path, run, examples, generated)
        bench.draft.metrics.update(_summarize_run(run) | {"data": [split.describe()]})

    return perform(options, step, work)


def _decode(
    bench: Bench, generate: "Generator", examples: Sequence[Example]
) -> tuple["list[Generated]", float]:
    """Summarize all documents; the second value is the time it took, in seconds."""
    started = time.perf_counter()

    def advance(done: int) -> None:
        bench.tracker.log({"kind": "decode", "done": done, "total": len(examples)})

    generated = generate([example.document for example in examples], advance)
    return generated, time.perf_counter() - started


def _time_alone(generate: "Generator", examples: Sequence[Example]) -> tuple[float, float]:
    """Time documents one at a time after a warm-up: median and 95th percentile, in seconds."""
    import numpy as np

    seconds = []
    for example in (examples[0], *examples):
        started = time.perf_counter()
        generate([example.document])
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds[1:])), float(np.percentile(seconds[1:], 95))


def _score_baselines(examples: Sequence[Example]) -> dict[str, float]:
    """Compute the mean ROUGE-L F1 of what takes no network: a floor, and the extractive ceiling."""
    from tldrkit.metrics.baselines import lead, oracle, title
    from tldrkit.metrics.overlap import compute_rouge

    references = [e.summaries for e in examples]
    systems = {
        "Title": [title(e.document) for e in examples],
        "Lead-3": [lead(e.document, 3) for e in examples],
        "Extractive oracle": [oracle(e.document, e.summaries) for e in examples],
    }
    scores = {
        name: compute_rouge(texts, references)["rougeL"] for name, texts in systems.items() if any(texts)
    }
    return {name: sum(values) / len(values) for name, values in scores.items()}


def _describe_run(model: ModelSource) -> dict[str, Any]:
    """Tell what a comparison must know of the run that made a model."""
    spec = model.manifest.spec if model.manifest else {}
    metrics = model.manifest.metrics if model.manifest else {}
    return {
        "label": spec.get("experiment") or model.reference,
        "seed": int(spec.get("seed", 0)),
        "training_tokens": int(metrics.get("training_tokens", 0)),
        "dendrites": int(metrics.get("dendrites", 0)),
    }


def _run_input(facts: dict[str, Any]) -> Input:
    """Make those facts part of the step's identity: equal weights may come from runs of other names."""
    told = f"label {facts['label']}, seed {facts['seed']}"
    return Input(role="run", reference=told, digest=digest_json(facts))


def _write(
    folder: Path, run: "RunScores", examples: Sequence[Example], generated: "Sequence[Generated]"
) -> None:
    (folder / SCORES).write_text(json.dumps(run.to_dict(), ensure_ascii=False, indent=1), encoding="utf-8")
    with (folder / PREDICTIONS).open("w", encoding="utf-8") as file:
        for number, (example, one) in enumerate(zip(examples, generated, strict=True)):
            row = {
                "id": example.id,
                "prediction": one.text,
                "references": list(example.summaries),
                "rouge_l": run.scores["rougeL"][number],
            }
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _summarize_run(run: "RunScores") -> dict[str, object]:
    means = {name: sum(values) / len(values) for name, values in run.scores.items()}
    return means | {
        "documents": len(run.document_ids),
        "params_deployed": run.parameters,
        "bytes": run.bytes,
        "latency_median": run.latency_median,
        "latency_p95": run.latency_p95,
        "tokens_per_second": run.tokens_per_second,
        "baselines": dict(run.baselines),
    }
