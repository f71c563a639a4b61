"""The scores of one run, and whether several can be set side by side.

Knows scores, sizes and seconds as values; knows nothing of files, networks or intervals.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np

from tldrkit.errors import ComparisonError
from tldrkit.metrics.overlap import ROUGE_TYPES, describe_rouge

_FEW_DOCUMENTS = 30
_MATCHED = 0.02  # share of parameters by which the matched control may miss its size


@dataclass(frozen=True, kw_only=True)
class RunScores:
    """What one scored run tells a comparison."""

    label: str
    """A, B, C or D, or the name of an artifact; runs of one label are its seeds."""
    seed: int
    reference: str
    """The scores' own reference, such as ``a/eval@v1``."""
    model: str
    """Reference of the scored model."""
    parameters: int
    """Deployed parameters, tied ones counted once."""
    bytes: int
    """Weights on disk."""
    document_ids: tuple[str, ...]
    scores: dict[str, tuple[float, ...]]
    """For each of ``ROUGE_TYPES``, one fraction per document."""
    latency_median: float
    """Seconds per thread."""
    latency_p95: float
    """Seconds per thread."""
    tokens_per_second: float
    data: str
    """Digest of the data and split."""
    decoding: dict[str, Any]
    """Settings of the search; equal in comparable runs."""
    training_tokens: int
    dendrites: int
    baselines: dict[str, float]
    """ROUGE-L, as fractions, of summaries made without a network (Lead-3, ...) from the same documents."""
    machine: str = ""
    """What the times were measured on."""
    scoring: dict[str, str | bool] = field(default_factory=describe_rouge)
    """Settings of ROUGE; equal in comparable runs."""

    def __post_init__(self) -> None:
        missing = [metric for metric in ROUGE_TYPES if metric not in self.scores]
        if missing:
            raise ComparisonError(
                f"{self.reference} lacks scores of {', '.join(missing)}.", hint="Score it again."
            )
        for metric, values in self.scores.items():
            if len(values) != len(self.document_ids) or not np.isfinite(values).all():
                raise ComparisonError(
                    f"{self.reference} does not have one {metric} score per document.", hint="Score it again."
                )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "RunScores":
        """Build from the fields; keys that are no fields are ignored.

        Raises:
            KeyError, TypeError, ValueError: A field is absent or of another kind.
            ComparisonError: Scores are absent or do not fit the documents.
        """
        known = {each.name: values[each.name] for each in fields(cls) if each.name in values}
        known["document_ids"] = tuple(known["document_ids"])
        known["scores"] = {metric: tuple(scores) for metric, scores in dict(known["scores"]).items()}
        return cls(**known)


def group_runs(runs: Sequence[RunScores]) -> dict[str, list[RunScores]]:
    """Group runs by label: labels in the order they come in, the seeds of each in numerical order.

    Raises:
        ComparisonError: No runs, a label twice with one seed, or runs that differ in documents, data,
            decoding or scoring.
    """
    if not runs:
        raise ComparisonError("There are no runs to compare.", hint="Score a run with `tldrkit eval` first.")
    for run in runs[1:]:
        _check_alike(runs[0], run)
    groups: dict[str, list[RunScores]] = {run.label: [] for run in runs}
    for run in sorted(runs, key=lambda run: run.seed):
        group = groups[run.label]
        if group and group[-1].seed == run.seed:
            raise ComparisonError(
                f"{group[-1].reference} and {run.reference} are both {run.label} with seed {run.seed}.",
                hint="Name one of them, or train with different seeds.",
            )
        group.append(run)
    return groups


def _check_alike(first: RunScores, run: RunScores) -> None:
    names = f"{first.reference} and {run.reference}"
    if len(first.document_ids) != len(run.document_ids):
        counts = f"{len(first.document_ids)} and {len(run.document_ids)}"
        raise ComparisonError(
            f"{names} score different documents: {counts}.", hint="Score both on one split."
        )
    for number, (one, other) in enumerate(zip(first.document_ids, run.document_ids, strict=True), start=1):
        if one != other:
            raise ComparisonError(
                f"{names} score different documents: number {number} is {one!r} and {other!r}.",
                hint="Score both on one split, in the same order.",
            )
    if first.data != run.data:
        raise ComparisonError(
            f"{names} score different data: digests {first.data[:12]} and {run.data[:12]}.",
            hint="Score both on the same version of the data.",
        )
    _check_settings(names, "decoded", first.decoding, run.decoding)
    _check_settings(names, "scored", first.scoring, run.scoring)


def _check_settings(names: str, done: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> None:
    keys = [key for key in sorted({*one, *other}) if one.get(key) != other.get(key)]
    if keys:
        differing = ", ".join(f"{key} {one.get(key)!r} and {other.get(key)!r}" for key in keys)
        raise ComparisonError(f"{names} are {done} differently: {differing}.", hint="Score both alike.")


def find_warnings(groups: Mapping[str, Sequence[RunScores]]) -> list[str]:
    """Find what makes comparable runs unequal or their intervals incomplete: one sentence each."""
    warnings = [*_warn_of_training(groups), *_warn_of_sizes(groups), *_warn_of_seeds(groups)]
    machines = sorted({run.machine for group in groups.values() for run in group})
    if len(machines) > 1:
        warnings.append(f"Times were measured under different conditions: {'; '.join(machines)}.")
    documents = len(next(iter(groups.values()))[0].document_ids)
    if documents < _FEW_DOCUMENTS:
        warnings.append(f"{documents} threads are too few for intervals to be trusted.")
    return warnings


def _warn_of_training(groups: Mapping[str, Sequence[RunScores]]) -> list[str]:
    tokens = {label: sorted({run.training_tokens for run in group}) for label, group in groups.items()}
    alike: dict[int, set[int]] = {}  # seeds order the texts, so each may see its own number of tokens
    for run in (run for group in groups.values() for run in group):
        alike.setdefault(run.seed, set()).add(run.training_tokens)
    if all(len(amounts) == 1 for amounts in alike.values()):
        return []
    listed = "; ".join(f"{label} {_join(amounts)}" for label, amounts in tokens.items())
    return [f"The runs did not train on the same number of tokens: {listed}."]


def _warn_of_sizes(groups: Mapping[str, Sequence[RunScores]]) -> list[str]:
    warnings = []
    for label, group in groups.items():
        sizes = sorted({run.parameters for run in group})
        if len(sizes) > 1:
            warnings.append(
                f"Seeds of {label} differ in parameters ({_join(sizes)}): the table shows their mean."
            )
    if "B" in groups and "D" in groups:
        ratio = compute_mean(groups["D"], "parameters") / compute_mean(groups["B"], "parameters")
        if abs(ratio - 1) > _MATCHED:
            words = f"{100 * abs(ratio - 1):.1f} % {'more' if ratio > 1 else 'fewer'}"
            warnings.append(f"D has {words} parameters than B: it is no control of B's size.")
    return warnings


def _warn_of_seeds(groups: Mapping[str, Sequence[RunScores]]) -> list[str]:
    seeds = {label: [run.seed for run in group] for label, group in groups.items()}
    warnings = []
    if len({tuple(own) for own in seeds.values()}) > 1:
        listed = "; ".join(f"{label} {_join(own)}" for label, own in seeds.items())
        warnings.append(
            f"The runs have different seeds ({listed}): a difference pairs the seeds both have; "
            "without any, it takes seeds as independent."
        )
    single = [label for label, own in seeds.items() if len(own) == 1]
    if single:
        warnings.append(
            f"One seed only ({_join(single)}): an interval over documents only; it does not cover the spread "
            "between seeds."
        )
    elif min(len(own) for own in seeds.values()) == 2:
        warnings.append("Two seeds say little about the spread between seeds: their intervals are very wide.")
    return warnings


def compute_mean(runs: Sequence[RunScores], field_name: str) -> float:
    """Compute the mean of a numeric field over runs."""
    return sum(float(getattr(run, field_name)) for run in runs) / len(runs)


def _join(values: Sequence[object]) -> str:
    return ", ".join(f"{value:,}" if isinstance(value, int) else str(value) for value in values)
