"""The terminal is the command line's: what libraries say on it, in real processes with models of old form."""

import json
import os
import pty
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout, suppress
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    PreTrainedModel,
    T5Config,
    T5ForConditionalGeneration,
)

from tests.cli.conftest import QUICK, Cli, build_environment
from tldrkit.bases.scratch import build_tokenizer
from tldrkit.cli import console

ENDS = {"pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 2}
CNN = {  # of bart-large-cnn
    "max_length": 142, "min_length": 56, "num_beams": 4, "no_repeat_ngram_size": 3, "length_penalty": 2.0,
    "early_stopping": True, "forced_bos_token_id": 2, "forced_eos_token_id": 1,
}  # fmt: skip
LENGTHS = ["--max-source-tokens", "48", "--max-target-tokens", "8"]
GROW = ["--do-pb", "--switch-mode", "fixed", "--n-epochs-to-switch", "1"]

# A library that speaks in the middle of training, in every way there is.
LOUD = """
import logging, os, sys, warnings
from tldrkit.__main__ import main
from tldrkit.training.loop import Trainer

accumulate = Trainer._accumulate

def speak(*arguments):
    warnings.warn("loud: warning")
    logging.getLogger("transformers").warning("loud: transformers")
    logging.getLogger("another").warning("loud: another")
    print("loud: print")
    os.write(2, b"loud: native\\n")
    return accumulate(*arguments)

Trainer._accumulate = speak
main()
"""
WORDS = {f"loud: {way}" for way in ("warning", "transformers", "another", "print", "native")}


def find_words(text: str) -> set[str]:
    """Find which of the loud words are in a text."""
    return {word for word in WORDS if word in text}


def read_logs(workplace: Path) -> str:
    """Read the logs of all runs."""
    return "".join(path.read_text() for path in sorted((workplace / "artifacts" / "runs").glob("*.log")))


def write_old_form(network: PreTrainedModel, folder: Path, **fields: object) -> None:
    """Save a network as the hub's old ones are: generation defaults in config.json, tied weights twice."""
    network.save_pretrained(folder)
    (folder / "generation_config.json").unlink()
    weights = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    config |= fields | {"task_specific_params": {"summarization": CNN}, "transformers_version": "4.7.0"}
    (folder / "config.json").write_text(json.dumps(config))
    tokenizer = build_tokenizer(["the cat sat on the mat", "and the dog looked at the cat"], 320)
    tokenizer.model_max_length = 16
    tokenizer.save_pretrained(folder)


@pytest.fixture
def old_models(workplace: Path) -> Path:
    """Beside the toy corpus, `bart` and `t5` in the form of old checkpoints."""
    torch.manual_seed(0)
    sizes: dict[str, Any] = {"vocab_size": 320, "d_model": 16} | ENDS
    bart = BartConfig(
        **sizes, max_position_embeddings=64, encoder_layers=2, decoder_layers=2, encoder_ffn_dim=24,
        decoder_ffn_dim=24, encoder_attention_heads=2, decoder_attention_heads=2, decoder_start_token_id=1,
    )  # fmt: skip
    t5 = T5Config(**sizes, d_kv=4, num_heads=2, d_ff=24, num_layers=2, decoder_start_token_id=0)
    write_old_form(BartForConditionalGeneration(bart), workplace / "bart", **CNN, output_past=True)
    write_old_form(T5ForConditionalGeneration(t5), workplace / "t5", max_length=200, min_length=30)
    return workplace


def test_models_of_old_form_are_silent(cli: Cli, old_models: Path) -> None:
    """With lengths in their configuration, nothing of libraries is seen; nothing about lengths is said."""
    data = ["--dataset", "toy"]
    summarize = ["--max-source-tokens", "40", "--max-tokens", "8"]
    seen = ""
    for command in (
        ["compress", "bart", "--as", "small", *data, "--enc-num-layers", "1", *LENGTHS],
        ["train", "small", "--as", "grown", *data, *QUICK, *GROW],
        ["eval", "grown", "--as", "scores", *data, *LENGTHS],
        ["summarize", "toy.test.jsonl", "--model", "grown", "--out", "out.jsonl", *summarize],
        ["export", "grown", "--to", "out"],
        ["train", "t5", "--as", "t5/train", *data, *QUICK],
        ["eval", "t5", "--as", "t5/scores", *data, *LENGTHS],
    ):
        done = cli(*command, PYTHONWARNINGS="default")
        wordless = command[0] == "summarize"  # a network of a few steps may write no word, which is told
        assert done.returncode in ((0, 3) if wordless else (0,)), done.stderr
        assert len(done.stdout.splitlines()) == 1
        seen += "".join(line for line in done.stderr.splitlines(keepends=True) if "no words" not in line)
    assert not [word for word in ("transformers", "Warning", "warn(", "/site-packages/") if word in seen]
    assert "PAI" not in seen
    logged = read_logs(old_models)
    assert "PAI" in logged
    assert not [word for word in ("max_length", "min_length", "max_new_tokens") if word in logged]


def test_the_runs_log_has_what_libraries_say(workplace: Path) -> None:
    """A terminal shows the bar and our lines alone; TLDRKIT_DEBUG=1 shows all; PYTHONWARNINGS is obeyed."""
    (workplace / "loud.py").write_text(LOUD)
    command = [sys.executable, "loud.py", "train", "base", "--dataset", "toy", *QUICK, "--as"]

    def run(name: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, name], cwd=workplace, env=build_environment(TLDRKIT_DATA=".", **more),
            capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip

    reader, terminal = pty.openpty()
    child = subprocess.Popen(
        [*command, "a"], cwd=workplace, env=build_environment(TLDRKIT_DATA=".", TERM="xterm"),
        stdin=terminal, stdout=terminal, stderr=terminal,
    )  # fmt: skip
    os.close(terminal)
    shown = read_terminal(reader)
    assert child.wait(timeout=600) == 0, shown
    assert find_words(shown) == set()
    assert "step 2: validation" in shown
    assert "\x1b[?25l" in shown  # a bar: the cursor is hidden
    assert find_words(read_logs(workplace)) == WORDS

    debugged = run("b", TLDRKIT_DEBUG="1")
    assert find_words(debugged.stdout + debugged.stderr) == WORDS

    refused = run("c", PYTHONWARNINGS="error::UserWarning:__main__")
    assert refused.returncode == 1
    assert "Error: Unexpected user warning: loud: warning." in refused.stderr
    assert "Hint: TLDRKIT_DEBUG=1" in refused.stderr


def read_terminal(reader: int) -> str:
    """Read what a terminal shows until nobody writes to it any more."""
    shown = b""
    with suppress(OSError):  # the last writer is gone
        while True:
            shown += os.read(reader, 4096)
    os.close(reader)
    return shown.decode(errors="replace")


def test_what_is_shown_afterwards_goes_where_the_streams_are_then() -> None:
    """A command that has ended in this process holds on to no stream: others may have been set since."""
    with console.speak_alone():
        pass
    with redirect_stdout(StringIO()) as data, redirect_stderr(StringIO()) as talk:
        console.show_line("data")
        console.say("talk")

    assert (data.getvalue(), talk.getvalue()) == ("data\n", "talk\n")
