"""What a verdict covers: these weights, the base they go back to, or more; and what else may have decided it.

Knows scored runs as values; knows nothing of differences or files.
"""

from collections.abc import Callable, Mapping, Sequence

from tldrkit.reports.scores import RunScores

_WEIGHTS, _BASE, _BASES, _RUNS = "these weights", "this base", "these bases", "these runs"

_REASONS = {
    "": "",
    _WEIGHTS: "With one seed that is said of these weights, not of how they were made.",
    _BASE: "All these runs go back to one base: that is said of this base, not of others.",
    _BASES: "Each side goes back to one base of its own: that is said of these bases, not of others.",
    _RUNS: "Not of all these runs is it known which base they go back to: that is said of these runs.",
}


def find_scope(one: Sequence[RunScores], other: Sequence[RunScores]) -> str:
    """Find what a difference between two labels' runs can be said of; empty where of how they are made.

    The seeds say how much training scatters from one base, and nothing of another base: a base is drawn once,
    however many runs go back to it.
    """
    if min(len(one), len(other)) == 1:
        return _WEIGHTS
    sides = [{run.origin.base if run.origin else "" for run in side} for side in (one, other)]
    if "" in sides[0] | sides[1]:
        return _RUNS
    if min(map(len, sides)) > 1:
        return ""
    return _BASE if sides[0] == sides[1] else _BASES


def limit_verdict(verdict: str, scope: str) -> str:
    """Say what a verdict is said of, where that is not everything: ``held, of this base only``."""
    return f"{verdict}, of {scope} only" if scope else verdict


def explain_scope(scope: str) -> str:
    """Explain a scope in a sentence; empty where there is nothing to explain."""
    return _REASONS[scope]


def warn_of_rounding(groups: Mapping[str, Sequence[RunScores]]) -> list[str]:
    """Name what runs were trained and written on, and trained in, where that is not the same for all.

    Other processors and number formats round otherwise, and training may magnify that to other weights.
    """
    told: dict[str, Callable[[RunScores], str]] = {
        "Trained on different processors": lambda run: run.origin.trained_on if run.origin else "",
        "Trained in different number formats": lambda run: run.origin.trained_in if run.origin else "",
        "Summaries were written on different processors": lambda run: run.scored_on,
    }
    found = {title: _sort(groups, find) for title, find in told.items()}
    return [
        f"{title}, whose rounding differs: "
        + "; ".join(f"{place}: {', '.join(names)}" for place, names in places.items())
        + "."
        for title, places in found.items()
        if len(places) > 1
    ]


def _sort(
    groups: Mapping[str, Sequence[RunScores]], find: Callable[[RunScores], str]
) -> dict[str, list[str]]:
    """Sort runs by what is found of them, under their names; a label where that is so of all its runs."""
    places: dict[str, list[str]] = {}
    for label, group in groups.items():
        found = [find(run) for run in group]
        if len({*found}) == 1:
            named = {label: found[0]}
        else:
            named = dict(zip((run.name for run in group), found, strict=True))
        for name, place in named.items():
            if place:
                places.setdefault(place, []).append(name)
    return places
