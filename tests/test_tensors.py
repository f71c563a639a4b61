from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from tldrkit.errors import ModelError
from tldrkit.tensors import check_whole


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    save_file({"a": np.arange(100.0)}, path)
    return path


def test_a_whole_file_passes(weights: Path) -> None:
    """A file as long as its header says is accepted."""
    check_whole(weights)


@pytest.mark.parametrize("length", [0, 4, 30, 200])
def test_a_file_cut_short_is_damaged(weights: Path, length: int) -> None:
    """Wherever a file is cut, in its header or in its numbers, that is one sentence naming the file."""
    weights.write_bytes(weights.read_bytes()[:length])
    with pytest.raises(ModelError, match=r"model\.safetensors is damaged"):
        check_whole(weights)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(ModelError, match=r"nothing\.safetensors is missing"):
        check_whole(tmp_path / "nothing.safetensors")
