"""What to do about a training run that came out badly, said with its own numbers."""

from collections.abc import Iterator, Mapping
from typing import Any

from tldrkit.scoring.metrics import MAIN
from tldrkit.specs import TrainSpec
from tldrkit.texts import count_noun

_SMALL = 0.5  # share of the teacher's parameters below which compression is a suspect


def find_advice(
    spec: TrainSpec, metrics: Mapping[str, Any], *, lead: float, kept: float | None
) -> Iterator[str]:
    """Find what is wrong with a run, and the settings that may mend it: one sentence or two each.

    Args:
        spec: The run.
        metrics: What it reached.
        lead: Score of the first three sentences on the same validation threads, 0 to 1.
        kept: Share of its teacher's parameters that the network it began from had; None where it is whole.
    """
    if spec.do_pb and not metrics["dendrites"]:
        yield _explain_no_dendrites(spec, metrics)
    if metrics["best_val_rouge_l"] <= lead:
        yield " ".join(_explain_poor_score(spec, metrics, lead, kept))


def foresee_no_dendrites(spec: TrainSpec) -> str:
    """Tell that a run will publish no dendrites, where it ends before a grown network can be validated.

    Returns:
        A sentence or two; empty where dendrites may be grown.
    """
    waits = spec.n_epochs_to_switch + (spec.switch_mode == "history")  # the first score improves on none
    if _count_validations(spec, spec.max_steps) > waits:
        return ""
    return f"No dendrites can be grown: {_describe_growth(spec, spec.max_steps, 'makes')}"


def _count_validations(spec: TrainSpec, steps: int) -> int:
    """Count the validations of so many steps: every so often, and behind the last."""
    return -(-steps // spec.eval_every)


def _describe_growth(spec: TrainSpec, steps: int, made: str) -> str:
    validations = _count_validations(spec, steps)
    when = "without improvement" if spec.switch_mode == "history" else "in all"
    return (
        f"the run {made} {count_noun(validations, 'validation')}, and growth waits for "
        f"{spec.n_epochs_to_switch} {when}. Lower --n-epochs-to-switch or --eval-every, raise --max-steps, "
        "or use --switch-mode fixed."
    )


def _explain_no_dendrites(spec: TrainSpec, metrics: Mapping[str, Any]) -> str:
    if metrics["restructurings"]:
        return (
            "The published network has no dendrites: the best validation was at step "
            f"{metrics['best_step']}, and no network that had grown beat it. Raise --max-steps."
        )
    return f"No dendrites were grown: {_describe_growth(spec, metrics['steps'], 'made')}"


def _explain_poor_score(
    spec: TrainSpec, metrics: Mapping[str, Any], lead: float, kept: float | None
) -> Iterator[str]:
    best, steps = metrics["best_step"], metrics["steps"]
    yield (
        f"Poor {MAIN.head}: {MAIN.show(100 * metrics['best_val_rouge_l'])}, where the first three sentences "
        f"of the threads score {MAIN.show(100 * lead)}."
    )
    if 2 * spec.warmup_steps >= steps:
        yield (
            f"The warm-up has {count_noun(spec.warmup_steps, 'step')}, the training had {steps:,}: "
            "lower --warmup-steps."
        )
    if best == steps:
        yield f"The last validation, at step {steps:,}, was the best: raise --max-steps."
    elif 2 * best <= steps:
        rate = f"lower --lr ({spec.lr:g})"
        yield f"The best validation was at step {best:,} of {steps:,}: {rate}, or raise --dropout."
    if kept is not None and kept < _SMALL:
        yield f"The network began with {kept:.0%} of its teacher's parameters: keep more, or add --teacher."
