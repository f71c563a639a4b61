import json
import subprocess
import sys
from pathlib import Path

import pytest

import tldrkit
from tldrkit.errors import SpecError, StoreError
from tldrkit.store.runs import list_runs, record_run

KILLED = """
import os, signal, sys
from pathlib import Path
from tldrkit.store.runs import list_runs, record_run

with record_run(Path(sys.argv[1]), "train", command=["x"], spec={}):
    assert [run["status"] for run in list_runs(Path(sys.argv[1]))] == ["running"]
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_finished_run_is_recorded(tmp_path: Path) -> None:
    """The record is there from the start, and says at the end what was made."""
    with record_run(tmp_path, "train", command=["tldrkit", "train"], spec={"seed": 1}) as run:
        assert json.loads(run.path.read_text())["status"] == "running"
        run.artifact, run.metrics["loss"], run.provenance["seed"] = "b/train@v1", float("nan"), 1
        run.log_path.write_text("said\n")
    (record,) = list_runs(tmp_path)
    assert (record["status"], record["artifact"], record["step"]) == ("finished", "b/train@v1", "train")
    assert (record["metrics"], record["provenance"]) == ({"loss": None}, {"seed": 1})
    assert (record["command"], record["spec"], record["error"]) == (["tldrkit", "train"], {"seed": 1}, None)
    assert record["seconds"] >= 0
    assert {path.name for path in run.path.parent.iterdir()} == {run.path.name, run.log_path.name}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SpecError("wrong", hint="try"), "failed"),
        (ZeroDivisionError("x"), "failed"),
        (KeyboardInterrupt(), "interrupted"),
    ],
)
def test_a_failing_run_is_recorded_and_goes_on_failing(
    tmp_path: Path, error: BaseException, status: str
) -> None:
    """What stopped the run is in its record, with the hint, and reaches the caller unchanged."""
    with pytest.raises(type(error)) as caught, record_run(tmp_path, "train", command=[], spec={}):
        raise error
    assert caught.value is error
    (record,) = list_runs(tmp_path)
    assert (record["status"], record["error"]["type"]) == (status, type(error).__name__)
    assert record["error"].get("hint") == getattr(error, "hint", None)


def test_a_killed_run_is_told_from_a_living_one(tmp_path: Path) -> None:
    """A record left running is shown as killed once its process is gone, whoever has its number now."""
    root = Path(tldrkit.__file__).parents[1]
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], env={"PYTHONPATH": str(root)}, check=False)
    with record_run(tmp_path, "train", command=[], spec={}):
        assert sorted(run["status"] for run in list_runs(tmp_path)) == ["killed", "running"]


def test_unreadable_records_are_listed(tmp_path: Path) -> None:
    """A damaged record hides no other, and is not hidden."""
    with record_run(tmp_path, "eval", command=[], spec={}) as run:
        pass
    (run.path.parent / "0.json").write_text("{")
    assert [item["status"] for item in list_runs(tmp_path)] == ["unreadable", "finished"]


def test_runs_are_listed_in_the_order_they_began(tmp_path: Path) -> None:
    """Oldest first holds within one second too, whatever the steps are called."""
    steps = ["train", "compress", "eval", "base"] * 3
    for step in steps:
        with record_run(tmp_path, step, command=[], spec={}):
            pass
    assert [record["step"] for record in list_runs(tmp_path)] == steps


def test_a_root_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """No record, no run: the error has a hint, and the work is not begun."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError) as caught, record_run(tmp_path / "file", "train", command=[], spec={}):
        pytest.fail("the work was begun")
    assert caught.value.hint
    with pytest.raises(StoreError, match="step"), record_run(tmp_path, "../x", command=[], spec={}):
        pytest.fail("the work was begun")


def test_no_runs_is_an_empty_list(tmp_path: Path) -> None:
    """Asking a store that does not exist creates nothing."""
    assert list_runs(tmp_path / "none") == []
    assert not (tmp_path / "none").exists()
