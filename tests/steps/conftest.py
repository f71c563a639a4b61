"""The whole line on a toy corpus, run once: a store that the tests of this folder look at."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tldrkit.options import Options
from tldrkit.specs import BaseSpec, CompareSpec, CompressSpec, EvalSpec, TrainSpec
from tldrkit.steps.base import base
from tldrkit.steps.compare import compare
from tldrkit.steps.compress import compress
from tldrkit.steps.eval import eval as score
from tldrkit.steps.train import train

DATA: dict[str, Any] = {"dataset": "toy", "max_source_tokens": 64, "max_target_tokens": 16}
FIT: dict[str, Any] = DATA | {
    "max_steps": 4, "batch_size": 4, "eval_every": 2, "eval_examples": 4, "warmup_steps": 1,
    "precision": "fp32",
}  # fmt: skip
SHAPE: dict[str, Any] = {
    "vocab_size": 400, "d_model": 16, "d_kv": 4, "num_heads": 2, "d_ff": 24, "enc_num_layers": 3,
    "dec_num_layers": 3,
}  # fmt: skip
SMALLER: dict[str, Any] = DATA | {"enc_num_layers": 2, "dec_num_layers": 2, "dec_d_model": 12}
GROWING: dict[str, Any] = {"experiment": "B", "do_pb": True, "switch_mode": "fixed", "n_epochs_to_switch": 1}


@dataclass(frozen=True)
class Line:
    """Where the line was run, and how."""

    options: Options
    data: Path


@pytest.fixture(scope="session")
def line(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Line:
    """A base, and A, B, C and D from it: compressed, trained, scored and compared."""
    options = Options(artifacts=tmp_path_factory.mktemp("store"), data=corpus, device="cpu")
    base(options, BaseSpec(**(FIT | SHAPE)), target="base")
    train(options, TrainSpec(**FIT, experiment="A"), source="base", target="a/train")
    compress(options, CompressSpec(**SMALLER), source="base", target="b/compress")
    train(options, TrainSpec(**(FIT | GROWING)), source="b/compress", target="b/train")
    train(options, TrainSpec(**FIT, experiment="C"), source="b/compress", target="c/train")
    compress(options, CompressSpec(**SMALLER), source="base", target="d/compress", match="b/train")
    train(options, TrainSpec(**FIT, experiment="D"), source="d/compress", target="d/train")
    for run in "abcd":
        score(options, EvalSpec(**DATA, num_beams=2), source=f"{run}/train", target=f"{run}/eval")
    compare(
        options, CompareSpec(resamples=200), references=[f"{run}/eval" for run in "abcd"], target="compare"
    )
    return Line(options, corpus)
