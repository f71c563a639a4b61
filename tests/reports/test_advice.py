from typing import Any

import pytest

from tldrkit.reports.advice import find_advice, foresee_no_dendrites
from tldrkit.specs import TrainSpec

RUN: dict[str, Any] = {
    "steps": 100, "best_step": 75, "best_val_rouge_l": 0.2, "dendrites": 0, "restructurings": [],
}  # fmt: skip


def advise(spec: dict[str, Any], metrics: dict[str, Any], kept: float | None = None) -> str:
    known = {"max_steps": 100, "eval_every": 25, "warmup_steps": 10}
    return "\n".join(find_advice(TrainSpec(**(known | spec)), RUN | metrics, lead=0.08, kept=kept))


def test_a_good_run_gets_no_advice() -> None:
    """Better than the first three sentences, and without dendrites to grow: nothing to say."""
    assert advise({}, {}) == ""


@pytest.mark.parametrize(
    ("spec", "metrics", "kept", "said"),
    [
        ({}, {"best_step": 100}, None, "5.00, where the first three sentences of the threads score 8.00"),
        ({}, {"best_step": 100}, None, "at step 100, was the best: raise --max-steps"),
        ({"lr": 0.01}, {"best_step": 25}, None, "step 25 of 100: lower --lr (0.01)"),
        ({"warmup_steps": 80}, {}, None, "has 80 steps, the training had 100: lower --warmup-steps"),
        ({}, {}, 0.31, "31% of its teacher's parameters"),
    ],
)
def test_poor_rouge_is_explained(
    spec: dict[str, Any], metrics: dict[str, Any], kept: float | None, said: str
) -> None:
    """A run no better than the first three sentences is told what to change, with its own numbers."""
    assert said in advise(spec, {"best_val_rouge_l": 0.05} | metrics, kept)


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        ({}, "the run made 4 validations, and growth waits for 3 without improvement"),
        ({"restructurings": [{}]}, "at step 75, and no network that had grown beat it"),
    ],
)
def test_a_run_that_did_not_grow_is_explained(metrics: dict[str, Any], said: str) -> None:
    """Without dendrites though they were asked for, it says how far growth was."""
    assert said in advise({"do_pb": True}, metrics)


@pytest.mark.parametrize(
    ("mode", "waits", "steps", "said"),
    [
        ("history", 10, 50, "the run makes 2 validations, and growth waits for 10 without improvement"),
        ("history", 3, 100, "makes 4 validations"),
        ("history", 3, 101, ""),
        ("fixed", 1, 25, "the run makes 1 validation, and growth waits for 1 in all"),
        ("fixed", 1, 26, ""),
    ],
)
def test_too_few_validations_to_grow_are_foreseen(mode: Any, waits: int, steps: int, said: str) -> None:  # noqa: ANN401
    """A run that ends before a grown network can be validated is told so; any other one is not."""
    spec = TrainSpec(do_pb=True, switch_mode=mode, n_epochs_to_switch=waits, max_steps=steps, eval_every=25)
    found = foresee_no_dendrites(spec)
    assert said in found
    assert bool(found) == bool(said)
