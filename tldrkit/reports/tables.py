"""The cells of a comparison's tables; the first line of each holds the heads. What is not known is empty."""

from collections.abc import Callable, Mapping

from tldrkit.reports.comparison import Comparison, Row

NAMES = {"rouge1": "ROUGE-1", "rouge2": "ROUGE-2", "rougeL": "ROUGE-L", "rougeLsum": "ROUGE-Lsum"}

Columns = dict[str, tuple[str, Callable[[float], str]]]
"""Heads and forms of a table's columns, by the names of their values."""

_TRAITS: Columns = {
    "chrf": ("chrF", lambda value: f"{100 * value:.2f}"),
    "length_ratio": ("length", lambda value: f"{value:.2f}"),
    "novel_bigrams": ("novel", lambda value: f"{100 * value:.1f} %"),
    "repetition": ("repeated", lambda value: f"{100 * value:.1f} %"),
    "cut": ("cut", lambda value: f"{100 * value:.1f} %"),
    "name_recall": ("names", lambda value: f"{100 * value:.1f} %"),
    "unsupported_names": ("unsupported", lambda value: f"{100 * value:.1f} %"),
}
_COSTS: Columns = {
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


def build_quality(comparison: Comparison) -> list[list[str]]:
    """Build the first table: a line per run with ROUGE, size and latency, then a line per baseline."""
    heads = ["run", "seeds", "parameters", f"vs {comparison.compared_with}", "MB"]
    heads += [*NAMES.values(), "ROUGE-L, 95 %", "seconds", "95th", "dendrites"]
    lines = [heads, *(_describe_row(row) for row in comparison.rows)]
    for name, scores in comparison.baselines.items():
        lines.append([name, *[""] * 4, *(f"{scores[metric]:.2f}" for metric in NAMES), *[""] * 4])
    return _drop_empty(lines)


def build_traits(comparison: Comparison) -> list[list[str]]:
    """Build the second table: what else is told of the summaries."""
    return _build_others(_TRAITS, {row.label: row.traits for row in comparison.rows})


def build_costs(comparison: Comparison) -> list[list[str]]:
    """Build the third table: throughput, memory, energy and training."""
    return _build_others(_COSTS, {row.label: row.cost for row in comparison.rows})


def _build_others(columns: Columns, values: Mapping[str, Mapping[str, float | None]]) -> list[list[str]]:
    """Build a table of the values that each label has, a column for each that is known of some."""
    heads = ["run", *(head for head, _ in columns.values())]
    lines = [
        [label, *(_render(own.get(name), form) for name, (_, form) in columns.items())]
        for label, own in values.items()
    ]
    return _drop_empty([heads, *lines])


def _describe_row(row: Row) -> list[str]:
    cost = row.cost
    return [
        row.label,
        str(len(row.seeds)),
        _render(cost["parameters"], lambda value: f"{value:,.0f}"),
        _render(row.parameters_change, lambda value: f"{value:+.1f} %"),
        _render(cost["bytes"] or None, lambda value: f"{value / 1e6:.1f}"),
        *(f"{row.rouge[metric]:.2f}" for metric in NAMES),
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
