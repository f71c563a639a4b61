from typing import Any

import torch

from tests.notes import Notes
from tests.training.test_loop import fit, weights
from tldrkit.datasets.examples import Corpus
from tldrkit.specs import TrainSpec
from tldrkit.training.averaging import build_average

CONSTANT: dict[str, Any] = {"schedule": "constant", "dropout": 0.0, "lr": 1e-2, "seed": 3}


def test_it_is_the_mean_and_then_exponential() -> None:
    """Until the horizon every step counts alike; from there on the decay is one minus its inverse."""
    network = torch.nn.Linear(1, 1, bias=False)
    average = build_average(network, TrainSpec(average_steps=2))
    assert average is not None
    told = []
    for step, value in enumerate((6.0, 2.0, 8.0), start=1):
        network.weight.data.fill_(value)
        average.add(step)
        told.append(float(average.means["weight"]))

    assert told == [6.0, 4.0, 6.0]
    average.swap()
    assert (float(network.weight.detach()), float(average.means["weight"])) == (6.0, 8.0)
    average.swap()
    assert (float(network.weight.detach()), float(average.means["weight"])) == (8.0, 6.0)
    assert build_average(network, TrainSpec()) is None


def test_the_average_is_validated_and_published(examples: Corpus) -> None:
    """What comes out is the mean of the weights after each step, and training itself goes on without it."""
    notes = Notes()
    averaged = fit(examples, notes, max_steps=3, eval_every=3, average_steps=100, **CONSTANT)
    steps = [weights(fit(examples, max_steps=count, eval_every=count, **CONSTANT)) for count in (1, 2, 3)]
    plain = fit(examples, max_steps=3, eval_every=3, **CONSTANT)

    assert averaged.metrics["best_step"] == plain.metrics["best_step"] == 3
    for name, weight in weights(averaged).items():
        mean = torch.stack([step[name] for step in steps]).mean(0)
        torch.testing.assert_close(weight, mean, atol=1e-6, rtol=1e-5)
    losses = [event["val_loss"] for event in notes.events if event["kind"] == "validation"]
    assert losses[-1] != plain.metrics["validations"][-1]["loss"]


def test_a_validation_leaves_training_as_it_was(examples: Corpus) -> None:
    """How often the average is looked at changes nothing of what it becomes."""
    rare, often = (
        weights(fit(examples, max_steps=4, eval_every=every, average_steps=2, **CONSTANT)) for every in (4, 1)
    )

    assert all(torch.equal(rare[name], often[name]) for name in rare)
