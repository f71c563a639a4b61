"""Folders that are no models, or damaged ones, given to every command that takes a model."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.cli.conftest import Cli
from tldrkit.store.store import ArtifactStore

COMMANDS = [
    ("summarize", "toy.test.jsonl", "--out", "s.jsonl", "--model"),
    ("train", "--as", "b/train", "--dataset", "toy"),
    ("compress", "--as", "b/small", "--dataset", "toy", "--dec-num-layers", "1"),
    ("eval", "--as", "b/eval", "--dataset", "toy"),
    ("export", "--to", "out"),
    ("serve", "--port", "0"),
    ("base", "--as", "b/base", "--encoder"),
]


@pytest.fixture
def damaged(workplace: Path) -> Path:
    """The base with an infinite weight."""
    folder = workplace / "damaged"
    folder.mkdir()
    for path in (workplace / "base").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    weights = load_file(folder / "model.safetensors")
    weights["encoder.block.1.layer.0.SelfAttention.v.weight"][0, 0] = torch.inf
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_an_adapter_is_named_by_every_command(command: tuple[str, ...], cli: Cli, workplace: Path) -> None:
    """One sentence, one hint, and nothing made."""
    (workplace / "adapter").mkdir()
    (workplace / "adapter" / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA"}))
    done = cli(*command, "adapter")

    assert done.returncode not in (0, 3)
    assert "adapter is an adapter, not a whole model." in done.stderr
    assert "merge_and_unload" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (workplace / "s.jsonl").exists()


@pytest.mark.parametrize("command", COMMANDS[:3], ids=lambda command: command[0])
def test_weights_that_are_not_finite_are_named(command: tuple[str, ...], cli: Cli, damaged: Path) -> None:
    """Whichever loader a command has; nothing is published or written."""
    done = cli(*command, "damaged", "--max-source-tokens", "48")

    assert done.returncode not in (0, 3)
    assert "encoder.block.1.layer.0.SelfAttention.v.weight holds what is no finite number" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (damaged.parent / "s.jsonl").exists()
    assert ArtifactStore(damaged.parent / "artifacts").list() == []


def test_a_file_of_a_model_names_its_folder(cli: Cli) -> None:
    """The weights in the place of the folder."""
    done = cli("summarize", "toy.test.jsonl", "--out", "s.jsonl", "--model", "base/model.safetensors")

    assert done.returncode not in (0, 3)
    assert "base/model.safetensors is a file, not a model's folder." in done.stderr
