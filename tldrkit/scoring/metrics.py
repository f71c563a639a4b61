"""The table of metrics: what each is called, which way is better, how it is shown and computed.

Whatever lists metrics reads this table: scores and their pages, comparisons, claims, cards, training. A score
is one number per summary, a fraction in memory and in files; people see it times 100, by ``Metric.show``.
Where a metric has nothing to count (the names of a text without any) the score is None, and means and
differences leave the document out.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from tldrkit.errors import SpecError
from tldrkit.scoring import traits
from tldrkit.scoring.chrf import compute_chrf

MetricScores = tuple[float | None, ...]
"""Of one metric, one per document in order."""

Compute = Callable[[str, Sequence[str], str], float | None]
"""Scores a summary against its references (at least one) and its document, which may be empty."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric."""

    name: str
    """In files, and in claims."""
    head: str
    """Of its column, and its name in sentences."""
    better: Literal["higher", "lower", "neither"] = "higher"
    is_share: bool = False
    """Shown as percent, with one digit behind the point; others are points with two."""
    compute: Compute | None = None
    """None where scores come from elsewhere: all four of ROUGE at once, from an encoder, from who wrote."""

    def show(self, points: float) -> str:
        """Render a score times 100 with its unit."""
        return f"{points:.1f} %" if self.is_share else f"{points:.2f}"

    def show_difference(self, points: float) -> str:
        """Render a difference of two scores times 100."""
        return f"{points:+.1f}" if self.is_share else f"{points:+.2f}"


_TABLE = (
    Metric(name="rouge1", head="ROUGE-1"),
    Metric(name="rouge2", head="ROUGE-2"),
    Metric(name="rougeL", head="ROUGE-L"),
    Metric(name="rougeLsum", head="ROUGE-Lsum"),
    Metric(name="bertscore", head="BERTScore"),
    Metric(
        name="chrf",
        head="chrF",
        compute=lambda summary, references, _: compute_chrf(summary, references),
    ),
    Metric(
        name="length_ratio",
        head="length",
        better="neither",
        is_share=True,
        compute=lambda summary, references, _: traits.compute_length_ratio(summary, references),
    ),
    Metric(
        name="novel_bigrams",
        head="novel",
        better="neither",
        is_share=True,
        compute=lambda summary, _, document: traits.compute_novelty(summary, document),
    ),
    Metric(
        name="repetition",
        head="repeated",
        better="lower",
        is_share=True,
        compute=lambda summary, *_: traits.compute_repetition(summary),
    ),
    Metric(name="cut", head="cut", better="lower", is_share=True),
    Metric(name="name_recall", head="names", is_share=True, compute=traits.compute_name_recall),
    Metric(
        name="unsupported_names",
        head="unsupported",
        better="lower",
        is_share=True,
        compute=lambda summary, _, document: traits.compute_unsupported(summary, document),
    ),
)

RATING = Metric(name="rating", head="rating")
"""What people gave a summary on a blind sheet; only compare has it."""

METRICS = {metric.name: metric for metric in (*_TABLE, RATING)}
"""By name, in the order of columns."""

MAIN = METRICS["rougeL"]
"""What questions, choices, validations and sweeps go by."""


def find_metric(name: str) -> Metric:
    """Find a metric by its name.

    Raises:
        SpecError: There is none of that name.
    """
    if name not in METRICS:
        raise SpecError(f"There is no metric {name!r}.", hint=f"Metrics are {', '.join(METRICS)}.")
    return METRICS[name]


def compute_mean(values: Iterable[float | None]) -> float | None:
    """Compute the mean of the values there are; None where there are none."""
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
