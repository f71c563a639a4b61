"""How many processor threads a command opens."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import build_environment

LIMITED = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")
UNLIMITED = (*LIMITED, "TOKENIZERS_PARALLELISM")
CALLED = """
import importlib, json, os, sys
from tldrkit.__main__ import main
step = importlib.import_module("tldrkit.steps.{0}")
def tell(*_, **__):
    loaded = sorted({{"numpy", "torch", "tokenizers", "pyarrow"}} & set(sys.modules))
    told = json.dumps([{{name: os.environ.get(name) for name in {1}}}, loaded])
    with open({3!r}, "w") as file:
        file.write(told)
step.{0} = tell
sys.argv[1:] = {2}
try:
    main()
except BaseException:  # what follows the step has nothing to work with
    pass
"""
COUNTED = """
import os
from tldrkit.options import limit_threads
limit_threads({0})
from tokenizers import Tokenizer, models, pre_tokenizers
tokenizer = Tokenizer(models.WordLevel({{"a": 0, "b": 1}}, unk_token="b"))
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
before = len(os.listdir("/proc/self/task"))
tokenizer.encode_batch(["a b " * 100] * 100)
tokenizing = len(os.listdir("/proc/self/task")) - before
import numpy
linear = len(os.listdir("/proc/self/task")) - before - tokenizing
import torch
print(tokenizing, linear, torch.get_num_threads())
"""


def run(code: str) -> str:
    """Run code in a process whose surroundings limit no threads."""
    surroundings = {key: value for key, value in build_environment().items() if key not in UNLIMITED}
    return subprocess.run(
        [sys.executable, "-c", code], env=surroundings, capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.parametrize(
    ("step", "arguments"),
    [
        ("serve", ["serve", "a", "--threads", "2"]),
        ("summarize", ["summarize", "a.txt", "--model", "a", "--out", "-", "--threads", "2"]),
    ],
)
def test_threads_are_limited_before_any_library_is_imported(
    step: str, arguments: list[str], tmp_path: Path
) -> None:
    """`--threads` stands in the environment, which libraries read once, before they are loaded."""
    place = tmp_path / "told"
    run(CALLED.format(step, LIMITED, arguments, str(place)))
    told, loaded = json.loads(place.read_text())

    assert told == dict.fromkeys(LIMITED, "2")
    assert loaded == []


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
@pytest.mark.parametrize("threads", [1, 3])
def test_every_library_keeps_to_the_threads_it_is_given(threads: int) -> None:
    """Tokenizers, NumPy and torch open as many threads as they are told; torch no more than there are."""
    tokenizing, linear, multiplying = map(int, run(COUNTED.format(threads)).split())

    assert tokenizing == threads
    assert multiplying == min(threads, len(os.sched_getaffinity(0)))
    assert linear < threads
