"""`tldrkit eval --predictions`: score the outputs of any system, without a model and without torch."""

from collections import Counter
from pathlib import Path

from tldrkit.options import Options
from tldrkit.specs import PredictionsSpec
from tldrkit.steps.judging import find_judge
from tldrkit.steps.scoring import (
    advise_words,
    build_rouge,
    score_outputs,
    score_rouge,
    summarize_scores,
    write_scores,
)
from tldrkit.steps.step import Bench, Outcome, Step, perform
from tldrkit.store.manifest import Input
from tldrkit.texts import count_noun


def score_predictions(options: Options, spec: PredictionsSpec, *, file: Path, target: str) -> Outcome:
    """Score a file of predictions and references, and publish scores as `eval` does.

    Raises:
        DataError: If the file cannot be read, is cut short, or lacks predictions or references.
        ModelError: If the encoder of BERTScore cannot be loaded.
    """
    from tldrkit.files import compute_digest

    judge = find_judge(options, spec)
    scored = Input(role="predictions", reference=str(file), digest=compute_digest(file))
    step = Step(name="eval", kind="scores", target=target, spec=spec, inputs=(scored, *judge.inputs))

    def work(bench: Bench) -> None:
        from tldrkit.datasets.predictions import read_outputs
        from tldrkit.reports.scores import RunScores

        outputs = read_outputs(file)
        given = score_rouge(build_rouge(spec, len(outputs), options.threads), outputs)
        run = RunScores(
            label=spec.label,
            seed=spec.seed,
            reference=target,
            model="",
            data=file.name,
            decoding=None,
            cost=None,
            **score_outputs(bench, options, spec, judge, outputs, given=given),
        )
        write_scores(bench.draft.path, run, outputs)
        marks = Counter(mark for output in outputs for mark in output.marks)
        bench.draft.metrics.update(summarize_scores(run) | {"marks": dict(sorted(marks.items()))})
        advise_words(bench, run.hidden, len(outputs))
        messages = []
        if marks:
            told = ", ".join(f"{mark} {count:,}" for mark, count in sorted(marks.items()))
            messages.append(
                "Marks of a tokenizer are read as a new line, the end or nothing, and not scored as words. "
                f"Rows that hold them: {told}."
            )
        if run.empty:
            empty = ("prediction has no words and scores 0", "predictions have no words and score 0")
            messages.append(f"{count_noun(run.empty, *empty)}, of {len(outputs):,}.")
        for message in messages:
            bench.tracker.log({"kind": "advice", "message": message})

    return perform(options, step, work)
