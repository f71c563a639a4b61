"""Runs side by side: what each scores and costs, which differences are shown, and which run to take.

Knows scores as values, and gives them in points (fractions x 100); knows nothing of files or networks.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tldrkit.errors import ComparisonError
from tldrkit.reports.claims import PARAMETERS, Judgement, judge_claim
from tldrkit.reports.contrasts import Contrast, Key, ask, build_contrasts
from tldrkit.reports.matching import collect_units, match_runs
from tldrkit.reports.notes import find_warnings
from tldrkit.reports.questions import choose_questions
from tldrkit.reports.scores import (
    Cost,
    RunScores,
    collect_decoding,
    compute_cost,
    group_runs,
    list_replications,
)
from tldrkit.scoring.intervals import Difference, Interval, compute_intervals
from tldrkit.scoring.metrics import MAIN, METRICS, compute_mean
from tldrkit.specs import ClaimSpec, CompareSpec

__all__ = ["ComparedRuns", "Contrast", "LabelRow", "compare_runs"]

COMPARISON_FORMAT = 3
"""Of what ``ComparedRuns.to_dict`` gives; others are other versions'."""

_COSTS = [name for name in Cost.__dataclass_fields__ if name != "machine"]


@dataclass(frozen=True, kw_only=True)
class LabelRow:
    """One label of a comparison; numbers are means over its seeds."""

    label: str
    seeds: tuple[int, ...]
    replications: tuple[str, ...]
    """The store that each run came from; empty texts where all came from one."""
    references: tuple[str, ...]
    models: tuple[str, ...]
    parameters_change: float | None
    """Percent, against the first row to compare with (A where there is one)."""
    scores: dict[str, float | None]
    """Points of each metric that all seeds have; None where no document has a score."""
    interval: Interval
    """Points of the main metric."""
    cost: dict[str, float | None]
    """The fields of ``Cost``, in its units; None where not known."""


@dataclass(frozen=True, kw_only=True)
class Replication:
    """The runs of one of several stores."""

    name: str
    trained_on: tuple[str, ...]
    trained_in: tuple[str, ...]
    bases: tuple[str, ...]
    """Digests of the networks that its runs go back to."""
    scores: dict[str, float | None]
    """Points of the main metric, by label."""

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Replication":
        """Build from the JSON form."""
        return cls(**_with_tuples(values, "trained_on", "trained_in", "bases"))


@dataclass(frozen=True, kw_only=True)
class ComparedRuns:
    """Runs side by side."""

    rows: tuple[LabelRow, ...]
    baselines: dict[str, dict[str, float]]
    """Points of summaries made by rules, by metric."""
    contrasts: tuple[Contrast, ...]
    judgements: tuple[Judgement, ...]
    compared_with: str
    """Label that changes of parameters refer to."""
    winner: str
    """Label of the run to take; empty where only outputs were given."""
    winner_model: str
    """Reference of the winner's first seed."""
    warnings: tuple[str, ...]
    resamples: int
    documents: int
    data: str
    decoding: dict[str, Any]
    scoring: dict[str, str | bool]
    replications: tuple[Replication, ...] = ()
    """Beside each other, where runs came from several stores; the rows and contrasts pool them."""
    encoder: dict[str, Any] | None = None
    """Behind BERTScore, as ``RunScores`` has it; None where no run has a BERTScore."""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, and the format's number, as JSON values."""
        return {"format": COMPARISON_FORMAT, **asdict(self)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "ComparedRuns":
        """Build from what ``to_dict`` gave.

        Raises:
            ComparisonError: It is of another format.
        """
        if values.get("format") != COMPARISON_FORMAT:
            raise ComparisonError(
                "The comparison was made by another version of tldrkit.", hint="Compare again."
            )
        rows = tuple(
            LabelRow(
                **_with_tuples(row, "seeds", "replications", "references", "models")
                | {"interval": Interval(**row["interval"])}
            )
            for row in values["rows"]
        )
        contrasts = tuple(map(Contrast.from_dict, values["contrasts"]))
        judgements = tuple(Judgement(**one) for one in values["judgements"])
        built = {"rows": rows, "contrasts": contrasts, "judgements": judgements}
        built["replications"] = tuple(map(Replication.from_dict, values["replications"]))
        fields = {name: value for name, value in values.items() if name != "format"}
        return cls(**_with_tuples(fields, "warnings") | built)


def compare_runs(runs: Sequence[RunScores], spec: CompareSpec) -> ComparedRuns:
    """Compare runs; those of one label are the seeds of one run.

    Differences are paired by document, and by seed where two labels share seeds (only those then count).

    Args:
        runs: Scored runs, in the order in which labels are shown.
        spec: Draws behind the intervals, questions beside the protocol's, and claims to judge.

    Raises:
        ComparisonError: There are none, or they cannot be set side by side: see ``group_runs``.
    """
    groups = group_runs(runs)
    compared_with = "A" if "A" in groups else runs[0].label
    asked = ask(groups, choose_questions(list(groups), compared_with, spec.questions))
    sized = {label: group for label, group in groups.items() if compute_cost(group, "parameters") is not None}
    best = max(sized, key=lambda label: _average(sized[label]) or 0.0, default="")
    rivals = [label for label in sized if label != best]
    claims = [claim for claim in spec.claims if {claim.label, claim.against} <= {*groups}]
    pairs = {key: pair for one in asked for key, pair in one.pairs.items()}
    others = [Key(label, best) for label in rivals]
    others += [Key(one.label, one.against, one.measure) for one in claims if one.measure in METRICS]
    for key in others:
        pair = match_runs(groups[key.label], groups[key.against]).find_pair(key.metric)
        pairs |= {key: pair} if pair and key not in pairs else {}
    draws = {"resamples": spec.resamples, "seed": spec.seed}
    tables = [collect_units(group) for group in groups.values()]
    estimates = compute_intervals(tables, list(pairs.values()), **draws)
    found = dict(zip(pairs, estimates.pairs, strict=True))
    winner = _choose_winner(sized, best, {label: found[Key(label, best)] for label in rivals})

    def judge(claim: ClaimSpec) -> Judgement:
        if claim not in claims:
            return judge_claim(claim, list(groups), None)
        match = match_runs(groups[claim.label], groups[claim.against])
        change: float | Difference | None = found.get(Key(claim.label, claim.against, claim.measure))
        if claim.measure == PARAMETERS:
            change = _compute_change(groups[claim.label], groups[claim.against])
        return judge_claim(claim, list(groups), change, match.scope)

    return ComparedRuns(
        rows=tuple(
            _build_row(group, interval, groups[compared_with])
            for group, interval in zip(groups.values(), estimates.runs, strict=True)
        ),
        baselines=_collect_baselines(runs),
        contrasts=build_contrasts(asked, found, **draws),
        judgements=tuple(map(judge, spec.claims)),
        compared_with=compared_with,
        winner=winner.label if winner else "",
        winner_model=winner.model if winner else "",
        warnings=(*find_warnings(groups), *_name_unasked(groups, spec)),
        resamples=spec.resamples,
        documents=len(runs[0].document_ids),
        data=runs[0].data,
        decoding=collect_decoding(runs),
        scoring=dict(runs[0].scoring),
        replications=_list_replications(groups),
        encoder=next((run.encoder for run in runs if run.encoder), None),
    )


def _list_replications(groups: Mapping[str, Sequence[RunScores]]) -> tuple[Replication, ...]:
    runs = [run for group in groups.values() for run in group]
    names = list_replications(runs)
    return tuple(_build_replication(name, groups) for name in names) if len(names) > 1 else ()


def _build_replication(name: str, groups: Mapping[str, Sequence[RunScores]]) -> Replication:
    own = {label: [run for run in group if run.replication == name] for label, group in groups.items()}
    origins = [run.origin for group in own.values() for run in group if run.origin]
    return Replication(
        name=name,
        trained_on=_list_known(origin.trained_on for origin in origins),
        trained_in=_list_known(origin.trained_in for origin in origins),
        bases=_list_known(origin.base for origin in origins),
        scores={label: _average(group) for label, group in own.items() if group},
    )


def _list_known(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, values)))


def _name_unasked(labels: Collection[str], spec: CompareSpec) -> list[str]:
    """Name the questions given that these runs cannot answer."""
    missing = {f"{one.label} - {one.against}": {one.label, one.against} - {*labels} for one in spec.questions}
    return [
        f"{pair} is not asked: there is no run {' or '.join(sorted(labels))}."
        for pair, labels in missing.items()
        if labels
    ]


def _build_row(group: Sequence[RunScores], interval: Interval, other: Sequence[RunScores]) -> LabelRow:
    return LabelRow(
        label=group[0].label,
        seeds=tuple(run.seed for run in group),
        replications=tuple(run.replication for run in group),
        references=tuple(run.reference for run in group),
        models=tuple(run.model for run in group),
        parameters_change=_compute_change(group, other),
        scores={name: _average(group, name) for name in METRICS if all(name in run.scores for run in group)},
        interval=interval,
        cost={name: compute_cost(group, name) for name in _COSTS},
    )


def _compute_change(group: Sequence[RunScores], other: Sequence[RunScores]) -> float | None:
    """Compute by how many percent the parameters of one run exceed another's."""
    own, size = compute_cost(group, "parameters"), compute_cost(other, "parameters")
    return 100 * (own / size - 1) if own and size else None


def _average(group: Sequence[RunScores], metric: str = MAIN.name) -> float | None:
    """Compute the mean of the units' means, in points; None where no document has a score."""
    units: dict[str, list[float | None]] = {}
    for run in group:
        units.setdefault(run.replication, []).append(compute_mean(run.scores.get(metric, ())))
    mean = compute_mean(map(compute_mean, units.values()))
    return None if mean is None else 100 * mean


def _collect_baselines(runs: Sequence[RunScores]) -> dict[str, dict[str, float]]:
    found = {name: scores for run in runs for name, scores in run.baselines.items()}
    return {
        name: {metric: 100 * value for metric, value in scores.items()}
        for name, scores in sorted(found.items(), key=lambda item: item[1][MAIN.name])
    }


def _choose_winner(
    sized: Mapping[str, Sequence[RunScores]], best: str, behind: Mapping[str, Difference]
) -> RunScores | None:
    """Choose a run by ``page.WINNER_RULE``; of equal sizes the one that scores higher."""
    as_good = [label for label in sized if label == best or not behind[label].is_lower]
    winner = min(
        as_good,
        key=lambda label: (compute_cost(sized[label], "parameters") or 0.0, -(_average(sized[label]) or 0.0)),
        default=None,
    )
    return sized[winner][0] if winner is not None else None


def _with_tuples(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: tuple(value) if name in names else value for name, value in values.items()}
