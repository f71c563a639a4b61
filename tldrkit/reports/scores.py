"""The scores of one run, what it costs, and whether several can be set side by side.

Knows scores, sizes and seconds as values; knows nothing of files, networks or intervals.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np

from tldrkit.errors import ComparisonError
from tldrkit.scoring.metrics import MetricScores
from tldrkit.scoring.overlap import ROUGE_TYPES, describe_rouge
from tldrkit.store.lineage import Origin

SCORES_FORMAT = 3
"""Of what ``to_dict`` gives; other numbers are other versions' and not read."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a network weighs, what its summaries take, and what its training took."""

    parameters: int
    """Deployed parameters, tied ones counted once."""
    bytes: int
    """Weights on disk."""
    latency_median: float
    """Seconds per thread, one at a time after a warm-up."""
    latency_p95: float
    """Seconds per thread, likewise."""
    batch_size: int
    """Threads decoded together where the two rates below were highest."""
    threads_per_second: float
    tokens_per_second: float
    peak_memory: int
    """Bytes: most memory of the process while it decoded, or of the GPU where there was one."""
    joules_per_thread: float | None
    """Energy of the processor's package, whatever else it did; None where the machine does not tell."""
    machine: str
    """What the times were measured on."""
    training_tokens: int
    """Of the whole run; what runs must have in common."""
    training_steps: int
    training_seconds: float
    dendrites: int
    published_steps: int | None = None
    """Those that the published weights went through: 0 where they are the ones that came in."""
    published_tokens: int | None = None


@dataclass(frozen=True, kw_only=True)
class RunScores:
    """What one scored run tells a comparison."""

    label: str
    """A, B, C or D, or the name of an artifact; runs of one label are its seeds."""
    seed: int
    reference: str
    """The scores' own reference, such as ``a/eval@v1``."""
    model: str
    """Reference of the scored model; empty where outputs were given."""
    document_ids: tuple[str, ...]
    scores: dict[str, MetricScores]
    """For each of ``ROUGE_TYPES`` one fraction per document; of other metrics those there are."""
    empty: int
    """Predictions without a word of any script; they score 0."""
    data: str
    """The data set and split, for people."""
    data_digest: str
    """Digest of ids and references."""
    documents_digest: str
    """Digest of the documents; empty where they are not known."""
    decoding: dict[str, Any] | None
    """Settings of the search, but for the prefix equal in comparable runs; None where outputs were given."""
    baselines: dict[str, dict[str, float]]
    """Mean fractions, for each of ``ROUGE_TYPES`` at least, of summaries made by rules (Lead-3, ...)."""
    cost: Cost | None
    """None where outputs were given."""
    hidden: int = 0
    """Documents with references mostly in letters that ROUGE does not know."""
    scoring: dict[str, str | bool] = field(default_factory=describe_rouge)
    """Settings of ROUGE; equal in comparable runs."""
    origin: Origin | None = None
    """What a verdict on the scored model hangs on; None where it is not known."""
    scored_on: str = ""
    """The processor or GPU that wrote the summaries; empty where not known."""
    replication: str = ""
    """The store it came from, where a comparison has runs of several."""
    encoder: dict[str, Any] | None = None
    """Name, digest and layer of the encoder behind BERTScore; None where there is none. Digest and layer are
    equal in comparable runs."""

    @property
    def name(self) -> str:
        """The run's name for people."""
        return name_run(self.label, self.seed, self.replication)

    def __post_init__(self) -> None:
        missing = [metric for metric in ROUGE_TYPES if metric not in self.scores]
        if missing:
            raise ComparisonError(
                f"{self.reference} lacks scores of {', '.join(missing)}.", hint="Score it again."
            )
        for metric, values in self.scores.items():
            known = [value for value in values if value is not None]
            complete = len(known) == len(values) or metric not in ROUGE_TYPES
            if len(values) != len(self.document_ids) or not complete or not np.isfinite(known).all():
                raise ComparisonError(
                    f"{self.reference} does not have one {metric} score per document.", hint="Score it again."
                )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, and the format's number, as JSON values."""
        return {"format": SCORES_FORMAT, **asdict(self)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "RunScores":
        """Build from the fields; keys that are no fields are ignored.

        Raises:
            KeyError, TypeError, ValueError: A field is absent or of another kind.
            ComparisonError: They are of another format, or scores are absent or do not fit the documents.
        """
        if values.get("format") != SCORES_FORMAT:
            raise ComparisonError(
                f"{values['reference']} was scored by another version of tldrkit.", hint="Score it again."
            )
        known = {each.name: values[each.name] for each in fields(cls) if each.name in values}
        known["document_ids"] = tuple(known["document_ids"])
        known["scores"] = {metric: tuple(scores) for metric, scores in dict(known["scores"]).items()}
        cost = Cost(**known["cost"]) if known["cost"] else None
        origin = Origin(**known["origin"]) if known.get("origin") else None
        return cls(**known | {"cost": cost, "origin": origin})


def name_run(label: str, seed: int, replication: str = "") -> str:
    """Name a run for people."""
    return f"{label}, seed {name_seed(seed, replication)}"


def name_seed(seed: int, replication: str = "") -> str:
    """Name a seed, with its store where there are several."""
    return f"{seed} ({replication})" if replication else str(seed)


def list_replications(runs: Sequence[RunScores]) -> list[str]:
    """List the replications that runs belong to, each once, in order."""
    return list(dict.fromkeys(run.replication for run in runs))


def group_runs(runs: Sequence[RunScores]) -> dict[str, list[RunScores]]:
    """Group runs by label: labels and replications in the order they come in, seeds in numerical order.

    Raises:
        ComparisonError: No runs, a label twice with one seed or the same weights, or runs that differ in
            documents, data, decoding or scoring.
    """
    if not runs:
        raise ComparisonError("There are no runs to compare.", hint="Score a run with `tldrkit eval` first.")
    _check_references(runs)
    _check_documents([run for run in runs if run.documents_digest])
    _check_decoding([run for run in runs if run.decoding is not None])
    for run in runs[1:]:
        _check_settings(f"{runs[0].reference} and {run.reference}", "scored", runs[0].scoring, run.scoring)
    _check_encoders([run for run in runs if run.encoder is not None])
    groups: dict[str, list[RunScores]] = {run.label: [] for run in runs}
    names = list_replications(runs)
    for run in sorted(runs, key=lambda run: (names.index(run.replication), run.seed)):
        groups[run.label].append(run)
    for group in groups.values():
        _check_apart(group)
    return groups


def _check_apart(group: Sequence[RunScores]) -> None:
    """Check that no run of a label counts twice."""
    by_seed: dict[tuple[str, int], RunScores] = {}
    by_weights: dict[str, RunScores] = {}
    for run in group:
        other = by_seed.setdefault((run.replication, run.seed), run)
        if other is not run:
            raise _refuse_twice(other, run, f"with seed {run.seed}")
        if run.origin:
            other = by_weights.setdefault(run.origin.weights, run)
            if other.replication != run.replication:
                raise _refuse_twice(other, run, "with the same weights")


def _refuse_twice(one: RunScores, other: RunScores, same: str) -> ComparisonError:
    return ComparisonError(
        f"{one.reference} and {other.reference} are both {other.label} {same}.",
        hint="Name one of them: weights count once, however often they are copied or made again.",
    )


def _check_references(runs: Sequence[RunScores]) -> None:
    first = runs[0]
    for run in runs[1:]:
        names = _name_pair(first, run)
        if len(first.document_ids) != len(run.document_ids):
            counts = f"{len(first.document_ids)} and {len(run.document_ids)}"
            raise ComparisonError(
                f"{names} score different documents: {counts}.", hint="Score both on one split."
            )
        pairs = zip(first.document_ids, run.document_ids, strict=True)
        for number, (one, other) in enumerate(pairs, start=1):
            if one != other:
                raise ComparisonError(
                    f"{names} score different documents: number {number} is {one!r} and {other!r}.",
                    hint="Score both on one split, in the same order and under the same ids.",
                )
        if first.data_digest != run.data_digest:
            raise ComparisonError(
                f"{names} are scored against different references.",
                hint="Score both on the same version of the data.",
            )


def _check_documents(runs: Sequence[RunScores]) -> None:
    for run in runs[1:]:
        if run.documents_digest != runs[0].documents_digest:
            raise ComparisonError(
                f"{_name_pair(runs[0], run)} summarize different documents under the same ids.",
                hint="Score both on the same version of the data.",
            )


def _check_decoding(runs: Sequence[RunScores]) -> None:
    for run in runs[1:]:
        names = f"{runs[0].reference} and {run.reference}"
        one, other = (_drop_prefix(each.decoding or {}) for each in (runs[0], run))
        _check_settings(names, "decoded", one, other)


def _check_encoders(runs: Sequence[RunScores]) -> None:
    for run in runs[1:]:
        names = f"{runs[0].reference} and {run.reference}"
        one, other = (
            {f"BERTScore's {key}": (each.encoder or {}).get(key) for key in ("digest", "layer")}
            for each in (runs[0], run)
        )
        _check_settings(names, "scored", one, other)


def _drop_prefix(decoding: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the prefix: each network has its own, as it was taught, or none."""
    return {name: value for name, value in decoding.items() if name != "prefix"}


def collect_decoding(runs: Sequence[RunScores]) -> dict[str, Any]:
    """Collect the settings of the search that all runs have in common whose settings are known."""
    known = [run.decoding for run in runs if run.decoding is not None]
    first = known[0] if known else {}
    return {name: value for name, value in first.items() if all(one.get(name) == value for one in known)}


def _name_pair(one: RunScores, other: RunScores) -> str:
    """Name two runs, and their data where it has different names."""
    if one.data == other.data:
        return f"{one.reference} and {other.reference}"
    return f"{one.reference} ({one.data}) and {other.reference} ({other.data})"


def _check_settings(names: str, done: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> None:
    keys = [key for key in sorted({*one, *other}) if one.get(key) != other.get(key)]
    if keys:
        differing = ", ".join(f"{key} {one.get(key)!r} and {other.get(key)!r}" for key in keys)
        raise ComparisonError(f"{names} are {done} differently: {differing}.", hint="Score both alike.")


def compute_cost(runs: Sequence[RunScores], name: str) -> float | None:
    """Compute the mean of a field of the costs that are known; None where none is."""
    costs = [getattr(run.cost, name) for run in runs if run.cost]
    known = [float(value) for value in costs if value is not None]
    return sum(known) / len(known) if known else None
