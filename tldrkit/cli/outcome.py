"""How a finished step is shown: its reference as data, what it measured as talk."""

from typing import Any

from tldrkit.cli import console
from tldrkit.steps.step import Outcome
from tldrkit.texts import count_noun

_SHOWN = {
    "params_deployed": ("deployed parameters", "{:,.0f}"),
    "bytes": ("bytes of weights", "{:,.0f}"),
    "best_step": ("steps behind the published weights", "{:,.0f}"),
    "steps": ("training steps in all", "{:,.0f}"),
    "best_tokens": ("tokens behind the published weights", "{:,.0f}"),
    "training_tokens": ("training tokens in all", "{:,.0f}"),
    "training_seconds": ("training seconds", "{:,.1f}"),
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
        console.say(outcome.say_done("--force"))
    else:
        rows = _render_metrics(artifact.manifest.metrics)
        if rows:
            console.show_table(("measured", artifact.reference), rows, talk=True)
        if "compression" in artifact.manifest.metrics:
            _show_compression(artifact.manifest.metrics["compression"])
        _show_vocabulary(artifact.manifest.metrics.get("vocabulary", {}))
    console.show_line(artifact.reference)


def _render_metrics(metrics: dict[str, Any]) -> list[tuple[str, str]]:
    """Render what was measured: scores times 100, then the other figures."""
    from tldrkit.scoring.metrics import MAIN, METRICS

    scores = [(f"best validation {MAIN.head}", MAIN, metrics.get("best_val_rouge_l"))]
    scores += [(metric.head, metric, metrics.get(name)) for name, metric in METRICS.items()]
    rows = [(label, metric.show(100 * score)) for label, metric, score in scores if score is not None]
    return rows + [
        (label, form.format(metrics[key])) for key, (label, form) in _SHOWN.items() if key in metrics
    ]


def _show_compression(report: dict[str, Any]) -> None:
    """Show what was kept of the teacher, and what that is worth before any training."""
    parts = report["parts"]
    rows = [
        (part, f"{parts['before'][part]:,}", f"{parts['after'][part]:,}")
        for part in parts["before"]
        if parts["before"][part] or parts["after"][part]
    ]
    total = report["parameters"]
    rows.append(("parameters", f"{total['before']:,}", f"{total['after']:,} ({total['ratio'] - 1:+.1%})"))
    sizes = ("num_heads", "dec_d_model", "d_ff", "vocabulary")
    rows += [(size, f"{report[size]['before']:,}", f"{report[size]['after']:,}") for size in sizes]
    losses = report["loss_per_word"]
    if losses:
        rows.append(("loss of a word, nats", f"{losses['teacher']:.3f}", f"{losses['student']:.3f}"))
        rows.append(("  of a random network of this shape", "", f"{losses['random']:.3f}"))
    console.show_table(("compression", "before", "after"), rows, talk=True)
    for side, layers in report["layers_kept"].items():
        console.say(f"{side} layers kept: {', '.join(map(str, layers))}")
    if report["variance_kept"] < 1:
        console.say(f"variance of the decoder's stream kept: {report['variance_kept']:.1%}")
    _show_vocabulary(report["vocabulary"])


def _show_vocabulary(lost: dict[str, float]) -> None:
    """Show what a trimmed vocabulary loses on held-out texts, where that was measured."""
    if "changed" in lost:
        console.say(
            f"{lost['after']:,} of {count_noun(lost['before'], 'token')} are kept. "
            f"Of the validation texts {lost['changed']:.2%} come back changed; "
            f"{lost['unknown_after']:.3%} of their tokens are unknown ({lost['unknown_before']:.3%} before), "
            f"and they have {lost['longer'] - 1:+.1%} tokens."
        )
