"""The cells of a comparison's tables; the first line of each holds the heads. What is not known is empty."""

from collections.abc import Callable, Mapping, Sequence

from tldrkit.reports.comparison import ComparedRuns, LabelRow
from tldrkit.scoring.intervals import Difference
from tldrkit.scoring.metrics import MAIN, METRICS, Metric
from tldrkit.scoring.overlap import ROUGE_TYPES

_ROUGE = [METRICS[name] for name in ROUGE_TYPES]
_OTHERS = [metric for metric in METRICS.values() if metric not in _ROUGE]

FigureColumns = dict[str, tuple[str, Callable[[float], str]]]
"""Heads and forms of a table's columns, by the names of their values."""

_COSTS: FigureColumns = {
    "batch_size": ("batch", lambda value: f"{value:.0f}"),
    "threads_per_second": ("threads/s", lambda value: f"{value:.1f}"),
    "tokens_per_second": ("tokens/s", lambda value: f"{value:.0f}"),
    "peak_memory": ("peak MB", lambda value: f"{value / 1e6:.0f}"),
    "joules_per_thread": ("J/thread", lambda value: f"{value:.2f}"),
    "published_steps": ("steps", lambda value: f"{value:,.0f}"),
    "training_steps": ("of steps", lambda value: f"{value:,.0f}"),
    "published_tokens": ("tokens", lambda value: f"{value:,.0f}"),
    "training_tokens": ("of tokens", lambda value: f"{value:,.0f}"),
    "training_seconds": ("trained s", lambda value: f"{value:,.0f}"),
}


def build_quality(comparison: ComparedRuns) -> list[list[str]]:
    """Build the first table: a line per run with ROUGE, size and latency, then a line per baseline."""
    heads = ["run", "seeds", "parameters", f"vs {comparison.compared_with}", "MB"]
    heads += [*(metric.head for metric in _ROUGE), f"{MAIN.head}, 95 %", "seconds", "95th", "dendrites"]
    lines = [heads, *(_describe_row(row) for row in comparison.rows)]
    for name, scores in comparison.baselines.items():
        lines.append([name, *[""] * 4, *_show_scores(_ROUGE, scores), *[""] * 4])
    return _drop_empty(lines)


def build_others(comparison: ComparedRuns) -> list[list[str]]:
    """Build the second table: a line per run with its other scores, then a line per baseline."""
    heads = ["run", *(metric.head for metric in _OTHERS)]
    lines = [[row.label, *_show_scores(_OTHERS, row.scores)] for row in comparison.rows]
    lines += [[name, *_show_scores(_OTHERS, scores)] for name, scores in comparison.baselines.items()]
    return _drop_empty([heads, *lines])


def build_costs(comparison: ComparedRuns) -> list[list[str]]:
    """Build the third table: throughput, memory, energy and training."""
    heads = ["run", *(head for head, _ in _COSTS.values())]
    lines = [
        [row.label, *(_render(row.cost.get(name), form) for name, (_, form) in _COSTS.items())]
        for row in comparison.rows
    ]
    return _drop_empty([heads, *lines])


def build_differences(comparison: ComparedRuns) -> list[list[str]]:
    """Build the table of differences: a line per metric, a column per question with mean and interval."""
    contrasts = comparison.contrasts
    lines = [["metric", "better", *(f"{one.label} - {one.against}" for one in contrasts)]]
    for metric in METRICS.values():
        found = [one.difference if metric == MAIN else one.others.get(metric.name) for one in contrasts]
        if any(found):
            lines.append([metric.head, metric.better, *(show_difference(metric, one) for one in found)])
    return lines


def build_replications(comparison: ComparedRuns) -> list[list[str]]:
    """Build the table of replications: what each was made on and from, and what its runs score."""
    labels = [row.label for row in comparison.rows]
    lines = [["replication", *labels, "format", "base", "trained on"]]
    for one in comparison.replications:
        scores = [_render(one.scores.get(label), MAIN.show) for label in labels]
        bases = ", ".join(base[:12] for base in one.bases)
        lines.append([one.name, *scores, ", ".join(one.trained_in), bases, "; ".join(one.trained_on)])
    return _drop_empty(lines) if len(lines) > 1 else lines


def show_difference(metric: Metric, difference: Difference | None) -> str:
    """Show a difference with its interval; empty where there is none."""
    if difference is None:
        return ""
    ends = (difference.mean, difference.low, difference.high)
    mean, low, high = map(metric.show_difference, ends)
    return f"{mean} [{low}, {high}]"


def _show_scores(metrics: Sequence[Metric], points: Mapping[str, float | None]) -> list[str]:
    return [_render(points.get(metric.name), metric.show) for metric in metrics]


def _describe_row(row: LabelRow) -> list[str]:
    cost = row.cost
    return [
        row.label,
        " + ".join(str(row.replications.count(name)) for name in dict.fromkeys(row.replications)),
        _render(cost["parameters"], lambda value: f"{value:,.0f}"),
        _render(row.parameters_change, lambda value: f"{value:+.1f} %"),
        _render(cost["bytes"] or None, lambda value: f"{value / 1e6:.1f}"),
        *_show_scores(_ROUGE, row.scores),
        f"[{row.interval.low:.2f}, {row.interval.high:.2f}]",
        _render(cost["latency_median"], lambda value: f"{value:.3f}"),
        _render(cost["latency_p95"], lambda value: f"{value:.3f}"),
        _render(cost["dendrites"], lambda value: f"{value:.3g}"),
    ]


def _render(value: float | None, form: Callable[[float], str]) -> str:
    return "" if value is None else form(value)


def _drop_empty(lines: list[list[str]]) -> list[list[str]]:
    """Drop the columns that no run fills."""
    kept = [number for number in range(len(lines[0])) if any(line[number] for line in lines[1:])]
    return [[line[number] for number in kept] for line in lines]
