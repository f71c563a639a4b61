from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tldrkit.search.study import Study
from tldrkit.search.sweepfile import SweepSpec

Open = Callable[..., Study]


@pytest.fixture
def open_study(tmp_path: Path) -> Open:
    """Open the study `s` of a sweep over `lr` and `do_pb`, in a journal."""

    def build(storage: str = "s.journal", *, pareto: bool = False, **fields: object) -> Study:
        parameters = {"lr": {"min": 0.0, "max": 1.0}, "do_pb": {"values": [True, False]}}
        known: dict[str, Any] = {
            "program": "tldrkit", "method": "random", "metric": {"name": "val_rouge_l", "goal": "maximize"},
            "parameters": parameters,
        }  # fmt: skip
        place = storage if "://" in storage else str(tmp_path / storage)
        return Study("s", SweepSpec(**(known | fields)), place, pareto=pareto)

    return build
