"""Which device and arithmetic the loops use."""

import atexit
from typing import TYPE_CHECKING

import torch

from tldrkit.errors import SpecError
from tldrkit.machine.processor import use_bf16

if TYPE_CHECKING:
    from accelerate import Accelerator


def find_device(device: str) -> torch.device:
    """Find where one process works.

    Args:
        device: `auto`, `cpu` or `cuda`.

    Raises:
        SpecError: If a GPU is asked for and there is none.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise SpecError(
            "There is no GPU that torch can use.", hint="Leave out --device, or use --device cpu."
        )
    return torch.device("cpu" if device == "cpu" or not torch.cuda.is_available() else "cuda")


def build_accelerator(device: str, precision: str) -> "Accelerator":
    """Build accelerate's view of the machine.

    Args:
        device: `auto`, `cpu` or `cuda`.
        precision: `fp32`, `bf16`, or `auto`: bf16 where the processor multiplies it in hardware.

    Raises:
        SpecError: If a GPU is asked for and there is none.
    """
    from accelerate import Accelerator  # as below: long to import, and not for writing summaries
    from accelerate.state import AcceleratorState

    on_cpu = find_device(device).type == "cpu"
    # A process may run several steps, each in its own precision; torchrun's process group outlives this.
    AcceleratorState._reset_state(reset_partial_state=True)
    return Accelerator(cpu=on_cpu, mixed_precision="bf16" if use_bf16(precision, on_cpu=on_cpu) else "no")


def join_processes(device: str) -> None:
    """Join the processes that torchrun started for this run, once in a process's life.

    Args:
        device: As for ``build_accelerator``; tells how the processes talk.

    Raises:
        SpecError: If a GPU is asked for and there is none.
    """
    from accelerate import PartialState

    if not torch.distributed.is_initialized():
        PartialState(cpu=find_device(device).type == "cpu")
        atexit.register(torch.distributed.destroy_process_group)  # its threads must not outlive the process


def is_out_of_memory(error: RuntimeError) -> bool:
    """Tell a lack of memory from other errors of torch."""
    return isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator: " in str(error)


def set_threads(threads: int | None) -> None:
    """Limit torch to a number of processor threads."""
    if threads is not None:
        torch.set_num_threads(threads)
