"""A model made ready to write, and what is said of it."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import base_folder  # noqa: F401  (a fixture)
from tldrkit.options import Options
from tldrkit.sources.loading import load_writer
from tldrkit.sources.model import resolve_model
from tldrkit.store.store import ArtifactStore
from tldrkit.tracking import JsonlTracker
from tldrkit.writing.compiled.kernels import compiling
from tldrkit.writing.lean import LeanSummarizer


@pytest.mark.parametrize("kept", [True, False])
def test_who_waits_for_the_compiler_is_told(
    kept: bool,
    base_folder: Path,  # noqa: F811  (as above)
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One line says so where nothing is kept from before, and none where it is."""
    monkeypatch.setattr(compiling, "_SHELF", str(tmp_path))
    if kept:
        (tmp_path / "loop.nbc").touch()
    told = tmp_path / "told.jsonl"
    options = Options(artifacts=tmp_path / "store", device="cpu", display=JsonlTracker(told))
    summarizer = load_writer(options, resolve_model(ArtifactStore(options.artifacts), str(base_folder)))

    assert isinstance(summarizer, LeanSummarizer)
    assert [json.loads(line)["message"] for line in told.read_text().splitlines()] == (
        [] if kept else ["Loops are compiled for this processor, up to a minute; the next run has them."]
    )
