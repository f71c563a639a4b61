"""What each step makes of small inputs, at its revision.

Whole numbers, texts and tokens in fp32 are the same on every processor and compared exactly; other numbers
by tolerance. The values are in ``golden.json``. Whoever changes what a step makes raises its revision and
lets this file write the new values: ``TLDRKIT_WRITE_GOLDEN=1 pytest tests/steps/test_revisions.py``. Values
of a revision that is written already are never replaced.
"""

import json
import math
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from tests.steps.conftest import FIT, GROWING, SHAPE
from tldrkit.bases.scratch import build_base
from tldrkit.dendrites.cascade import Cascade
from tldrkit.errors import ModelError
from tldrkit.families.summarizer import load_summarizer, save_summarizer
from tldrkit.options import Options
from tldrkit.sources.model import resolve_model
from tldrkit.specs import (
    BaseSpec,
    CompareSpec,
    CompressSpec,
    EvalSpec,
    ExportSpec,
    PredictionsSpec,
    SummarizeSpec,
    TrainSpec,
)
from tldrkit.steps.base import base
from tldrkit.steps.compare import compare, read_comparison
from tldrkit.steps.compress import compress
from tldrkit.steps.eval import eval as score
from tldrkit.steps.export import export
from tldrkit.steps.predictions import score_predictions
from tldrkit.steps.revisions import REVISIONS, describe_code
from tldrkit.steps.summarize import JournaledWriter, Output, summarize
from tldrkit.steps.train import train
from tldrkit.store.journal import JOURNALS
from tldrkit.store.store import ArtifactStore
from tldrkit.threads import Post, Thread
from tldrkit.writing.compiled.kernels.arrays import OUTPUTS
from tldrkit.writing.compiled.kernels.elementary import round_row
from tldrkit.writing.compiled.kernels.target import TARGETS
from tldrkit.writing.compiled.stacking import stack

GOLDEN = Path(__file__).with_name("golden.json")
TOLERANCE = 2e-3
THINGS = ("lift", "door", "lamp", "pump", "gate", "fan")
EXACT = {"num_beams": 1, "max_source_tokens": 48, "prefix": "tl;dr: "}


class Place:
    """A store with the model folder `tiny`, whose weights are whole numbers of sixteenths, and a data set."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.options = Options(artifacts=folder / "store", data=folder, device="cpu", threads=1)
        self.store = ArtifactStore(self.options.artifacts)
        self.tiny = str(folder / "tiny")
        for split, count in (("train", 24), ("validation", 4), ("test", 4)):
            rows = (json.dumps(build_row(split, number)) + "\n" for number in range(count))
            (folder / f"toy.{split}.jsonl").write_text("".join(rows))
        texts = [text for number in range(24) for text in build_row("train", number).values()]
        tokenizer = build_tokenizer(texts)
        summarizer = replace(build_base(BaseSpec(**SHAPE), texts), tokenizer=tokenizer)
        summarizer.network.resize_token_embeddings(len(tokenizer))
        draw = random.Random(0)
        with torch.no_grad():
            for name, weight in sorted(summarizer.network.named_parameters()):
                if "layer_norm" not in name:
                    drawn = [draw.randrange(-16, 17) / 16 for _ in range(weight.numel())]
                    weight.copy_(torch.tensor(drawn).view_as(weight))
        save_summarizer(summarizer, folder / "tiny")


def build_tokenizer(texts: list[str]) -> PreTrainedTokenizerFast:
    """Build the byte-level tokenizer of all values: not `base`'s, which has a revision of its own."""
    plain = Tokenizer(models.BPE())
    plain.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    plain.decoder = decoders.ByteLevel()
    marks = ["<pad>", "</s>", "<unk>"]
    trainer = trainers.BpeTrainer(
        vocab_size=SHAPE["vocab_size"],
        special_tokens=marks,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    plain.train_from_iterator(texts, trainer)
    plain.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    names = dict(zip(("pad_token", "eos_token", "unk_token"), marks, strict=True))
    return PreTrainedTokenizerFast(
        tokenizer_object=plain, split_special_tokens=True, clean_up_tokenization_spaces=False, **names
    )


def build_row(split: str, number: int) -> dict[str, str]:
    """Build a thread and its summary."""
    one, other = THINGS[number % 6], THINGS[(number // 6 + number) % 6]
    return {
        "id": f"{split}-{number}",
        "document": f"The {one} is broken\n\nnora: The {one} on floor {number} is broken. Who can help?\n\n"
        f"tim: I looked: the {other} is fine. I mend the {one} on day {number % 7}.",
        "summary": f"Tim mends the {one} on floor {number} on day {number % 7}.",
    }


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("golden"))


def make_base(place: Place) -> dict[str, Any]:
    artifact = base(place.options, BaseSpec(**(FIT | SHAPE)), target="base").artifact
    pieces = load_summarizer(artifact.path).tokenizer("The lift is broken. Wer hilft? 电梯").input_ids
    return {"pieces": pieces, **describe_training(artifact.manifest.metrics)}


def make_train(place: Place) -> dict[str, Any]:
    plain = train(place.options, TrainSpec(**FIT), source=place.tiny, target="a/train").artifact
    grown = train(place.options, TrainSpec(**(FIT | GROWING)), source=place.tiny, target="b/train").artifact
    return {name: describe_training(one.manifest.metrics) for name, one in (("A", plain), ("B", grown))}


def describe_training(metrics: dict[str, Any]) -> dict[str, Any]:
    """Take what training leads to; scores of garbage may change places, so the best step is not among it."""
    return {
        "steps": metrics["steps"],
        "training_tokens": metrics["training_tokens"],
        "losses": [validation["loss"] for validation in metrics["validations"]],
        "sizes": [validation["params_deployed"] for validation in metrics["validations"]],
    }


def make_compress(place: Place) -> dict[str, Any]:
    sizes: dict[str, Any] = {"enc_num_layers": 2, "dec_num_layers": 1, "dec_d_model": 12, "vocab_size": 300}
    spec = CompressSpec(dataset="toy", max_source_tokens=64, max_target_tokens=16, **sizes)
    artifact = compress(place.options, spec, source=place.tiny, target="small").artifact
    report, weights = artifact.manifest.metrics["compression"], load_summarizer(artifact.path).network
    return {
        "parameters": report["parameters"]["after"],
        "layers": report["layers_kept"],
        "pieces": load_summarizer(artifact.path).tokenizer("The lift is broken.").input_ids,
        "loss": report["loss_per_word"]["student"],
        "weights": sum(float(weight.detach().abs().sum()) for weight in weights.parameters()),
    }


def make_eval(place: Place) -> dict[str, Any]:
    spec = EvalSpec(dataset="toy", max_target_tokens=12, **EXACT)
    artifact = score(place.options, spec, source=place.tiny, target="a/eval").artifact
    rows = [json.loads(line) for line in (artifact.path / "predictions.jsonl").read_text().splitlines()]
    names = ("id", "prediction", "references", "rouge1", "rougeLsum", "chrf", "novel_bigrams", "cut")
    marked = place.folder / "marked.jsonl"
    marked.write_text('{"id": 0, "prediction": "<pad>one<n>two</s>", "reference": "One two three."}\n')
    given = score_predictions(place.options, PredictionsSpec(label="x"), file=marked, target="x/eval")
    return {
        "rows": [{name: row[name] for name in names} for row in rows],
        "baselines": artifact.manifest.metrics["baselines"],
        "given": {name: given.artifact.manifest.metrics[name] for name in ("rouge1", "rougeLsum", "marks")},
    }


def make_compare(place: Place) -> dict[str, Any]:
    for label, words in (("x", 3), ("y", 6)):
        rows = [build_row("test", number) for number in range(12)]
        file = place.folder / f"{label}.jsonl"
        file.write_text("".join(json.dumps(cut_row(row, words)) + "\n" for row in rows))
        score_predictions(place.options, PredictionsSpec(label=label), file=file, target=f"{label}/given")
    spec = CompareSpec(resamples=200)
    made = compare(place.options, spec, references=["x/given", "y/given"], target="compare").artifact
    compared = read_comparison(made)
    return {
        "scores": [row.scores for row in compared.rows],
        "verdicts": [one.verdict for one in compared.contrasts],
        "differences": [[one.difference.low, one.difference.high] for one in compared.contrasts],
        "warnings": list(compared.warnings),
    }


def cut_row(row: dict[str, str], words: int) -> dict[str, str]:
    """Predict the first words of a summary."""
    cut = " ".join(row["summary"].split()[:words])
    return {"id": row["id"], "document": row["document"], "prediction": cut, "reference": row["summary"]}


def make_summarize(place: Place) -> dict[str, Any]:
    posts = [{"author": f"a{n}", "text": build_row("test", n)["summary"]} for n in range(40)]
    threads = [{"id": 0, "title": "Broken", "posts": posts[:1]}, {"id": 1, "title": "Long", "posts": posts}]
    file, out = place.folder / "threads.jsonl", place.folder / "out.jsonl"
    file.write_text("".join(json.dumps(thread) + "\n" for thread in threads))
    for beams in (1, 3):
        spec = SummarizeSpec(max_tokens=12, **(EXACT | {"num_beams": beams}))
        output = Output(file=out.with_stem(f"out-{beams}"), sources=True)
        summarize(place.options, spec, paths=[file], model=place.tiny, output=output)
    records = [
        {key: value for key, value in json.loads(line).items() if key != "file"}
        for beams in (1, 3)
        for line in out.with_stem(f"out-{beams}").read_text().splitlines()
    ]
    weight = (np.arange(20 * 24, dtype=np.float32).reshape(20, 24) * 37 % 101 - 50) / 64
    rounded = {str(target.largest_weight): np.empty(24, np.int8) for target in TARGETS}
    for largest, numbers in rounded.items():
        round_row(weight[0], np.float32(largest), numbers)
    packed = stack([Cascade(weight)], "bf16").weight[0]
    # Of two outputs, wherever the others lie, and whether inputs lie side by side.
    cut = packed.reshape(len(packed), OUTPUTS, -1)[:, :2].transpose(1, 0, 2)
    return {
        "records": records,
        "int8": {largest: numbers.tolist() for largest, numbers in rounded.items()},
        "bf16": cut.ravel().tolist(),
    }


def make_export(place: Place) -> dict[str, Any]:
    folder = export(place.options, ExportSpec(), source=place.tiny, to=place.folder / "out").folder
    config = json.loads((folder / "config.json").read_text())
    return {
        "files": sorted(path.name for path in folder.iterdir()),
        "config": {key: value for key, value in config.items() if key != "transformers_version"},
    }


MAKERS: dict[str, Callable[[Place], dict[str, Any]]] = {
    "base": make_base,
    "compare": make_compare,
    "compress": make_compress,
    "eval": make_eval,
    "export": make_export,
    "summarize": make_summarize,
    "train": make_train,
}


def find_differences(found: Any, golden: Any, where: str = "") -> Iterator[str]:  # noqa: ANN401  (JSON values)
    """Name what differs; floats differ where they are not about as large."""
    if isinstance(golden, dict) and isinstance(found, dict) and found.keys() == golden.keys():
        for key in golden:
            yield from find_differences(found[key], golden[key], f"{where}/{key}")
    elif isinstance(golden, list) and isinstance(found, list) and len(found) == len(golden):
        for place, (one, other) in enumerate(zip(found, golden, strict=True)):
            yield from find_differences(one, other, f"{where}/{place}")
    elif isinstance(golden, float) and isinstance(found, int | float):
        if not math.isclose(found, golden, rel_tol=TOLERANCE, abs_tol=1e-6):
            yield f"{where}: {found!r}, not about {golden!r}"
    elif found != golden or type(found) is not type(golden):
        yield f"{where}: {found!r}, not {golden!r}"


@pytest.mark.parametrize("step", sorted(REVISIONS))
def test_what_a_step_makes_is_of_its_revision(place: Place, step: str) -> None:
    """A step that makes something else than at its revision must get another one."""
    golden = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    revision, known = REVISIONS[step], golden.get(step, {"revision": 0})
    found = json.loads(json.dumps(MAKERS[step](place)))
    if os.environ.get("TLDRKIT_WRITE_GOLDEN") and revision > known["revision"]:
        golden[step] = known = {"revision": revision, "values": found}
        GOLDEN.write_text(json.dumps(dict(sorted(golden.items())), indent=1, ensure_ascii=False) + "\n")
    assert known["revision"] == revision, (
        f"golden.json lacks {step} of revision {revision}: see the top of this file"
    )
    differences = list(find_differences(found, known["values"]))
    assert not differences, (
        f"`{step}` makes something else than at revision {revision}. If it should, raise the step's revision "
        "in tldrkit/steps/revisions.py, and write the new values as the top of this file says.\n"
        + "\n".join(differences[:20])
    )


def test_differences_are_found() -> None:
    """Whole numbers, texts and lengths must be equal, floats nearly so."""
    golden = {"a": [1, 0.5, "x"], "b": None}
    assert not list(find_differences({"a": [1, 0.5001, "x"], "b": None}, golden))
    others: list[dict[str, Any]] = [{"a": [2, 0.5, "x"], "b": None}, {"a": [1, 0.6, "x"], "b": None}]
    others += [{"a": [1, 0.5], "b": None}, {"a": [1, 0.5, "y"], "b": None}, {"a": [1, 0.5, "x"]}]
    assert all(len(list(find_differences(other, golden))) == 1 for other in others)


def test_a_raised_revision_does_the_step_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was made at another revision is not done, is no error, and stays an input; journals begin anew."""
    spec, arguments = CompareSpec(resamples=100), {"references": ["x/again", "y/again"], "target": "again"}
    for label in ("x", "y"):
        file = place.folder / f"{label}2.jsonl"
        file.write_text('{"prediction": "a b", "reference": "a b c"}\n' * 2)
        score_predictions(place.options, PredictionsSpec(label=label), file=file, target=f"{label}/again")
    first = compare(place.options, spec, **arguments)
    assert compare(place.options, spec, **arguments).done_before
    revision = REVISIONS["compare"]
    monkeypatch.setitem(REVISIONS, "compare", 99)
    second = compare(place.options, spec, **arguments)
    assert not second.done_before
    codes = [outcome.artifact.manifest.code for outcome in (first, second)]
    assert [code["revision"] for code in codes] == [revision, 99]
    assert place.store.verify("again@v1") == place.store.verify("again@v2") == []


def test_a_journal_of_another_revision_is_not_used(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Summaries that were journaled at another revision are made again, and counted as outdated."""
    file, spec = place.folder / "one.json", SummarizeSpec(max_tokens=8, **EXACT)
    file.write_text(json.dumps({"title": "One", "posts": ["The lift is broken."]}))
    output = Output(file=place.folder / "one.jsonl")

    def run() -> tuple[int, int]:
        done = summarize(place.options, spec, paths=[file], model=place.tiny, output=output)
        return done.known, done.outdated

    assert [run(), run()] == [(0, 0), (1, 0)]
    monkeypatch.setitem(REVISIONS, "summarize", 99)
    assert run() == (0, 1)
    assert (place.options.artifacts / JOURNALS).is_dir()


def test_a_machine_that_writes_otherwise_is_refused(place: Place) -> None:
    """An actor of a cluster whose code or processor is not that of the run writes nothing."""
    spec, source = SummarizeSpec(max_tokens=8, **EXACT), resolve_model(place.store, place.tiny)
    thread = Thread(id="1", title="One", posts=(Post(author="", text="The lift is broken."),))
    codes = [{"revision": REVISIONS["summarize"] - 1}, describe_code("summarize", place.options)]
    refusing, writing = (
        JournaledWriter(options=place.options, spec=spec, source=source, code=code) for code in codes
    )
    with pytest.raises(ModelError, match="would write otherwise"):
        refusing([thread])
    assert len(writing([thread])) == 1


def test_loops_count_where_rounding_tells(place: Place) -> None:
    """In fp32 summaries are the same everywhere; in bf16 and int8 the loops and their processor are told."""
    plain, rounded = (describe_code("eval", place.options, name) for name in ("fp32", "int8"))
    assert plain == {"revision": REVISIONS["eval"]}
    assert rounded == describe_code("eval", replace(place.options, threads=2), "bf16")
    code = "from tldrkit.writing.compiled.kernels.compiling import describe_loops; print(describe_loops())"
    told = [
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | more, capture_output=True, text=True, check=True
        ).stdout.strip()
        for more in ({}, {"NUMBA_CPU_NAME": "generic"})
    ]
    assert told[0] == rounded["loops"] != told[1]
