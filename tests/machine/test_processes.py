from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tldrkit.errors import DataError, ModelError, ProcessError
from tldrkit.machine import processes
from tldrkit.machine.processes import exchange, spread_weights, sum_gradients, telling_failures


class Other:
    """A second process, and what it brings to the next meeting."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.part: Any = None
        self.heard: list[Any] = []
        self.gradients = torch.zeros(0)
        monkeypatch.setattr(processes, "PartialState", lambda: SimpleNamespace(num_processes=2))
        monkeypatch.setattr(processes, "gather_object", self.meet)
        monkeypatch.setattr(processes, "reduce", self.add)

    def meet(self, parts: list[Any]) -> list[Any]:
        """Hear what the first process brings, and bring the own part."""
        self.heard += parts
        if isinstance(self.part, Exception):
            raise self.part
        return [*parts, self.part]

    def add(self, flat: Tensor, reduction: str) -> Tensor:
        """Add the own flags and gradients."""
        assert reduction == "sum"
        return flat + self.gradients


@pytest.fixture
def other(monkeypatch: pytest.MonkeyPatch) -> Other:
    return Other(monkeypatch)


def test_one_process_tells_itself() -> None:
    """Alone, an exchange gives back what was brought, and gradients stay as they are."""
    network = nn.Linear(2, 1)
    network.weight.grad = torch.ones(1, 2)
    sum_gradients(network)

    assert exchange("mine") == ["mine"]
    assert torch.equal(network.weight.grad, torch.ones(1, 2))
    assert network.bias.grad is None


def test_a_missing_gradient_is_zeros_unless_all_miss_it(other: Other) -> None:
    """The optimizer then leaves alone what one process alone would leave alone, weight decay included."""
    network = nn.ParameterList([torch.ones(2), torch.ones(1), torch.ones(1), torch.ones(1)])
    here, there, both, nowhere = network
    here.grad, both.grad = torch.tensor([1.0, 2.0]), torch.tensor([3.0])
    other.gradients = torch.tensor([0, 1, 1, 0, 0, 0, 4.0, 5.0, 0])  # flags, then gradients

    sum_gradients(network)

    assert [p.grad.tolist() for p in (here, there, both)] == [[1.0, 2.0], [4.0], [8.0]]
    assert nowhere.grad is None


def test_a_failure_is_told_at_the_next_meeting(other: Other) -> None:
    """The failing process brings its error instead of its part; who hears it fails of it, hint included."""
    with pytest.raises(DataError), telling_failures():
        raise DataError("a text is torn", hint="Mend it.")
    (other.part,) = other.heard

    with pytest.raises(ProcessError, match="Process 1 failed: a text is torn") as caught, telling_failures():
        exchange("mine")

    assert caught.value.hint == "Mend it."
    assert other.heard[1:] == ["mine"]  # what others told is not told again


def test_a_process_that_vanished_is_a_clear_error(other: Other) -> None:
    """A broken connection says that another process ended; a failure of one's own goes before it."""
    other.part = RuntimeError("Connection closed by peer")

    with pytest.raises(ProcessError, match="ended without a word"):
        exchange("mine")
    with pytest.raises(DataError), telling_failures():
        raise DataError("a text is torn")


def test_processes_with_different_networks_stop(other: Other) -> None:
    """Weights go to the other processes only where names and shapes are the same in all."""
    other.part = [("weight", (1, 3)), ("bias", (1,))]

    with pytest.raises(ModelError, match="different networks"):
        spread_weights(nn.Linear(2, 1))
