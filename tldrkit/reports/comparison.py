"""Runs side by side: what each scores and weighs, which differences are shown, and which run to take.

Knows scores as values, and gives ROUGE in points (fractions x 100); knows nothing of files or networks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tldrkit.metrics.intervals import Array, Difference, Interval, compute_difference, compute_interval
from tldrkit.metrics.overlap import ROUGE_TYPES
from tldrkit.reports.questions import Question, choose_questions, choose_verdict
from tldrkit.reports.scores import RunScores, compute_mean, find_warnings, group_runs

__all__ = [
    "Comparison",
    "Contrast",
    "Row",
    "RunScores",
    "build_table",
    "compare_runs",
    "find_notes",
    "render_markdown",
]

WINNER_RULE = (
    "the run with the fewest parameters whose ROUGE-L is not shown to be lower than the best run's (the 95 % "
    "interval of the difference reaches 0); of its seeds the first, not the best"
)
_NAMES = {"rouge1": "ROUGE-1", "rouge2": "ROUGE-2", "rougeL": "ROUGE-L", "rougeLsum": "ROUGE-Lsum"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One label of a comparison; numbers are means over its seeds."""

    label: str
    seeds: tuple[int, ...]
    references: tuple[str, ...]
    models: tuple[str, ...]
    parameters: int
    parameters_change: float
    """Percent, against the first row to compare with (A where there is one)."""
    bytes: int
    rouge: dict[str, float]
    interval: Interval
    """ROUGE-L points."""
    latency_median: float
    latency_p95: float
    tokens_per_second: float
    training_tokens: int
    dendrites: float


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """A question, asked of two labels' ROUGE-L points: ``label`` minus ``against``."""

    label: str
    against: str
    question: str
    answer: str
    verdict: str
    """``shown (higher)``, ``shown (lower)`` or ``not shown``."""
    seeds: tuple[int, ...]
    """Seeds both have, paired; none where seeds could not be paired."""
    difference: Difference

    @property
    def sentence(self) -> str:
        """The question, the difference with its interval, what it rests on, and the verdict."""
        difference, pairing = self.difference, "" if self.seeds else " unpaired"
        seeds = "1 seed" if difference.seeds == 1 else f"{difference.seeds} seeds"
        return (
            f"{self.question} {self.label} - {self.against} = {difference.mean:+.2f} ROUGE-L "
            f"[{difference.low:+.2f}, {difference.high:+.2f}], p = {difference.p_value:.2g}, "
            f"{seeds}{pairing} x {difference.documents} threads: {self.verdict}."
        )


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Runs side by side."""

    rows: tuple[Row, ...]
    baselines: dict[str, float]
    """ROUGE-L points of summaries made without a network."""
    contrasts: tuple[Contrast, ...]
    compared_with: str
    """Label that changes of parameters refer to."""
    winner: str
    winner_model: str
    """Reference of the winner's first seed."""
    warnings: tuple[str, ...]
    resamples: int
    documents: int
    decoding: dict[str, Any]
    scoring: dict[str, str | bool]

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Comparison":
        """Build from what ``to_dict`` gave."""
        rows = tuple(
            Row(
                **_with_tuples(row, "seeds", "references", "models")
                | {"interval": Interval(**row["interval"])}
            )
            for row in values["rows"]
        )
        contrasts = tuple(
            Contrast(**_with_tuples(contrast, "seeds") | {"difference": Difference(**contrast["difference"])})
            for contrast in values["contrasts"]
        )
        return cls(**_with_tuples(values, "warnings") | {"rows": rows, "contrasts": contrasts})


def compare_runs(runs: Sequence[RunScores], *, resamples: int, seed: int) -> Comparison:
    """Compare runs; those of one label are the seeds of one run.

    Differences are paired by document, and by seed where two labels share seeds (only those then count).

    Args:
        runs: Scored runs, in the order in which labels are shown.
        resamples: Draws behind each interval.
        seed: Seed of the draws.

    Raises:
        ComparisonError: There are none, or they cannot be set side by side: see ``group_runs``.
    """
    groups = group_runs(runs)
    compared_with = "A" if "A" in groups else runs[0].label
    size = compute_mean(groups[compared_with], "parameters")
    draws = {"resamples": resamples, "seed": seed}
    questions = choose_questions(list(groups), compared_with)
    winner = _choose_winner(groups, **draws)
    return Comparison(
        rows=tuple(_build_row(group, size, **draws) for group in groups.values()),
        baselines={name: 100 * value for run in runs for name, value in run.baselines.items()},
        contrasts=tuple(_build_contrast(groups, question, **draws) for question in questions),
        compared_with=compared_with,
        winner=winner.label,
        winner_model=winner.model,
        warnings=tuple(find_warnings(groups)),
        resamples=resamples,
        documents=len(runs[0].document_ids),
        decoding=dict(runs[0].decoding),
        scoring=dict(runs[0].scoring),
    )


def _build_row(group: Sequence[RunScores], compared_size: float, *, resamples: int, seed: int) -> Row:
    parameters = compute_mean(group, "parameters")
    return Row(
        label=group[0].label,
        seeds=tuple(run.seed for run in group),
        references=tuple(run.reference for run in group),
        models=tuple(run.model for run in group),
        parameters=round(parameters),
        parameters_change=100 * (parameters / compared_size - 1),
        bytes=round(compute_mean(group, "bytes")),
        rouge={metric: float(_collect_points(group, metric).mean()) for metric in ROUGE_TYPES},
        interval=compute_interval(_collect_points(group, "rougeL"), resamples=resamples, seed=seed),
        latency_median=compute_mean(group, "latency_median"),
        latency_p95=compute_mean(group, "latency_p95"),
        tokens_per_second=compute_mean(group, "tokens_per_second"),
        training_tokens=round(compute_mean(group, "training_tokens")),
        dendrites=compute_mean(group, "dendrites"),
    )


def _collect_points(group: Sequence[RunScores], metric: str) -> Array:
    """Collect scores of a run in points.

    Shape: ``(seeds, documents)``
    """
    return 100 * np.array([run.scores[metric] for run in group], dtype=np.float64)


def _find_common_seeds(group: Sequence[RunScores], other: Sequence[RunScores]) -> tuple[int, ...]:
    return tuple(sorted({run.seed for run in group} & {run.seed for run in other}))


def _subtract(
    group: Sequence[RunScores], other: Sequence[RunScores], *, resamples: int, seed: int
) -> Difference:
    """Compute the difference of ROUGE-L points, over the seeds in common, or all where there are none."""
    common = _find_common_seeds(group, other)
    tables = [
        _collect_points([run for run in runs if run.seed in common or not common], "rougeL")
        for runs in (group, other)
    ]
    return compute_difference(tables[0], tables[1], resamples=resamples, seed=seed, pair_seeds=bool(common))


def _build_contrast(
    groups: Mapping[str, Sequence[RunScores]], question: Question, *, resamples: int, seed: int
) -> Contrast:
    group, other = groups[question.label], groups[question.against]
    difference = _subtract(group, other, resamples=resamples, seed=seed)
    return Contrast(
        label=question.label,
        against=question.against,
        question=question.text,
        answer=question.choose_answer(difference),
        verdict=choose_verdict(difference),
        seeds=_find_common_seeds(group, other),
        difference=difference,
    )


def _choose_winner(groups: Mapping[str, Sequence[RunScores]], *, resamples: int, seed: int) -> RunScores:
    """Choose a run by ``WINNER_RULE``; of equal sizes the one that scores higher."""
    means = {label: float(_collect_points(group, "rougeL").mean()) for label, group in groups.items()}
    best = max(means, key=means.__getitem__)
    as_good = [
        label
        for label, group in groups.items()
        if label == best or not _subtract(group, groups[best], resamples=resamples, seed=seed).is_lower
    ]
    winner = min(as_good, key=lambda label: (compute_mean(groups[label], "parameters"), -means[label]))
    return groups[winner][0]


def _with_tuples(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: tuple(value) if name in names else value for name, value in values.items()}


def render_markdown(comparison: Comparison) -> str:
    """Render the table, the differences, the choice and what they rest on, as one Markdown page."""
    blocks = [
        "# Comparison",
        "\n".join(_render_table(comparison)),
        "ROUGE is F1 x 100; brackets hold 95 % intervals. MB are weights on disk; seconds are per thread, "
        "one at a time (median, 95th percentile).",
        "## Differences in ROUGE-L",
        _render_list([f"{contrast.sentence} {contrast.answer}" for contrast in comparison.contrasts]),
        "## The run to take",
        f"**{comparison.winner}** (`{comparison.winner_model}`): {WINNER_RULE}. "
        "Not shown to be lower does not mean shown to be equal.",
        "## Mind",
        _render_list(find_notes(comparison)),
        "## Made with",
        _render_list(_describe_method(comparison)),
    ]
    return "\n\n".join(blocks) + "\n"


def _render_list(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences or ["Nothing."])


def build_table(comparison: Comparison) -> list[list[str]]:
    """Build the table's cells: a line of heads, a line per run, a line per baseline."""
    heads = ["run", "seeds", "parameters", f"vs {comparison.compared_with}", "MB"]
    heads += [*_NAMES.values(), "ROUGE-L, 95 %", "seconds", "95th", "tokens/s", "dendrites"]
    lines = [heads, *(_describe_row(row) for row in comparison.rows)]
    for name, points in sorted(comparison.baselines.items(), key=lambda item: item[1]):
        lines.append([name, *[""] * 6, f"{points:.2f}", *[""] * 6])
    return lines


def _render_table(comparison: Comparison) -> list[str]:
    heads, *lines = build_table(comparison)
    rule = ["---", *["---:"] * (len(heads) - 1)]
    return [
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in (heads, rule, *lines)
    ]


def _describe_row(row: Row) -> list[str]:
    return [
        row.label,
        str(len(row.seeds)),
        f"{row.parameters:,}",
        f"{row.parameters_change:+.1f} %",
        f"{row.bytes / 1e6:.1f}" if row.bytes else "",
        *(f"{row.rouge[metric]:.2f}" for metric in _NAMES),
        f"[{row.interval.low:.2f}, {row.interval.high:.2f}]",
        f"{row.latency_median:.3f}",
        f"{row.latency_p95:.3f}",
        f"{row.tokens_per_second:.0f}",
        f"{row.dendrites:g}",
    ]


def find_notes(comparison: Comparison) -> list[str]:
    """Find what to mind when reading: the warnings, and the runs that a rule without a network beats."""
    return [
        *comparison.warnings,
        *(
            f"{row.label} scores below {name}, which needs no network: "
            f"{row.rouge['rougeL']:.2f} against {points:.2f} ROUGE-L."
            for row in comparison.rows
            for name, points in comparison.baselines.items()
            if "oracle" not in name.lower() and row.rouge["rougeL"] < points
        ),
    ]


def _describe_method(comparison: Comparison) -> list[str]:
    return [
        f"{comparison.documents} threads; intervals from {comparison.resamples:,} draws: documents resampled "
        "(paired bootstrap), seeds by Student's t. They are not corrected for asking several questions.",
        "ROUGE: " + ", ".join(f"{key} {value}" for key, value in comparison.scoring.items()) + ".",
        "Decoding: " + ", ".join(f"{key} {value!r}" for key, value in comparison.decoding.items()) + ".",
        "Scores: " + ", ".join(reference for row in comparison.rows for reference in row.references) + ".",
    ]
