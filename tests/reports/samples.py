"""A report with texts that would do harm where they were taken for marks."""

import dataclasses
from typing import Any

from tests.reports.test_comparison import build_run
from tldrkit.reports.comparison import compare_runs
from tldrkit.reports.curves import build_curve
from tldrkit.reports.examples import Examples, ShownExample, choose_documents
from tldrkit.reports.report import Report
from tldrkit.specs import ClaimSpec, CompareSpec
from tldrkit.store.lineage import Lineage

HARM = "</script><script>document.title='harmed'</script><img src=x onerror=\"document.title='harmed'\"><!--"
GAINS = {"A": 0.05, "B": 0.03, "C": 0.0, "D": 0.05}
SCRIPTS = ("Το νήμα", "الموضوع", "主题", "🧵 нить")
CLAIMS = (
    ClaimSpec(label="B", against="A", measure="parameters", at_most=-25),
    ClaimSpec(label="C", against="A", measure="rougeL", at_least=0.8),
)


def build_training(start: int, growths: int) -> dict[str, Any]:
    """Build the figures of a training of five validations, with so many restructurings at its end."""
    sizes = [start + 100 * max(0, step - 4 + growths) for step in range(5)]
    validations = [
        {"step": 10 * step, "rouge_l": 0.1 * step, "loss": 3 - 0.5 * step, "params_deployed": size}
        for step, size in enumerate(sizes)
    ]
    restructurings = [
        {
            "step": 10 * step,
            "params_before": sizes[step - 1],
            "params_after": sizes[step],
            "finished": step == 4,
        }
        for step in range(5 - growths, 5)
    ]
    return {"validations": validations, "restructurings": restructurings}


def build_report(seeds: int = 2, harm: str = HARM) -> Report:
    """Build a report of A to D whose labels, documents and references hold what ``harm`` is."""
    runs = [
        dataclasses.replace(run, data=f"toy {harm}", document_ids=tuple(f"{i}{harm}" for i in range(60)))
        for run in (build_run(label, seed, gain) for label, gain in GAINS.items() for seed in range(seeds))
    ]
    choice = choose_documents(runs)
    documents = tuple(
        ShownExample(
            id=runs[0].document_ids[number],
            document=f"Document {number}. {SCRIPTS[number % 4]}\n{harm}",
            references=(f"reference {number} {harm}",),
            summaries=tuple(f"summary {number} of {run.label}{run.seed} {harm}" for run in runs),
            points=tuple(100 * run.scores["rougeL"][number] for run in runs),
        )
        for number in choice.numbers
    )
    data = Lineage(role="data", reference=f"toy {harm}", digest="d" * 64)
    base = Lineage(role="source", reference="base@v1", digest="b" * 64, kind="model", inputs=(data,))
    scored = [
        Lineage(role="run", reference=r.reference, digest="e" * 64, kind="scores", inputs=(base, data))
        for r in runs
    ]
    return Report(
        comparison=compare_runs(runs, CompareSpec(resamples=200, claims=CLAIMS)),
        curves=tuple(build_curve(r, build_training(1000, 2 * (r.label == "B"))) for r in runs),
        examples=Examples(
            metric="ROUGE-L",
            runs=tuple(run.name for run in runs),
            documents=documents,
            of=60,
            ranks=choice.ranks,
            first=(seeds, 0),
        ),
        lineage=Lineage(
            role="", reference="compare@v1", digest="c" * 64, kind="comparison", inputs=tuple(scored)
        ),
    )
