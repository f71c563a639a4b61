"""Runs side by side: what each scores and costs, which differences are shown, and which run to take.

Knows scores as values, and gives them in points (fractions x 100); knows nothing of files or networks.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tldrkit.errors import ComparisonError
from tldrkit.reports.claims import PARAMETERS, Judgement, describe_difference, judge_claim
from tldrkit.reports.notes import find_warnings
from tldrkit.reports.questions import Question, choose_questions, choose_verdict
from tldrkit.reports.scores import Cost, RunScores, collect_decoding, compute_cost, group_runs
from tldrkit.scoring.intervals import Array, Difference, Interval, Pair, compute_intervals, find_known
from tldrkit.scoring.metrics import MAIN, METRICS, compute_mean
from tldrkit.scoring.significance import adjust_holm, permute_signs
from tldrkit.specs import ClaimSpec, CompareSpec

__all__ = ["Comparison", "Contrast", "Row", "compare_runs"]

FORMAT = 2
"""Of what ``Comparison.to_dict`` gives; others are other versions'."""

_Key = tuple[str, str, str]
"""Two labels, the first minus the second, and a metric."""

_COSTS = [name for name in Cost.__dataclass_fields__ if name != "machine"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One label of a comparison; numbers are means over its seeds."""

    label: str
    seeds: tuple[int, ...]
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
class Contrast:
    """A question, asked of two labels' points of the main metric: ``label`` minus ``against``."""

    label: str
    against: str
    question: str
    answer: str
    verdict: str
    """``shown (higher)``, ``shown (lower)`` or ``not shown``."""
    seeds: tuple[int, ...]
    """Seeds both have, paired; none where seeds could not be paired."""
    difference: Difference
    p_permutation: float
    """Of these networks on other documents."""
    p_adjusted: float
    """The larger of both p values, corrected by Holm for the questions asked; the verdict rests on it."""
    others: dict[str, Difference]
    """Of every other metric that both have, over the documents of which both have a score."""

    @property
    def sentence(self) -> str:
        """The question, the difference with its interval, what it rests on, and the verdict."""
        pairing = "" if self.seeds else " (seeds unpaired)"
        return (
            f"{self.question} {self.label} - {self.against} = {describe_difference(self.difference)}"
            f"{pairing}, p = {self.p_adjusted:.2g}: {self.verdict}."
        )


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Runs side by side."""

    rows: tuple[Row, ...]
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

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, and the format's number, as JSON values."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Comparison":
        """Build from what ``to_dict`` gave.

        Raises:
            ComparisonError: It is of another format.
        """
        if values.get("format") != FORMAT:
            raise ComparisonError(
                "The comparison was made by another version of tldrkit.", hint="Compare again."
            )
        rows = tuple(
            Row(
                **_with_tuples(row, "seeds", "references", "models")
                | {"interval": Interval(**row["interval"])}
            )
            for row in values["rows"]
        )
        contrasts = tuple(
            Contrast(
                **_with_tuples(one, "seeds")
                | {"difference": Difference(**one["difference"])}
                | {"others": {name: Difference(**other) for name, other in one["others"].items()}}
            )
            for one in values["contrasts"]
        )
        judgements = tuple(Judgement(**one) for one in values["judgements"])
        built = {"rows": rows, "contrasts": contrasts, "judgements": judgements}
        fields = {name: value for name, value in values.items() if name != "format"}
        return cls(**_with_tuples(fields, "warnings") | built)


def compare_runs(runs: Sequence[RunScores], spec: CompareSpec) -> Comparison:
    """Compare runs; those of one label are the seeds of one run.

    Differences are paired by document, and by seed where two labels share seeds (only those then count).

    Args:
        runs: Scored runs, in the order in which labels are shown.
        spec: Draws behind the intervals, and claims to judge.

    Raises:
        ComparisonError: There are none, or they cannot be set side by side: see ``group_runs``.
    """
    groups = group_runs(runs)
    compared_with = "A" if "A" in groups else runs[0].label
    questions = choose_questions(list(groups), compared_with)
    sized = {label: group for label, group in groups.items() if compute_cost(group, "parameters") is not None}
    best = max(sized, key=lambda label: _average(sized[label]) or 0.0, default="")
    rivals = [label for label in sized if label != best]
    claims = [claim for claim in spec.claims if {claim.label, claim.against} <= {*groups}]
    wanted = [(one.label, one.against, name) for one in questions for name in METRICS]
    wanted += [(label, best, MAIN.name) for label in rivals]
    wanted += [(one.label, one.against, one.measure) for one in claims if one.measure in METRICS]
    pairs = _pair_all(groups, wanted)
    draws = {"resamples": spec.resamples, "seed": spec.seed}
    tables = [_collect_points(group) for group in groups.values()]
    estimates = compute_intervals(tables, list(pairs.values()), **draws)
    found = dict(zip(pairs, estimates.pairs, strict=True))
    winner = _choose_winner(sized, best, {label: found[label, best, MAIN.name] for label in rivals})
    asked = [pairs[one.label, one.against, MAIN.name] for one in questions]

    def measure(claim: ClaimSpec) -> float | Difference | None:
        if claim.measure == PARAMETERS:
            return _compute_change(groups[claim.label], groups[claim.against])
        return found.get((claim.label, claim.against, claim.measure))

    return Comparison(
        rows=tuple(
            _build_row(group, interval, groups[compared_with])
            for group, interval in zip(groups.values(), estimates.runs, strict=True)
        ),
        baselines=_collect_baselines(runs),
        contrasts=_build_contrasts(groups, questions, found, _permute(asked, **draws)),
        judgements=tuple(judge_claim(claim, list(groups), measure) for claim in spec.claims),
        compared_with=compared_with,
        winner=winner.label if winner else "",
        winner_model=winner.model if winner else "",
        warnings=tuple(find_warnings(groups)),
        resamples=spec.resamples,
        documents=len(runs[0].document_ids),
        data=runs[0].data,
        decoding=collect_decoding(runs),
        scoring=dict(runs[0].scoring),
    )


def _build_row(group: Sequence[RunScores], interval: Interval, other: Sequence[RunScores]) -> Row:
    return Row(
        label=group[0].label,
        seeds=tuple(run.seed for run in group),
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


def _collect_points(group: Sequence[RunScores], metric: str = MAIN.name) -> Array:
    """Collect scores of a run in points; NaN where a document has none.

    Shape: ``(seeds, documents)``
    """
    return 100 * np.array([run.scores[metric] for run in group], dtype=np.float64)


def _average(group: Sequence[RunScores], metric: str = MAIN.name) -> float | None:
    """Compute the mean of the seeds' means, in points; None where no document has a score."""
    means = [compute_mean(run.scores.get(metric, ())) for run in group]
    mean = compute_mean(means)
    return None if mean is None else 100 * mean


def _collect_baselines(runs: Sequence[RunScores]) -> dict[str, dict[str, float]]:
    found = {name: scores for run in runs for name, scores in run.baselines.items()}
    return {
        name: {metric: 100 * value for metric, value in scores.items()}
        for name, scores in sorted(found.items(), key=lambda item: item[1][MAIN.name])
    }


def _find_common_seeds(group: Sequence[RunScores], other: Sequence[RunScores]) -> tuple[int, ...]:
    return tuple(sorted({run.seed for run in group} & {run.seed for run in other}))


def _pair_all(groups: Mapping[str, Sequence[RunScores]], wanted: Iterable[_Key]) -> dict[_Key, Pair]:
    """Pair two labels' points of a metric, over the seeds in common, or all where there are none.

    What is left out: pairs of which fewer than two documents have a score of all seeds.
    """
    pairs = {}
    for label, against, metric in wanted:
        common = _find_common_seeds(groups[label], groups[against])
        chosen = [
            [run for run in groups[one] if run.seed in common or not common] for one in (label, against)
        ]
        if any(metric not in run.scores for runs in chosen for run in runs):
            continue
        a, b = (_collect_points(runs, metric) for runs in chosen)
        if metric == MAIN.name or find_known(a, b).sum() > 1:
            pairs[label, against, metric] = Pair(a=a, b=b, pair_seeds=bool(common))
    return pairs


def _permute(pairs: Sequence[Pair], *, resamples: int, seed: int) -> list[float]:
    if not pairs:
        return []
    return permute_signs(np.stack([pair.subtract() for pair in pairs]), resamples=resamples, seed=seed)


def _build_contrasts(
    groups: Mapping[str, Sequence[RunScores]],
    questions: Sequence[Question],
    found: Mapping[_Key, Difference],
    permuted: Sequence[float],
) -> tuple[Contrast, ...]:
    differences = [found[one.label, one.against, MAIN.name] for one in questions]
    larger = [max(one.p_value, p) for one, p in zip(differences, permuted, strict=True)]
    rows = zip(questions, differences, permuted, adjust_holm(larger), strict=True)
    contrasts = []
    for question, difference, p_permutation, p_adjusted in rows:
        verdict = choose_verdict(difference, p_adjusted)
        contrast = Contrast(
            label=question.label,
            against=question.against,
            question=question.text,
            answer=question.choose_answer(difference, verdict),
            verdict=verdict,
            seeds=_find_common_seeds(groups[question.label], groups[question.against]),
            difference=difference,
            p_permutation=p_permutation,
            p_adjusted=p_adjusted,
            others={
                name: found[key]
                for name in METRICS
                if name != MAIN.name and (key := (question.label, question.against, name)) in found
            },
        )
        contrasts.append(contrast)
    return tuple(contrasts)


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
