"""What scoring a model and scoring given outputs have in common: texts in, scores and baselines out."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tldrkit.datasets.predictions import Output
from tldrkit.specs import ScoreSpec
from tldrkit.steps.step import Bench
from tldrkit.store.digest import digest_json
from tldrkit.texts import count_noun

if TYPE_CHECKING:
    from tldrkit.reports.scores import RunScores
    from tldrkit.scoring.metrics import Scores
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


def describe_texts(outputs: Sequence[Output], spec: ScoreSpec) -> dict[str, Any]:
    """Describe which texts were scored and how, as fields of ``RunScores``."""
    from tldrkit.scoring.overlap import describe_rouge

    documents = [output.document for output in outputs]
    return {
        "document_ids": tuple(output.id for output in outputs),
        "empty": sum(not any(map(str.isalnum, output.prediction)) for output in outputs),
        "hidden": count_hidden([output.references for output in outputs], spec.rouge_words),
        "scoring": describe_rouge(spec.over_references, spec.rouge_words),
        "data_digest": digest_json([[output.id, *output.references] for output in outputs]),
        "documents_digest": digest_json(documents) if all(documents) else "",
    }


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


def compute_scores(outputs: Sequence[Output], given: Mapping[str, Sequence[float]]) -> dict[str, "Scores"]:
    """Compute every metric that texts alone tell, in the order of the table.

    Args:
        outputs: What was written.
        given: Scores of other metrics, by name, one per output: ROUGE among them.
    """
    from tldrkit.scoring.metrics import METRICS

    scores: dict[str, Scores] = {}
    for name, metric in METRICS.items():
        if name in given:
            scores[name] = tuple(given[name])
        elif metric.compute is not None:
            scores[name] = tuple(metric.compute(o.prediction, o.references, o.document) for o in outputs)
    return scores


def score_baselines(outputs: Sequence[Output], spec: ScoreSpec, rouge: Rouge) -> dict[str, dict[str, float]]:
    """Compute the mean ROUGE of what takes no network: floors, and the extractive ceiling.

    None are computed where a document is missing; the title only where there are titles.
    """
    from tldrkit.scoring.baselines import central, lead, longest, oracle, title

    if not all(output.document for output in outputs):
        return {}
    references = [list(output.references) for output in outputs]
    systems = {
        "Title": [title(o.document) for o in outputs],
        "Lead-1": [lead(o.document, 1) for o in outputs],
        "Lead-3": [lead(o.document, 3) for o in outputs],
        "Longest-3": [longest(o.document, 3) for o in outputs],
        "Central": [central(o.document) for o in outputs],
        "Extractive oracle": [oracle(o.document, o.references, spec.rouge_words) for o in outputs],
    }
    return {
        name: {metric: sum(values) / len(values) for metric, values in rouge(texts, references).items()}
        for name, texts in systems.items()
        if any(texts)
    }


def write_scores(folder: Path, run: "RunScores", outputs: Sequence[Output]) -> None:
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
