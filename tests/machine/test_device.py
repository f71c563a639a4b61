import pytest
import torch

from tldrkit.machine.device import is_out_of_memory


def test_a_lack_of_memory_is_told_from_other_errors() -> None:
    """The GPU's error has a class, the processor's only words."""
    with pytest.raises(RuntimeError) as lack:
        torch.empty(2**60)
    with pytest.raises(RuntimeError) as other:
        torch.empty(-1)

    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory."))
    assert is_out_of_memory(lack.value)
    assert not is_out_of_memory(other.value)
