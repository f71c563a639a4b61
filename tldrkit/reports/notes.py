"""What to mind when reading a comparison: unequal conditions, incomplete intervals, runs that rules beat.

Knows scored runs as values; each note is one sentence.
"""

from collections.abc import Mapping, Sequence

from tldrkit.reports.coverage import warn_of_rounding
from tldrkit.reports.scores import RunScores, compute_cost, list_replications, name_seed
from tldrkit.scoring.metrics import RATING
from tldrkit.texts import count_noun

_FEW_DOCUMENTS = 30
_GROWING = ("B", "F")  # the protocol's runs with dendrites; a label may go on, as in "B at half time"
_MATCHED = 0.02  # share of parameters by which the matched control may miss its size


def find_warnings(groups: Mapping[str, Sequence[RunScores]]) -> list[str]:
    """Find what makes comparable runs unequal or their intervals incomplete: one sentence each."""
    warnings = [
        *_warn_of_untrained(groups),
        *_warn_of_training(groups, "training_tokens", "tokens"),
        *_warn_of_training(groups, "training_steps", "steps"),
        *_warn_of_sizes(groups),
        *_warn_of_growth(groups),
        *_warn_of_seeds(groups),
        *_warn_of_outputs(groups),
    ]
    warnings += warn_of_rounding(groups)
    machines = sorted({run.cost.machine for group in groups.values() for run in group if run.cost})
    if len(machines) > 1:
        warnings.append(f"Times were measured under different conditions: {'; '.join(machines)}.")
    warnings += _tell_of_ratings([run for group in groups.values() for run in group])
    judged = [label for label, group in groups.items() if all(run.encoder for run in group)]
    if judged and len(judged) < len(groups):
        warnings.append(
            f"A BERTScore is known of {_join(judged)} only; `eval --bertscore` gives the others theirs."
        )
    first = next(iter(groups.values()))[0]
    documents = len(first.document_ids)
    if first.hidden:
        warnings.append(
            f"ROUGE knows no letters but a-z: of {first.hidden:,} of "
            f"{count_noun(documents, 'reference')} it sees less than half. Score with --rouge-words "
            "unicode, or read chrF."
        )
    if documents < _FEW_DOCUMENTS:
        warnings.append(
            f"{count_noun(documents, 'thread is', 'threads are')} too few for intervals to be trusted."
        )
    return warnings


def _tell_of_ratings(runs: Sequence[RunScores]) -> list[str]:
    """Tell how much of what runs wrote is rated, where people rated some."""
    ratings = [run.scores[RATING.name] for run in runs if RATING.name in run.scores]
    threads = [own for own in zip(*ratings, strict=True) if any(one is not None for one in own)]
    if not threads:
        return []
    whole = sum(None not in own for own in threads)
    told = f"People rated {count_noun(len(threads), 'thread')}, all runs' summaries of {whole:,}."
    few = "" if whole > 1 else " A difference needs two threads whose summaries are rated of both runs."
    return [f"{told} The lowest rating is 0, the highest 100.{few}"]


def _warn_of_training(groups: Mapping[str, Sequence[RunScores]], field: str, unit: str) -> list[str]:
    amounts = {
        label: {run.seed: int(getattr(run.cost, field)) for run in group if run.cost}
        for label, group in groups.items()
    }
    alike: dict[int, set[int]] = {}  # seeds order the texts, so each may see its own number of tokens
    for seed, amount in (item for own in amounts.values() for item in own.items()):
        alike.setdefault(seed, set()).add(amount)
    if all(len(values) == 1 for values in alike.values()):
        return []
    listed = "; ".join(f"{label} {_join(sorted(set(own.values())))}" for label, own in amounts.items() if own)
    return [f"The runs did not train on the same number of {unit}: {listed}."]


def _warn_of_untrained(groups: Mapping[str, Sequence[RunScores]]) -> list[str]:
    """Name the runs that published the network that came in."""
    runs = [run for group in groups.values() for run in group if run.cost and run.cost.training_steps]
    unchanged = [run for run in runs if run.cost and run.cost.published_steps == 0]
    return [
        f"No validation of {run.name}, was better than the one before its first step: its "
        "weights are those that came in."
        for run in unchanged
    ]


def _warn_of_outputs(groups: Mapping[str, Sequence[RunScores]]) -> list[str]:
    runs = [run for group in groups.values() for run in group]
    warnings = []
    given = list(dict.fromkeys(run.label for run in runs if run.decoding is None))
    if given:
        warnings.append(
            f"The outputs of {_join(given)} were given: how they were decoded, and the cost, is unknown."
        )
    empty = ("empty prediction, which scores", "empty predictions, which score")
    return warnings + [f"{run.reference} has {count_noun(run.empty, *empty)} 0." for run in runs if run.empty]


def _warn_of_sizes(groups: Mapping[str, Sequence[RunScores]]) -> list[str]:
    warnings = []
    for label, group in groups.items():
        sizes = sorted({run.cost.parameters for run in group if run.cost})
        if len(sizes) > 1:
            warnings.append(
                f"Seeds of {label} differ in parameters ({_join(sizes)}): the table shows their mean."
            )
    for label in (label for label in groups if label.partition(" ")[0] == "B"):
        control = "D" + label[1:]
        own, matched = (compute_cost(groups.get(name, ()), "parameters") for name in (label, control))
        if own and matched and abs(matched / own - 1) > _MATCHED:
            words = f"{100 * abs(matched / own - 1):.1f} % {'more' if matched > own else 'fewer'}"
            warnings.append(f"{control} has {words} parameters than {label}: it is no control of its size.")
    return warnings


def _warn_of_growth(groups: Mapping[str, Sequence[RunScores]]) -> list[str]:
    """Name the runs that were to grow dendrites, and published none."""
    warnings = []
    for label in (label for label in groups if label.partition(" ")[0] in _GROWING):
        grown = [run for run in groups[label] if run.cost]
        bare = [run for run in grown if run.cost and not run.cost.dendrites]
        if bare and len(bare) == len(grown):
            warnings.append(f"No dendrites were published by {label}: what it scores says nothing of them.")
        elif bare:
            seeds = count_noun(len(grown), "seed")
            named = [name_seed(run.seed, run.replication) for run in bare]
            warnings.append(
                f"No dendrites were published by {label} in {len(bare)} of {seeds} ({_join(named)})."
            )
    return warnings


def _warn_of_seeds(groups: Mapping[str, Sequence[RunScores]]) -> list[str]:
    replications = len(list_replications([run for group in groups.values() for run in group]))
    if replications > 1:
        few = "Two replications say little about the spread between them: pooled intervals are very wide."
        return [few] if replications == 2 else []
    seeds = {label: [run.seed for run in group] for label, group in groups.items()}
    warnings = _warn_of_shared_bases(groups)
    if len({tuple(own) for own in seeds.values()}) > 1:
        listed = "; ".join(f"{label} {_join(own)}" for label, own in seeds.items())
        warnings.append(
            f"The runs have different seeds ({listed}): a difference pairs the seeds both have; "
            "without any, and against a single run, it takes seeds as independent."
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


def _warn_of_shared_bases(groups: Mapping[str, Sequence[RunScores]]) -> list[str]:
    """Name the labels of which some seeds share a base and others have another: they are not independent."""
    bases = {label: [run.origin.base for run in group if run.origin] for label, group in groups.items()}
    shared = [label for label, own in bases.items() if 1 < len({*own}) < len(own)]
    if not shared:
        return []
    return [
        f"Some seeds of {_join(shared)} go back to one base, others to another. The interval takes all for "
        "independent, and may be too narrow. Stores of one base each, with --also, are pooled by base."
    ]


def _join(values: Sequence[object]) -> str:
    return ", ".join(f"{value:,}" if isinstance(value, int) else str(value) for value in values)
