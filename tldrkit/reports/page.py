"""A comparison as a Markdown page."""

from collections.abc import Sequence
from functools import partial

from tldrkit.reports.comparison import ComparedRuns, LabelRow
from tldrkit.reports.tables import (
    build_costs,
    build_differences,
    build_others,
    build_quality,
    build_replications,
)
from tldrkit.scoring.metrics import MAIN
from tldrkit.texts import count_noun, show_text

WINNER_RULE = (
    f"the run with the fewest parameters whose {MAIN.head} is not shown to be lower than the best run's (the "
    "95 % interval of the difference reaches 0); of its seeds the first, not the best"
)


SCALE = "Scores are times 100; brackets hold 95 % intervals."

POOLING_RULE = (
    "Pooled, a replication counts as one, as a seed does within a store: its runs are averaged thread by "
    "thread into one row, and R rows have the interval m* + sqrt(v / R) t, with m* the mean over resampled "
    "threads, v the variance between rows, and t Student's with R - 1 degrees of freedom."
)

OTHERS_RULE = (
    "Points, with 95 % intervals, over the threads of which both runs have a score (a summary without names "
    "has no unsupported ones). They are not corrected for being many: the verdicts are those on "
    f"{MAIN.head} alone."
)


def render_markdown(comparison: ComparedRuns) -> str:
    """Render the tables, the differences, the choice and what they rest on, as one Markdown page."""
    blocks = [
        "# Comparison",
        render_table(build_quality(comparison)),
        f"{SCALE} MB are weights on disk; seconds are per thread, "
        "one at a time (median, 95th percentile). Below the runs: summaries made by rules.",
        f"## Differences in {MAIN.head}",
        render_list([contrast.whole for contrast in comparison.contrasts]),
        *_render_replications(comparison),
        *_render_differences(comparison),
        *_render_claims(comparison),
        "## The run to take",
        _render_winner(comparison),
        "## Mind",
        render_list(find_notes(comparison)),
        "## The summaries",
        render_table(build_others(comparison)),
        "Means over threads; docs/reference/scores.md defines them.",
        *_render_costs(comparison),
        "## Made with",
        render_list(describe_method(comparison)),
    ]
    return show_text("\n\n".join(blocks) + "\n")


def find_notes(comparison: ComparedRuns) -> list[str]:
    """Find what to mind when reading: the warnings, and the runs that rules without a network beat."""
    return [*comparison.warnings, *filter(None, map(partial(_note_beaten, comparison), comparison.rows))]


def _note_beaten(comparison: ComparedRuns, row: LabelRow) -> str:
    own = row.interval.mean
    floors = {name: scores[MAIN.name] for name, scores in comparison.baselines.items()}
    better = [
        f"{name} ({MAIN.show(score)})"
        for name, score in floors.items()
        if "oracle" not in name.lower() and own < score
    ]
    if not better:
        return ""
    return (
        f"{row.label} scores {MAIN.show(own)} {MAIN.head}, below what needs no network: {', '.join(better)}."
    )


def _render_differences(comparison: ComparedRuns) -> list[str]:
    table = build_differences(comparison)
    return ["## Differences in every metric", render_table(table), OTHERS_RULE] if len(table) > 1 else []


def _render_replications(comparison: ComparedRuns) -> list[str]:
    if not comparison.replications:
        return []
    beside = render_list([line for contrast in comparison.contrasts for line in contrast.beside])
    return ["## Replications", render_table(build_replications(comparison)), beside, POOLING_RULE]


def _render_claims(comparison: ComparedRuns) -> list[str]:
    if not comparison.judgements:
        return []
    return ["## Claims", render_list([judgement.sentence for judgement in comparison.judgements])]


def _render_costs(comparison: ComparedRuns) -> list[str]:
    table = build_costs(comparison)
    return ["## The costs", render_table(table)] if len(table[0]) > 1 else []


def _render_winner(comparison: ComparedRuns) -> str:
    if not comparison.winner:
        return "None: only outputs were given."
    return (
        f"**{comparison.winner}** (`{comparison.winner_model}`): {WINNER_RULE}. "
        "Not shown to be lower does not mean shown to be equal."
    )


def render_list(sentences: Sequence[str]) -> str:
    """Render sentences as a Markdown list."""
    return "\n".join(f"- {sentence}" for sentence in sentences or ["Nothing."])


def render_table(table: list[list[str]]) -> str:
    """Render cells as a Markdown table; the first line holds the heads."""
    heads, *lines = table
    rule = ["---", *["---:"] * (len(heads) - 1)]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in (heads, rule, *lines)
    )


def _describe_encoder(comparison: ComparedRuns) -> list[str]:
    if comparison.encoder is None:
        return []
    name, digest, layer = (comparison.encoder[key] for key in ("name", "digest", "layer"))
    return [f"BERTScore: F1 by the vectors of {name} (digest {digest[:12]}), layer {layer}, not rescaled."]


def describe_method(comparison: ComparedRuns) -> list[str]:
    """Describe what the numbers rest on."""
    return [
        f"{count_noun(comparison.documents, 'thread')} of {comparison.data}; intervals from "
        f"{count_noun(comparison.resamples, 'draw')}: documents resampled (paired bootstrap), seeds by "
        "Student's t. Intervals are not corrected for asking several questions; p is the larger of theirs "
        "and of a paired permutation test's, corrected by Holm, and a difference is shown where p is below "
        "0.05. The smallest difference with an 80 % chance to be shown comes from the same draws, for the "
        "strictest of Holm's corrections.",
        "ROUGE: " + ", ".join(f"{key} {value}" for key, value in comparison.scoring.items()) + ".",
        *_describe_encoder(comparison),
        "Decoding: "
        + (", ".join(f"{key} {value!r}" for key, value in comparison.decoding.items()) or "not known")
        + ".",
        "Scores: " + ", ".join(reference for row in comparison.rows for reference in row.references) + ".",
    ]
