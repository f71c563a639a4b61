import json
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import wandb

from tldrkit.errors import TldrkitError
from tldrkit.tracking import Event, FanOut, JsonlTracker, NullTracker, WandbTracker


def test_each_event_is_a_line_at_once(tmp_path: Path) -> None:
    """Events can be read while the run goes on, one JSON value a line."""
    tracker = JsonlTracker(tmp_path / "m.jsonl")
    tracker.log({"kind": "train", "train_loss": 1.5, "message": "größer"})
    rows = (tmp_path / "m.jsonl").read_text(encoding="utf-8").splitlines()
    tracker.close()

    assert [json.loads(row) for row in rows] == [{"kind": "train", "train_loss": 1.5, "message": "größer"}]


def test_a_fan_out_passes_events_on_with_their_run(tmp_path: Path) -> None:
    """Every tracker gets every event, and learns whose it is."""
    paths = [tmp_path / "a", tmp_path / "b"]
    tracker = FanOut("b/train", [NullTracker(), *(JsonlTracker(path) for path in paths)])
    tracker.log({"kind": "train"})
    tracker.close()

    assert [json.loads(path.read_text()) for path in paths] == [{"run": "b/train", "kind": "train"}] * 2


@pytest.fixture
def offline_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a real offline W&B run of two events, one of them a restructuring."""
    monkeypatch.setenv("WANDB_MODE", "offline")
    tracker = WandbTracker(
        mode="online", name="b/train", group="b", job="train", config={"lr": 0.1}, folder=tmp_path
    )
    events: list[Event] = [
        {"kind": "train", "step": 20, "train_loss": 1.5, "message": "no number"},
        {"kind": "restructured", "step": 40, "restructured": 1, "params_before": 10, "params_after": 15},
    ]
    for event in events:
        tracker.log(event)
    tracker.close()
    wandb.teardown()  # only then is everything on the disk
    return tmp_path


def read_records(folder: Path) -> list[Any]:
    """Read the records of the one offline run that lies in a folder of runs."""
    from wandb.proto.wandb_internal_pb2 import Record

    (path,) = folder.glob("wandb/offline-run-*/*.wandb")
    records = []
    for data in read_log(path.read_bytes()):
        records.append(Record())
        records[-1].ParseFromString(data)
    return records


def read_log(content: bytes) -> Iterator[bytes]:
    """Read the records of a log in LevelDB's format behind a 7-byte file header."""
    position, record = 7, b""
    while position < len(content):
        rest = 32768 - position % 32768
        if rest < 7:
            position += rest
            continue
        length, kind = struct.unpack_from("<HB", content, position + 4)
        record += content[position + 7 : position + 7 + length]
        position += 7 + length
        if kind in (1, 4):  # a whole record, or its last part
            yield record
            record = b""


def test_an_offline_wandb_run_holds_the_numbers(offline_run: Path) -> None:
    """WANDB_MODE is respected, and the records on disk hold the loop's numbers under their own names."""
    logged: dict[str, float] = {}
    for record in read_records(offline_run):
        items = record.history.item
        logged |= {(item.key or "/".join(item.nested_key)): json.loads(item.value_json) for item in items}

    assert logged.items() >= {"train_loss": 1.5, "restructured": 1, "params_after": 15}.items()


def test_a_tracker_that_fails_does_not_harm_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After W&B broke once, events are dropped in silence."""
    monkeypatch.setenv("WANDB_MODE", "offline")
    tracker = WandbTracker(mode="offline", name="x", group="x", job="train", config={}, folder=tmp_path)
    tracker._run.finish()
    tracker.log({"kind": "train", "step": 1, "train_loss": 1.0})
    tracker.log({"kind": "train", "step": 2, "train_loss": 1.0})
    tracker.close()


def test_a_number_that_is_none_is_null(tmp_path: Path) -> None:
    """What JSON cannot hold is written as null, so that every line can be read."""
    tracker = JsonlTracker(tmp_path / "m.jsonl")
    tracker.log({"val_loss": float("nan"), "lr": float("inf")})
    tracker.close()

    assert json.loads((tmp_path / "m.jsonl").read_text()) == {"val_loss": None, "lr": None}


def test_wandb_without_an_account_is_said_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked for online and without a key, W&B's refusal comes as one sentence that names the way out."""
    monkeypatch.setenv("WANDB_MODE", "online")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    with pytest.raises(TldrkitError, match="Weights & Biases") as caught:
        WandbTracker(mode="online", name="x", group="x", job="train", config={}, folder=tmp_path)

    assert "offline" in caught.value.hint


LOSING = """
import os, sys
from pathlib import Path
from tests.wandb_server import start_server
from tldrkit import tracking

server = start_server()
os.environ |= {"WANDB_BASE_URL": f"http://127.0.0.1:{server.server_port}", "WANDB_API_KEY": "a" * 40}
tracking._FINISH_TIMEOUT = 2.0
folder = Path(sys.argv[1])
tracker = tracking.WandbTracker(mode="online", name="x", group="x", job="train", config={}, folder=folder)
tracker.log({"kind": "train", "step": 1, "train_loss": 2.0})
server.shutdown()
server.server_close()
tracker.log({"kind": "train", "step": 2, "train_loss": 1.0})
tracker.close()
print("went on")
"""


def test_a_network_that_fails_in_mid_run_harms_nothing(tmp_path: Path) -> None:
    """W&B's server goes while a run is on: the run goes on, ends in seconds, and its records stay."""
    bare = {key: value for key, value in os.environ.items() if not key.startswith("WANDB_")}
    done = subprocess.run(
        [sys.executable, "-c", LOSING, str(tmp_path)], env=bare | {"HOME": str(tmp_path)},
        cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=100, check=True,
    )  # fmt: skip
    (folder,) = tmp_path.glob("wandb/run-*")

    assert "went on" in done.stdout
    assert json.loads((folder / "summary.json").read_text()) == {"train_loss": 1.0}
    assert b"train_loss" in next(folder.glob("*.wandb")).read_bytes()
