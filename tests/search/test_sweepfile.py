from pathlib import Path

import pytest
import yaml
from sweeps.config.schema import validator

from tldrkit.errors import SpecError
from tldrkit.search.sweepfile import read_sweep

ROOT = Path(__file__).parents[2]
FILES = ["experiments/sweep_encoder_t5.yaml", "experiments/sweep_tiny.yaml"]
PLAIN = """
program: tldrkit
method: random
metric: {name: val_rouge_l, goal: maximize}
parameters:
  model_type: {value: base}
  lr: {min: 0.1, max: 0.2}
"""


@pytest.mark.parametrize("file", FILES)
def test_the_sweeps_of_the_project_are_valid_everywhere(file: str) -> None:
    """W&B's own schema finds nothing wrong with them, and neither does a local sweep."""
    written = yaml.safe_load((ROOT / file).read_text(encoding="utf-8"))

    assert [error.message for error in validator.iter_errors(written)] == []
    assert set(read_sweep(ROOT / file).axes) == set(written["parameters"])


def test_the_sweep_has_the_axes_of_the_guide() -> None:
    """Compression, training and dendrites are searched together, with bayes and hyperband."""
    sweep = read_sweep(ROOT / FILES[0])

    assert sweep.method == "bayes"
    assert sweep.early_terminate is not None
    assert {
        "enc_num_layers", "dec_num_layers", "dec_d_model", "d_ff", "vocab_size", "lr", "batch_size",
        "weight_decay", "max_steps", "warmup_steps", "do_pb", "n_epochs_to_switch", "max_dendrites",
        "dendrite_activation", "dendrite_placement",
    } <= set(sweep.searched)  # fmt: skip
    assert sweep.constants["test_dendrite_capacity"] is False


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("method: random", "method: baies", "baies"),
        ("method: random", "", "method"),
        ("program: tldrkit", "program: train.py", "train.py"),
        ("name: val_rouge_l", "name: val_loss", "val_loss"),
        ("goal: maximize", "goal: minimize", "minimize"),
        ("parameters:", "scheduler: {engine: optuna}\nparameters:", "scheduler"),
        ("lr:", "learning_rate:", "learning_rate"),
        ("max: 0.2", "max: -0.2", "no value"),
        ("min: 0.1", "min: -1", "lr = -1"),
        ("method: random", "method: grid", "no end of values"),
        ("parameters:", "early_terminate: {type: hyperband, eta: 2}\nparameters:", "early_terminate"),
        ("parameters:", 'command: ["${program}", train, --lr, "0.1"]\nparameters:', "--lr"),
    ],
)
def test_what_cannot_be_run_is_refused_by_name(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    """A wrong method, metric, key, value or word of the command: one sentence names it before any run."""
    file = tmp_path / "sweep.yaml"
    file.write_text(PLAIN.replace(old, new))
    with pytest.raises(SpecError, match=sentence):
        read_sweep(file)
