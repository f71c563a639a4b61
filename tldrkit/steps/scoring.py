"""What scoring a model and scoring given outputs have in common: texts in, scores and baselines out."""

import dataclasses
import json
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tldrkit.datasets.predictions import Prediction
from tldrkit.options import Options
from tldrkit.specs import ScoreSpec
from tldrkit.steps.judging import Judge
from tldrkit.steps.step import Bench
from tldrkit.store.digest import digest_json
from tldrkit.texts import count_noun

if TYPE_CHECKING:
    from tldrkit.reports.scores import RunScores
    from tldrkit.scoring.metrics import MetricScores
    from tldrkit.scoring.words import Words

SCORES = "scores.json"
PREDICTIONS = "predictions.jsonl"

_MANY = 20_000  # examples from which several processes pay
Rouge = Callable[..., dict[str, list[float]]]


def build_rouge(spec: ScoreSpec, examples: int, threads: int | None) -> Rouge:
    """Build ROUGE by a spec, in several processes where so many examples make that pay."""
    from tldrkit.scoring.overlap import compute_rouge

    processes = (threads or os.cpu_count() or 1) if examples >= _MANY else 1
    return partial(
        compute_rouge, over_references=spec.over_references, words=spec.rouge_words, processes=processes
    )


def score_outputs(
    bench: Bench,
    options: Options,
    spec: ScoreSpec,
    judge: Judge,
    outputs: Sequence[Prediction],
    *,
    given: Mapping[str, Sequence[float]],
) -> dict[str, Any]:
    """Score what was written, and beside it what takes no network, as fields of ``RunScores``.

    Args:
        bench: Where the step works.
        options: The surroundings.
        spec: How summaries are scored.
        judge: The encoder of BERTScore, where one was asked for.
        outputs: What was written.
        given: Scores that texts alone do not tell, by metric, one per output: ROUGE among them.
    """
    from tldrkit.scoring.overlap import describe_rouge

    rouge = build_rouge(spec, len(outputs), options.threads)
    baselines = write_baselines(outputs, spec)
    judged = judge.score(bench, options, spec, [outputs, *baselines.values()])
    own, *others = judged.scores
    documents = [output.document for output in outputs]
    return {
        "scores": compute_scores(outputs, {**given, **own}),
        "baselines": {
            name: compute_means(compute_scores(copied, score_rouge(rouge, copied) | found))
            for (name, copied), found in zip(baselines.items(), others, strict=True)
        },
        "encoder": judged.encoder,
        "document_ids": tuple(output.id for output in outputs),
        "empty": sum(not any(map(str.isalnum, output.prediction)) for output in outputs),
        "hidden": count_hidden([output.references for output in outputs], spec.rouge_words),
        "scoring": describe_rouge(spec.over_references, spec.rouge_words),
        "data_digest": digest_json([[output.id, *output.references] for output in outputs]),
        "documents_digest": digest_json(documents) if all(documents) else "",
    }


def score_rouge(rouge: Rouge, outputs: Sequence[Prediction]) -> dict[str, list[float]]:
    """Compute all of ROUGE, one score per output."""
    return rouge([one.prediction for one in outputs], [list(one.references) for one in outputs])


def count_hidden(references: Sequence[Sequence[str]], words: "Words") -> int:
    """Count the examples whose references are all mostly in letters that such words leave out."""
    from tldrkit.scoring.words import is_hidden

    return sum(all(map(is_hidden, texts)) for texts in references) if words == "a-z" else 0


def advise_words(bench: Bench, hidden: int, of: int) -> None:
    """Tell which option scores texts beyond a-z, where there are such."""
    if not hidden:
        return
    message = (
        f"Mostly in letters other than a to z: {hidden:,} of {count_noun(of, 'reference')}. ROUGE knows no "
        "others by default, and scores such texts 0, or by their few Latin words. --rouge-words unicode "
        "takes words of any script."
    )
    bench.tracker.log({"kind": "advice", "message": message})


def compute_scores(
    outputs: Sequence[Prediction], given: Mapping[str, Sequence[float]]
) -> dict[str, "MetricScores"]:
    """Compute every metric that texts alone tell, in the order of the table.

    Args:
        outputs: What was written.
        given: Scores of other metrics, by name, one per output: ROUGE among them.
    """
    from tldrkit.scoring.metrics import METRICS

    scores: dict[str, MetricScores] = {}
    for name, metric in METRICS.items():
        if name in given:
            scores[name] = tuple(given[name])
        elif metric.compute is not None:
            scores[name] = tuple(metric.compute(o.prediction, o.references, o.document) for o in outputs)
    return scores


def write_baselines(outputs: Sequence[Prediction], spec: ScoreSpec) -> dict[str, list[Prediction]]:
    """Write what takes no network in the place of each output: floors, and the extractive ceiling.

    None are written where a document is missing; the title only where there are titles.
    """
    from tldrkit.scoring.baselines import central, lead, longest, oracle, title

    if not all(output.document for output in outputs):
        return {}
    rules: dict[str, Callable[[Prediction], str]] = {
        "Title": lambda one: title(one.document),
        "Lead-1": lambda one: lead(one.document, 1),
        "Lead-3": lambda one: lead(one.document, 3),
        "Longest-3": lambda one: longest(one.document, 3),
        "Central": lambda one: central(one.document),
        "Extractive oracle": lambda one: oracle(one.document, one.references, spec.rouge_words),
    }
    written = {
        name: [dataclasses.replace(one, prediction=rule(one)) for one in outputs]
        for name, rule in rules.items()
    }
    return {name: copied for name, copied in written.items() if any(one.prediction for one in copied)}


def compute_means(scores: Mapping[str, "MetricScores"]) -> dict[str, float]:
    """Compute the mean of each metric that has scores."""
    from tldrkit.scoring.metrics import compute_mean

    means = {name: compute_mean(values) for name, values in scores.items()}
    return {name: mean for name, mean in means.items() if mean is not None}


def write_scores(folder: Path, run: "RunScores", outputs: Sequence[Prediction]) -> None:
    """Write what a comparison reads, and every prediction with its scores."""
    (folder / SCORES).write_text(json.dumps(run.to_dict(), ensure_ascii=False), encoding="utf-8")
    with (folder / PREDICTIONS).open("w", encoding="utf-8") as file:
        for number, output in enumerate(outputs):
            row = {
                "id": output.id,
                "prediction": output.prediction,
                "references": list(output.references),
                "document": output.document,
                **{metric: values[number] for metric, values in run.scores.items()},
            }
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def summarize_scores(run: "RunScores") -> dict[str, object]:
    """Summarize a run's scores for its manifest."""
    from tldrkit.scoring.metrics import compute_mean

    return {name: compute_mean(values) for name, values in run.scores.items()} | {
        "documents": len(run.document_ids),
        "empty": run.empty,
        "baselines": run.baselines,
    }
