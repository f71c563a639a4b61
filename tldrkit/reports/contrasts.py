"""The questions of a comparison with their answers: differences, how sure they are, and what they cover.

Knows scored runs as values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tldrkit.reports.claims import describe_difference
from tldrkit.reports.matching import Match, match_runs
from tldrkit.reports.questions import Question, choose_verdict
from tldrkit.reports.scores import RunScores
from tldrkit.scoring.intervals import LEVEL, POWER, Difference, Pair
from tldrkit.scoring.metrics import MAIN, METRICS
from tldrkit.scoring.significance import adjust_holm, permute_signs
from tldrkit.texts import count_noun


@dataclass(frozen=True, kw_only=True)
class UnitContrast:
    """The same difference within one unit: a seed, or a replication with its own seeds."""

    name: str
    difference: Difference


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """A question, asked of two labels' points of the main metric: ``label`` minus ``against``."""

    label: str
    against: str
    question: str
    answer: str
    verdict: str
    """``shown (higher)`` or ``shown (lower)``, with what that is said of, or ``not shown``."""
    seeds: tuple[int, ...]
    """Seeds both have, paired; none where seeds could not be paired."""
    runs: tuple[int, int]
    """Of ``label`` and of ``against``."""
    difference: Difference
    p_permutation: float
    """Of these networks on other documents."""
    p_adjusted: float
    """The larger of both p values, corrected by Holm for the questions asked; the verdict rests on it."""
    others: dict[str, Difference]
    """Of every other metric that both have, over the documents of which both have a score."""
    unit: str = "seed"
    """What the interval counts as one: a seed, or a replication with all its seeds."""
    parts: tuple[UnitContrast, ...] = ()
    """The difference within each unit; none where there is one only."""

    @property
    def sentence(self) -> str:
        """The question, the difference with its interval, what it rests on, and the verdict."""
        pairing = "" if self.seeds else f" (seeds unpaired: {self.runs[0]} and {self.runs[1]})"
        return (
            f"{self.question} {self.label} - {self.against} = "
            f"{describe_difference(self.difference, unit=self.unit)}"
            f"{pairing}, p = {self.p_adjusted:.2g}: {self.verdict}."
        )

    @property
    def power(self) -> str:
        """The smallest difference that this comparison could be expected to show, in a sentence."""
        rests = f"{count_noun(self.difference.seeds, self.unit)} and "
        rests += count_noun(self.difference.documents, "thread")
        return (
            f"The smallest difference it had an {100 * POWER:.0f} % chance to show, with {rests}: "
            f"{self.difference.detectable:.2f} points."
        )

    @property
    def whole(self) -> str:
        """All that is said of it: the sentence, its answer, and what could have been shown."""
        return " ".join([self.sentence, self.answer, self.power])

    @property
    def beside(self) -> list[str]:
        """The replications beside each other, a sentence each; none where there is one alone."""
        parts = self.parts if self.unit == "replication" else ()
        pair = f"{self.label} - {self.against}"
        return [f"{one.name}: {pair} = {describe_difference(one.difference)}." for one in parts]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Contrast":
        """Build from the JSON form."""
        parts = tuple(
            UnitContrast(name=one["name"], difference=Difference(**one["difference"]))
            for one in values.get("parts", ())
        )
        difference = Difference(**values["difference"])
        others = {name: Difference(**other) for name, other in values["others"].items()}
        built = {"difference": difference, "parts": parts, "others": others}
        return cls(**{**values, **built, **{name: tuple(values[name]) for name in ("seeds", "runs")}})


@dataclass(frozen=True)
class Key:
    """What a difference is of: two labels, a metric, and one unit, or empty for all of them."""

    label: str
    against: str
    metric: str = MAIN.name
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class AskedContrast:
    """A question, the runs that answer it, and what is to be computed."""

    question: Question
    match: Match
    pairs: dict[Key, Pair]


def ask(groups: Mapping[str, Sequence[RunScores]], questions: Sequence[Question]) -> list[AskedContrast]:
    """Find what answers each question; to be shown it has to stand the strictest of Holm's corrections."""
    level = 1 - (1 - LEVEL) / max(1, len(questions))
    asked = []
    for question in questions:
        match = match_runs(groups[question.label], groups[question.against])
        key = Key(question.label, question.against)
        pairs = {key: match.pair(level=level)}
        pairs |= {replace(key, unit=name): unit.pair() for name, unit in match.split().items()}
        others = {name: match.find_pair(name) for name in METRICS if name != MAIN.name}
        pairs |= {replace(key, metric=name): pair for name, pair in others.items() if pair}
        asked.append(AskedContrast(question=question, match=match, pairs=pairs))
    return asked


def build_contrasts(
    asked: Sequence[AskedContrast], found: Mapping[Key, Difference], *, resamples: int, seed: int
) -> tuple[Contrast, ...]:
    """Build the answers from the differences of all pairs."""
    if not asked:
        return ()
    main = [Key(one.question.label, one.question.against) for one in asked]
    table = np.stack([one.pairs[key].subtract() for one, key in zip(asked, main, strict=True)])
    permuted = permute_signs(table, resamples=resamples, seed=seed)
    larger = [max(found[key].p_value, p) for key, p in zip(main, permuted, strict=True)]
    rows = zip(asked, main, permuted, adjust_holm(larger), strict=True)
    contrasts = []
    for one, key, p_permutation, p_adjusted in rows:
        difference, scope = found[key], one.match.scope
        contrast = Contrast(
            label=one.question.label,
            against=one.question.against,
            question=one.question.text,
            answer=one.question.choose_answer(difference, p_adjusted, scope),
            verdict=choose_verdict(difference, p_adjusted, scope),
            seeds=one.match.seeds,
            runs=(len(one.match.one), len(one.match.other)),
            difference=difference,
            p_permutation=p_permutation,
            p_adjusted=p_adjusted,
            others={other.metric: found[other] for other in one.pairs if other.metric != MAIN.name},
            unit=one.match.unit,
            parts=tuple(
                UnitContrast(name=part.unit, difference=found[part]) for part in one.pairs if part.unit
            ),
        )
        contrasts.append(contrast)
    return tuple(contrasts)
