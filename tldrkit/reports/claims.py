"""Claims about runs, judged by their numbers: *held*, *not held* or *not shown*.

Knows claims as specs and differences as values; knows nothing of files.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tldrkit.reports.coverage import limit_verdict
from tldrkit.scoring.intervals import Difference
from tldrkit.scoring.metrics import MAIN, METRICS, find_metric
from tldrkit.specs import ClaimSpec
from tldrkit.texts import count_noun

PARAMETERS = "parameters"
"""What claims may be about beside metrics."""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A claim, and whether it holds."""

    claim: str
    verdict: str
    """``held`` or ``not held``, of means with what that is said of, or ``not shown``."""
    found: str
    """The numbers it rests on, or what is missing."""

    @property
    def sentence(self) -> str:
        """The claim, the verdict and the numbers."""
        return f"{self.claim}: {self.verdict} ({self.found})."


def check_claims(claims: Iterable[ClaimSpec]) -> None:
    """Check that claims are about what is measured.

    Raises:
        SpecError: A claim is about another thing.
    """
    for claim in claims:
        if claim.measure != PARAMETERS:
            find_metric(claim.measure)


def judge_claim(
    claim: ClaimSpec, labels: Sequence[str], value: float | Difference | None, scope: str = ""
) -> Judgement:
    """Judge one claim.

    A count (parameters) holds or does not. A mean holds where its whole 95 % interval does, does not where
    none of it does, and is not shown where the bound lies inside.

    Args:
        claim: What is claimed.
        labels: Labels at hand.
        value: By how much the claim's label exceeds the other; None where that is not known.
        scope: What a mean can be said of.
    """
    name = METRICS[claim.measure].head if claim.measure in METRICS else claim.measure
    unit = " %" if claim.measure == PARAMETERS else ""
    bound = claim.at_least if claim.at_least is not None else claim.at_most or 0.0
    words = "at least" if claim.at_least is not None else "at most"
    text = f"{claim.label} - {claim.against} {words} {bound:+g}{unit} {name}"
    missing = [label for label in (claim.label, claim.against) if label not in labels]
    if missing:
        return Judgement(claim=text, verdict="not shown", found=f"there is no run {' or '.join(missing)}")
    if value is None:
        return Judgement(claim=text, verdict="not shown", found=f"{name}: not known of both")
    if isinstance(value, float):
        held = value >= bound if claim.at_least is not None else value <= bound
        found = f"{value:+.1f}{unit}"
        return Judgement(claim=text, verdict="held" if held else "not held", found=found)
    return Judgement(claim=text, verdict=_judge(value, claim, scope), found=describe_difference(value, name))


def describe_difference(difference: Difference, name: str = MAIN.head, *, unit: str = "seed") -> str:
    """Describe a difference in points of a metric, with its interval and what it rests on."""
    return (
        f"{difference.mean:+.2f} {name} [{difference.low:+.2f}, {difference.high:+.2f}], "
        f"{count_noun(difference.seeds, unit)} x {count_noun(difference.documents, 'thread')}"
    )


def _judge(difference: Difference, claim: ClaimSpec, scope: str) -> str:
    if claim.at_least is not None:
        inside, outside = difference.low >= claim.at_least, difference.high < claim.at_least
    else:
        bound = claim.at_most or 0.0
        inside, outside = difference.high <= bound, difference.low > bound
    if not (inside or outside):
        return "not shown"
    return limit_verdict("held" if inside else "not held", scope)
