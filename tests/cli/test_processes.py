"""Real processes, started by torchrun: each start takes seconds, so a test looks at much at once."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.cli.conftest import Cli, build_environment
from tldrkit.options import Options
from tldrkit.specs import TrainSpec
from tldrkit.steps.train import train
from tldrkit.store.runs import list_runs
from tldrkit.store.store import Artifact, ArtifactStore

FIELDS: dict[str, Any] = {
    "dataset": "toy", "max_steps": 6, "batch_size": 3, "eval_every": 2, "eval_examples": 3, "warmup_steps": 1,
    "lr": 1e-2, "max_source_tokens": 48, "max_target_tokens": 8, "precision": "fp32", "dropout": 0.1,
}  # fmt: skip
GROWING: dict[str, Any] = {"do_pb": True, "switch_mode": "fixed", "n_epochs_to_switch": 1}
RECIPE: dict[str, Any] = {"average_steps": 2, "schedule": "plateau", "plateau_patience": 1}
TLDRKIT = ("-m", "tldrkit")

# A process that fails alone, in the middle of training.
FAILING = """
import os
from tldrkit.__main__ import main
from tldrkit.training.loop import Trainer
from tldrkit.errors import DataError

accumulate = Trainer._accumulate

def fail(self, state, *arguments):
    if state.step == 3 and os.environ["RANK"] == "1":
        raise DataError("a text is torn", hint="Mend it.")
    return accumulate(self, state, *arguments)

Trainer._accumulate = fail
main()
"""


def run_two(folder: Path, *command: str, **fields: object) -> subprocess.CompletedProcess[str]:
    """Run a command in two processes, with fields of a spec as options."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    options = [word for name, value in fields.items() for word in (f"--{name}", str(value).lower())]
    return subprocess.run(
        [*torchrun, *command, *options], cwd=folder, env=build_environment(TLDRKIT_DATA="."),
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip


def check_equal(first: Artifact, second: Artifact) -> None:
    """Hold two models to the same weights and the same run."""
    one, other = (load_file(artifact.path / "model.safetensors") for artifact in (first, second))
    assert one.keys() == other.keys()
    for name in one:
        torch.testing.assert_close(
            one[name], other[name], atol=1e-5, rtol=1e-5, msg=lambda said, name=name: f"{name}: {said}"
        )
    for metric in ("best_step", "best_val_rouge_l", "restructurings", "training_tokens", "params_deployed"):
        assert first.manifest.metrics[metric] == second.manifest.metrics[metric]


def test_two_processes_train_what_one_does(workplace: Path) -> None:
    """Equal weights, dropout on and shares empty; one process publishes, records and speaks."""
    asked = FIELDS | {"eval_examples": 1, "grad_accum": 2}
    done = run_two(workplace, *TLDRKIT, "train", "base", "--as", "two", **asked)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["two@v1"]
    assert done.stderr.count("step 6: validation") == 1
    store = ArtifactStore(workplace / "artifacts")
    assert [artifact.reference for artifact in store.list()] == ["two@v1"]
    assert [run["status"] for run in list_runs(store.root)] == ["finished"]
    assert store.resolve("two").manifest.provenance["processes"] == 2
    options = Options(artifacts=store.root, data=workplace, device="cpu")
    alone = train(
        options,
        TrainSpec(**FIELDS | {"eval_examples": 1, "grad_accum": 4}),
        source=str(workplace / "base"),
        target="one",
    )
    check_equal(store.resolve("two"), alone.artifact)


@pytest.mark.parametrize("recipe", [{}, RECIPE])
def test_two_processes_grow_what_one_does(workplace: Path, recipe: dict[str, Any]) -> None:
    """A compress step and a growing run in one line: equal weights, grown at the same steps."""
    line = FIELDS | GROWING | recipe | {"experiment": "B", "model_type": "base", "enc_num_layers": 1}
    done = run_two(workplace, *TLDRKIT, "train", **line)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["b/compress@v1", "b/train@v1"]
    store = ArtifactStore(workplace / "artifacts")
    grown = store.resolve("b/train")
    assert grown.manifest.metrics["restructurings"]
    assert grown.manifest.metrics["dendrites"]
    options = Options(artifacts=store.root, data=workplace, device="cpu")
    asked = TrainSpec(**FIELDS | GROWING | recipe | {"experiment": "B", "grad_accum": 2})
    alone = train(options, asked, source="b/compress", target="one")
    check_equal(grown, alone.artifact)


def test_a_failure_of_one_process_ends_all(workplace: Path) -> None:
    """What another process failed of is said once and recorded, and nothing is published or left behind."""
    (workplace / "failing.py").write_text(FAILING)
    done = run_two(workplace, "failing.py", "train", "base", "--as", "two", **FIELDS)
    assert done.returncode != 0
    assert done.stdout == ""
    said = [line for line in done.stderr.splitlines() if line.startswith(("Error: ", "Hint: "))]
    assert said == ["Error: Process 1 failed: a text is torn", "Hint: Mend it."]
    store = ArtifactStore(workplace / "artifacts")
    assert store.list() == []
    assert list((store.root / ".drafts").iterdir()) == []
    (record,) = list_runs(store.root)
    assert record["status"] == "failed"
    assert "a text is torn" in record["error"]["message"]


@pytest.mark.parametrize("command", ["compress", "eval", "compare", "export", "summarize", "artifacts"])
def test_other_commands_run_in_one_process(cli: Cli, command: str) -> None:
    """What processes cannot share is refused before anything is done, and the hint says what they can."""
    done = cli(command, WORLD_SIZE="2", RANK="0")

    assert done.returncode == 1
    assert f"`tldrkit {command}` runs in one process" in done.stderr
    assert "base and train" in done.stderr
