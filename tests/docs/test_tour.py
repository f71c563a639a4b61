from pathlib import Path

import pytest

nbclient = pytest.importorskip("nbclient", reason="Python 3.10 has no recent notebooks")
nbformat = pytest.importorskip("nbformat")

ROOT = Path(__file__).parents[2]
TOUR = ROOT / "docs/notebooks/tour.ipynb"


def test_the_tour_runs_from_start_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell of the notebook runs, here with few steps; committed it has no outputs."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    notebook = nbformat.read(TOUR, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.outputs for cell in cells if cell.outputs] == []
    assert "STEPS = 120" in cells[0].source
    cells[0].source = cells[0].source.replace("STEPS = 120", "STEPS = 2")
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [output.get("data", {}) for cell in cells for output in cell.outputs]

    assert sum("text/html" in data for data in shown) >= 4
    assert "tour-model" in shown[-1]["text/plain"]
    assert (tmp_path / "tour-model/config.json").is_file()
