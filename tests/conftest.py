"""What every test may ask for."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("WANDB_MODE", "disabled")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real data sets; TLDRKIT_TEST_DATA names another."""
    folder = Path(os.environ.get("TLDRKIT_TEST_DATA", Path(__file__).parents[1] / "../shared/data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set TLDRKIT_TEST_DATA")
    return folder
