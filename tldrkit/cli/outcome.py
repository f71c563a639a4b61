"""How a finished step is shown: its reference as data, what it measured as talk."""

from typing import Any

from tldrkit.cli import console
from tldrkit.steps.step import Outcome

_SHOWN = {
    "params_deployed": ("deployed parameters", "{:,.0f}"),
    "bytes": ("bytes of weights", "{:,.0f}"),
    "best_val_rouge_l": ("best validation ROUGE-L", "{:.4f}"),
    "training_tokens": ("training tokens", "{:,.0f}"),
    "training_seconds": ("training seconds", "{:,.1f}"),
    "rouge1": ("ROUGE-1", "{:.4f}"),
    "rouge2": ("ROUGE-2", "{:.4f}"),
    "rougeL": ("ROUGE-L", "{:.4f}"),
    "rougeLsum": ("ROUGE-Lsum", "{:.4f}"),
    "latency_median": ("seconds per thread, median", "{:.4f}"),
    "latency_p95": ("seconds per thread, 95th percentile", "{:.4f}"),
    "threads_per_second": ("threads per second", "{:,.1f}"),
    "tokens_per_second": ("tokens per second", "{:,.1f}"),
    "dendrites": ("dendrites per layer", "{:.0f}"),
}


def show_outcome(outcome: Outcome) -> None:
    """Show what a step made; the reference goes to stdout, for scripts."""
    artifact = outcome.artifact
    if outcome.done_before:
        console.say(f"{artifact.reference} is already done: same spec, same inputs (--force does it again).")
    else:
        rows = _render_metrics(artifact.manifest.metrics)
        if rows:
            console.show_table(("measured", artifact.reference), rows, talk=True)
    console.show_line(artifact.reference)


def _render_metrics(metrics: dict[str, Any]) -> list[tuple[str, str]]:
    return [(label, form.format(metrics[key])) for key, (label, form) in _SHOWN.items() if key in metrics]
