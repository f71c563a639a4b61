"""Training as a curve: what each validation found, and where the network changed shape.

Knows the records that training leaves as values; knows nothing of files or drawings.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tldrkit.reports.scores import RunScores


@dataclass(frozen=True, kw_only=True)
class Validation:
    """What one validation found: points of the main metric, and nats a token (None where not finite)."""

    step: int
    score: float
    loss: float | None
    parameters: int


@dataclass(frozen=True, kw_only=True)
class Restructuring:
    """A change of the network's shape: deployed parameters before and after, and whether growing ended."""

    step: int
    before: int
    after: int
    finished: bool


@dataclass(frozen=True, kw_only=True)
class Curve:
    """The course of one run's training, by steps."""

    label: str
    name: str
    """The run's name for people."""
    validations: tuple[Validation, ...]
    restructurings: tuple[Restructuring, ...]


def build_curve(run: RunScores, metrics: Mapping[str, Any]) -> Curve:
    """Build a run's curve from the figures in a trained model's manifest; without validations it is empty."""
    validations = (
        Validation(
            step=int(one["step"]),
            score=100 * float(one["rouge_l"]),
            loss=one["loss"],
            parameters=int(one["params_deployed"]),
        )
        for one in metrics.get("validations", ())
    )
    restructurings = (
        Restructuring(
            step=int(one["step"]),
            before=int(one["params_before"]),
            after=int(one["params_after"]),
            finished=bool(one["finished"]),
        )
        for one in metrics.get("restructurings", ())
    )
    return Curve(
        label=run.label,
        name=run.name,
        validations=tuple(validations),
        restructurings=tuple(restructurings),
    )


def collect_validations(events: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Collect the validations among a run's events, in the form that a manifest has them."""
    return [
        {
            "step": event["step"],
            "rouge_l": event["val_rouge_l"],
            "loss": event["val_loss"],
            "params_deployed": event["params_deployed"],
        }
        for event in events
        if event.get("kind") == "validation"
    ]
