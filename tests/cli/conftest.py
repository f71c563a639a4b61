"""The real command line in real processes, in a folder with a tiny base and the toy corpus."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tldrkit.bases.scratch import build_base
from tldrkit.families.summarizer import Summarizer, save_summarizer
from tldrkit.specs import BaseSpec

QUICK = [
    *("--max-steps", "2", "--batch-size", "2", "--eval-every", "1", "--eval-examples", "2"),
    *("--warmup-steps", "1", "--max-source-tokens", "48", "--max-target-tokens", "8", "--precision", "fp32"),
]

Cli = Callable[..., subprocess.CompletedProcess[str]]


def build_environment(**more: str) -> dict[str, str]:
    """Surroundings of a process that finds no network and talks plainly."""
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("TLDRKIT_", "WANDB_"))
    }
    return environment | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "COLUMNS": "200"} | more


def hide(module: str, folder: Path) -> dict[str, str]:
    """Make surroundings in which a module is not installed, by what is put into a new folder."""
    folder.mkdir()
    fail = f"raise ModuleNotFoundError(\"No module named '{module}'\", name='{module}')\n"
    (folder / f"{module}.py").write_text(fail)
    return {"PYTHONPATH": str(folder)}


@pytest.fixture
def workplace(tmp_path: Path, corpus: Path, base_folder: Path) -> Path:
    """A folder with `toy.*.jsonl` and a model folder `base`."""
    for path in corpus.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "base").symlink_to(base_folder)
    return tmp_path


@pytest.fixture(scope="session")
def base_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random T5 in Hugging Face's form."""
    folder = tmp_path_factory.mktemp("base")
    spec = BaseSpec(
        vocab_size=300, d_model=16, d_kv=4, num_heads=2, d_ff=24, enc_num_layers=3, dec_num_layers=3
    )
    save_summarizer(build_writer(spec), folder)
    return folder


def build_writer(spec: BaseSpec) -> Summarizer:
    """Build a random network that writes words, though nothing has taught it any."""
    summarizer = build_base(spec, ["some text to begin with"])
    tokenizer = summarizer.tokenizer
    texts = {number: tokenizer.decode([number]) for number in range(len(tokenizer))}
    summarizer.network.generation_config.suppress_tokens = [
        number
        for number, text in texts.items()
        if number != tokenizer.eos_token_id and not any(map(str.isalnum, text))
    ]
    return summarizer


@pytest.fixture
def cli(workplace: Path) -> Cli:
    """Run `tldrkit ARGUMENTS` in the workplace."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tldrkit", *arguments]
        surroundings = build_environment(TLDRKIT_DATA=".", **environment)
        return subprocess.run(
            command, cwd=workplace, env=surroundings, capture_output=True, text=True, timeout=600, check=False
        )

    return run
