"""The command line of agents, and sweeps in real processes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from wandb.sdk.launch.sweeps.utils import create_sweep_command, create_sweep_command_args

from tests.cli.conftest import Cli, build_environment
from tests.test_tracking import read_records
from tldrkit.options import Options
from tldrkit.search.study import Study
from tldrkit.search.sweepfile import read_sweep
from tldrkit.steps.sweep import open_sweep, run_trials
from tldrkit.store.runs import list_runs
from tldrkit.store.store import ArtifactStore
from tldrkit.tracking import Event, NullTracker

ROOT = Path(__file__).parents[2]
SAMPLE: dict[str, Any] = {
    "experiment": "sweep", "model_type": "base", "dataset": "toy", "dec_num_layers": 2, "dec_d_model": 12,
    "vocab_size": 270, "lr": 1e-05, "weight_decay": 0.013, "do_pb": True, "switch_mode": "fixed",
    "n_epochs_to_switch": 1, "test_dendrite_capacity": False, "dendrite_placement": "feed-forward",
    "max_steps": 2, "batch_size": 2, "eval_every": 1, "eval_examples": 2, "warmup_steps": 1,
    "max_source_tokens": 48, "max_target_tokens": 8, "precision": "fp32",
}  # fmt: skip
FORMS = [
    ["${env}", "${program}", "train", "--wandb", "offline", "${args}"],
    ["${env}", "${program}", "train", "${args_no_equals}"],
    ["${env}", "${program}", "train", "--spec", "${args_json_file}"],
]


def build_command(form: list[str], folder: Path) -> list[str]:
    """Build what an agent would start, with W&B's own code."""
    values = create_sweep_command_args({"args": {name: {"value": value} for name, value in SAMPLE.items()}})
    (folder / "config.json").write_text(values["args_json"][0])
    values |= {
        "env": ["/usr/bin/env"], "program": [str(Path(sys.executable).parent / "tldrkit")],
        "args_json_file": ["config.json"],
    }  # fmt: skip
    words = create_sweep_command(list(form))
    return [part for word in words for part in (values[word[2:-1]] if word.startswith("${") else [word])]


def test_an_agent_can_start_a_run(workplace: Path) -> None:
    """What W&B builds from a sample of parameters compresses and trains; all forms mean one run."""
    given = {"WANDB_RUN_ID": "abc123", "WANDB_SWEEP_ID": "s", "TLDRKIT_DATA": "."}
    store = ArtifactStore(workplace / "artifacts")
    for number, form in enumerate(FORMS):
        done = subprocess.run(
            build_command(form, workplace), cwd=workplace, env=build_environment(**given),
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("already done") == (2 if number else 0)
    spec = store.resolve("sweep/train").manifest.spec
    small = json.loads((store.resolve("sweep/compress").path / "config.json").read_text())

    assert {name: spec[name] for name in spec if name in SAMPLE} == {
        n: SAMPLE[n] for n in SAMPLE if n in spec
    }
    assert (small["dec_d_model"], small["num_decoder_layers"], small["vocab_size"]) == (12, 2, 270)
    check_tracking(workplace / "artifacts/runs", store)


def check_tracking(folder: Path, store: ArtifactStore) -> None:
    """Hold the offline folder of an agent's run to what W&B is to be told: one run, the training's alone."""
    records = read_records(folder)
    trained = store.resolve("sweep/train")
    (run,) = [record.run for record in records if record.HasField("run")]
    config = {item.key: json.loads(item.value_json) for item in run.config.update}
    history = [{i.key or "/".join(i.nested_key): i.value_json for i in r.history.item} for r in records]
    logged = {key for row in history for key in row}
    artifacts = [record.artifact for record in records if record.HasField("artifact")]
    (artifact,) = [one for one in artifacts if one.type == "model"]
    (written,) = folder.glob("wandb/offline-run-*/summary.json")
    summary = json.loads(written.read_text())

    assert (run.run_id, run.run_group, run.job_type) == ("abc123", "sweep, seed 0", "train")
    assert config["lr"] == SAMPLE["lr"]
    assert {"val_rouge_l", "train_loss", "params_deployed", "restructured", "tokens_per_second"} <= logged
    assert sum("val_rouge_l" in row for row in history) == 3, (
        "once for every validation: hyperband counts them"
    )
    assert any("table-file" in row.get("samples/_type", "") for row in history)
    assert trained.manifest.digest in str(artifact)
    assert summary["best_val_rouge_l"] == trained.manifest.metrics["best_val_rouge_l"]


@pytest.fixture
def sweep_file(workplace: Path) -> Path:
    """A small grid on the toy corpus, with one size that cannot be made."""
    fixed = {name: {"value": value} for name, value in SAMPLE.items() if name not in ("lr", "dec_d_model")}
    axes = {"lr": {"values": [0.001, 0.01]}, "dec_d_model": {"values": [12, 4000]}}
    content = {
        "name": "toy", "program": "tldrkit", "method": "grid", "parameters": fixed | axes,
        "metric": {"name": "val_rouge_l", "goal": "maximize"},
    }  # fmt: skip
    path = workplace / "sweep.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def test_a_sweep_runs_goes_on_and_reports(cli: Cli, workplace: Path, sweep_file: Path) -> None:
    """A grid is run to its end in two calls; what fails is told; out come a page and specs for `train`."""
    first = cli("sweep", sweep_file.name, "--count", "1")
    assert first.returncode == 0, first.stderr
    done = cli("sweep", sweep_file.name, "--count", "9", "--report", "out", "--pareto")
    assert "another sweep" in done.stderr
    done = cli("sweep", sweep_file.name, "--count", "9", "--report", "out")
    assert done.returncode == 0, done.stderr
    store = ArtifactStore(workplace / "artifacts")
    names = [artifact.manifest.name for artifact in store.list()]
    runs = [run for run in list_runs(store.root) if run["step"] == "sweep"]
    page = (workplace / "out/report.html").read_text(encoding="utf-8")

    assert sorted({*names}) == ["toy/compress-" + next(n for n in names if "-" in n)[-8:], "toy/train"]
    assert names.count("toy/train") == 2
    assert runs[-1]["metrics"] == {"finished": 2, "failed": 2}
    assert "4 trials: 2 finished, 2 failed" in page
    assert "4000" in (workplace / "out/report.md").read_text(encoding="utf-8")
    assert "http" not in page.replace("http://www.w3.org", "")
    best = yaml.safe_load((workplace / "out/best.yaml").read_text())
    assert best["dec_d_model"] == 12
    again = cli("train", "--spec", "out/best.yaml", "--as", "toy/train")
    assert "already done" in again.stderr
    plan = ["make", "-n", "abc", "PROFILE=toy-best", f"E={workplace}/out", "MODEL=base", "ARTIFACTS=none"]
    bare = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    planned = subprocess.run(plan, cwd=ROOT, env=bare, capture_output=True, text=True, check=True).stdout
    assert f"compress base --as toy-best/compress --spec {workplace}/out/compress.yaml" in planned


def test_a_broken_journal_is_said(cli: Cli, workplace: Path, sweep_file: Path) -> None:
    """A sweep whose journal ends in half a line goes on, and says once that it goes on without."""
    journal = workplace / "artifacts/.sweeps/toy.journal"
    trial = Study("toy", read_sweep(sweep_file), str(journal)).claim(1, "me", lambda worker: worker == "")
    assert trial
    trial.finish([0.5])
    journal.write_bytes(journal.read_bytes() + b'{"op_code":4,"worker' + bytes(9))
    for said in (1, 0):
        done = cli("sweep", sweep_file.name, "--count", "1")
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("toy.journal had 1 line that was broken: the sweep goes on without") == said


def test_a_sweep_tells_how_far_it_is(workplace: Path, sweep_file: Path) -> None:
    """Trials that ended, of this process or of others, are counted of all that there will be."""
    told: list[Event] = []

    class Display(NullTracker):
        def log(self, event: Event) -> None:
            told.append(event)

    options = Options(artifacts=workplace / "artifacts", display=Display())
    sweep = open_sweep(options, sweep_file)
    trial = sweep.study.claim(1, "me", lambda worker: worker == "")
    assert trial
    trial.finish([0.5])
    run_trials(options, sweep, 1)
    assert told == [{"kind": "sweep", "unit": "trial", "done": 1, "total": 1}]


def test_nothing_to_do_is_said(cli: Cli, sweep_file: Path) -> None:
    """Neither a count nor a report, or a report of nothing: one sentence with a hint."""
    for arguments in ([], ["--report", "out"]):
        done = cli("sweep", sweep_file.name, *arguments)
        assert done.returncode == 1
        assert "Hint:" in done.stderr
