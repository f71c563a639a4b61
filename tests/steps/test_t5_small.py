"""The t5-small profile on a random checkpoint of that shape, with the real tokenizer, shortened."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer, T5Config, T5ForConditionalGeneration

from tldrkit.families.summarizer import Summarizer, save_summarizer
from tldrkit.options import Options
from tldrkit.specs import (
    CompareSpec,
    CompressSpec,
    EvalSpec,
    ExportSpec,
    SummarizeSpec,
    TrainSpec,
    build_spec,
)
from tldrkit.steps.compare import compare
from tldrkit.steps.compress import compress
from tldrkit.steps.eval import eval as score
from tldrkit.steps.export import export
from tldrkit.steps.summarize import Output, summarize
from tldrkit.steps.train import train

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
PROFILE = EXPERIMENTS / "t5-small"
SHORT: dict[str, Any] = {"max_source_tokens": 32, "max_target_tokens": 8}
QUICK: dict[str, Any] = SHORT | {
    "max_steps": 2, "batch_size": 2, "eval_every": 1, "eval_examples": 1,
    "switch_mode": "fixed", "n_epochs_to_switch": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def options(shared_data: Path, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Options:
    """A store, a folder with `reddit_tldr`, and beside them the checkpoint `t5-small`."""
    tokenizer = shared_data.parent / "tokenizer-t5"
    if not tokenizer.is_dir():
        pytest.skip(f"no T5 tokenizer at {tokenizer}")
    folder = tmp_path_factory.mktemp("t5-small")
    for path in corpus.iterdir():
        shutil.copy(path, folder / path.name.replace("toy", "reddit_tldr"))
    config = T5Config(vocab_size=32128, decoder_start_token_id=0)  # the defaults are t5-small's
    network = T5ForConditionalGeneration(config)
    save_summarizer(Summarizer(network, AutoTokenizer.from_pretrained(tokenizer)), folder / "t5-small")
    return Options(artifacts=folder / "store", data=folder, device="cpu")


def test_the_profile_has_the_sizes_the_docs_say(options: Options) -> None:
    """60.5 M parameters whole, 39.3 M at 4/3/384, 44.0 M with a dendrite on the decoder's feed-forwards."""
    assert options.data
    specs = [PROFILE / "train.yaml", EXPERIMENTS / "b.yaml"]
    small = build_spec(CompressSpec, [PROFILE / "compress.yaml"], SHORT | {"calibration_examples": 2})
    source = str(options.data / "t5-small")
    c = compress(options, small, source=source, target="c").artifact.manifest.metrics
    b = train(options, build_spec(TrainSpec, specs, QUICK), source="c", target="b").artifact.manifest.metrics
    spec = build_spec(EvalSpec, [PROFILE / "eval.yaml"], SHORT | {"max_examples": 2})
    scored = score(options, spec, source="b", target="e").artifact.manifest.metrics

    d = compress(options, small, source=source, target="d", match="b").artifact.manifest.metrics
    compare(options, CompareSpec(resamples=100), references=["e"], target="compare")
    exported = export(options, ExportSpec(), source="compare", to=options.data / "exported").folder
    threads = [EXPERIMENTS / "threads/thread-1.json"]
    how = SummarizeSpec(max_source_tokens=32, max_tokens=8, num_beams=1)
    output = Output(file=options.data / "s.jsonl")
    done = summarize(options, how, paths=threads, model=str(exported), output=output)

    assert abs(d["params_deployed"] / b["params_deployed"] - 1) < 0.01
    assert (done.threads, done.broken) == (1, 0)
    assert c["compression"]["parameters"]["before"] == 60_506_624
    assert round(c["params_deployed"] / 1e6, 1) == 39.3
    assert round(b["restructurings"][0]["params_after"] / 1e6, 1) == 44.0
    assert scored["documents"] == 2
