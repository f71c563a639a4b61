"""The processes of one run, started by torchrun, and what they tell each other; a single one tells itself.

They meet in ``exchange``, and tensors move between them right after it alone: so a process that failed can
tell the others at their next meeting, wherever each of them is.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

import torch
from accelerate import PartialState
from accelerate.utils import broadcast, gather_object, reduce
from torch import Tensor, nn

from tldrkit.errors import ModelError, ProcessError, TldrkitError
from tldrkit.texts import name_error, say_reason

T = TypeVar("T")


@dataclass(frozen=True)
class _Failure:
    """What a process tells instead of its part."""

    message: str
    hint: str


def exchange(mine: T) -> list[T]:
    """Give every process what each of them brings, in the order of the processes.

    Raises:
        ProcessError: Another process failed, or ended without a word.
    """
    with _meeting():
        brought: list[T | _Failure] = gather_object([mine])
    for process, part in enumerate(brought):
        if isinstance(part, _Failure):
            raise ProcessError(f"Process {process} failed: {part.message}", hint=part.hint)
    return [part for part in brought if not isinstance(part, _Failure)]


@contextmanager
def telling_failures() -> Iterator[None]:
    """Tell the other processes of a failure in the block, at their next meeting."""
    try:
        yield
    except ProcessError:  # the others know
        raise
    except Exception as error:
        own = isinstance(error, TldrkitError)
        message = str(error) if own else f"unexpected {name_error(error)}: {say_reason(error)}."
        with suppress(RuntimeError):  # nobody is left to be told
            gather_object([_Failure(message, getattr(error, "hint", ""))])
        raise


def sum_gradients(network: nn.Module) -> None:
    """Sum every gradient over the processes; a missing one is zeros, one that is missing everywhere stays so.

    Raises:
        ProcessError: Another process ended without a word.
    """
    if PartialState().num_processes == 1:
        return
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    for dtype in {parameter.dtype: None for parameter in trained}:
        _sum_alike([parameter for parameter in trained if parameter.dtype == dtype])


def spread_weights(network: nn.Module) -> None:
    """Give every process the first one's weights.

    Raises:
        ModelError: The processes' networks differ in their parameters' names or shapes.
        ProcessError: Another process failed.
    """
    shapes = [(name, tuple(parameter.shape)) for name, parameter in network.named_parameters()]
    if any(others != shapes for others in exchange(shapes)):
        raise ModelError(
            "The processes of this run hold different networks.",
            hint="Start it again; if that is no help, train in one process, with --grad-accum.",
        )
    with _meeting():
        for parameter in network.parameters():
            broadcast(parameter.detach())


def _sum_alike(parameters: list[nn.Parameter]) -> None:
    """Sum the gradients of parameters of one type, in one flat buffer."""
    there = torch.tensor([parameter.grad is not None for parameter in parameters]).to(parameters[0])
    flat = torch.cat([there, *(_flatten_gradient(parameter) for parameter in parameters)])
    with _meeting():
        flat = reduce(flat, "sum")
    sizes = [parameter.numel() for parameter in parameters]
    there, *gradients = flat.split([len(parameters), *sizes])
    for parameter, gradient, count in zip(parameters, gradients, there.tolist(), strict=True):
        parameter.grad = gradient.view_as(parameter) if count else None


def _flatten_gradient(parameter: nn.Parameter) -> Tensor:
    gradient = parameter.grad if parameter.grad is not None else torch.zeros_like(parameter)
    return gradient.detach().flatten()


@contextmanager
def _meeting() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise ProcessError(
            "Another process of this run ended without a word.",
            hint="torchrun names it; SIGKILL often means that memory ran out. TLDRKIT_DEBUG=1: all speak.",
        ) from error
