"""All that a report page shows, as one value."""

from dataclasses import dataclass

from tldrkit.reports.comparison import ComparedRuns
from tldrkit.reports.curves import Curve
from tldrkit.reports.examples import Examples
from tldrkit.store.lineage import Lineage


@dataclass(frozen=True, kw_only=True)
class Report:
    """A published comparison, and what lies behind it."""

    comparison: ComparedRuns
    curves: tuple[Curve, ...]
    """Of the runs whose training is recorded."""
    examples: Examples
    lineage: Lineage
    """What the comparison was made from."""
