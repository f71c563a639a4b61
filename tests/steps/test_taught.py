"""What a model was taught follows it through the line, and every command reads so unless told otherwise."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from transformers import BartConfig, BartForConditionalGeneration

from tests.steps.conftest import FIT, SMALLER, Line
from tldrkit.families.summarizer import Summarizer, load_summarizer, save_summarizer
from tldrkit.options import Options
from tldrkit.sources.model import resolve_model
from tldrkit.specs import (
    BaseSpec,
    CompressSpec,
    EvalSpec,
    ExportSpec,
    SummarizeSpec,
    Taught,
    TrainSpec,
)
from tldrkit.steps.compress import compress
from tldrkit.steps.eval import eval as score
from tldrkit.steps.export import export
from tldrkit.steps.serve import _load
from tldrkit.steps.summarize import Output, summarize
from tldrkit.steps.train import train
from tldrkit.store.store import ArtifactStore
from tldrkit.tracking import Event
from tldrkit.writing.decoding import Decoding
from tldrkit.writing.generation import Generator

OWN = Taught(prefix="tl;dr: ", max_source_tokens=64, max_target_tokens=16)
OPEN = {name: value for name, value in FIT.items() if name not in ("max_source_tokens", "max_target_tokens")}
KEPT = {
    name: value for name, value in SMALLER.items() if name not in ("max_source_tokens", "max_target_tokens")
}
THREAD = {"title": "Fan", "posts": [{"author": "ann", "text": "The fan is loud. " * 40}]}


class Display:
    """Remembers the sentences that a person is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def log(self, event: Event) -> None:
        """Remember."""
        if "taught" in str(event.get("message", "")):
            self.told.append(str(event["message"]))

    def close(self) -> None:
        """Nothing to close."""


@dataclass(frozen=True)
class Own:
    """Models that were taught in their own way, and how to do more with them."""

    options: Options
    exported: str
    told: list[str]
    """Sentences while they were made."""

    def listen(self) -> tuple[Options, list[str]]:
        """Give surroundings, and the sentences that will be told in them."""
        display = Display()
        return replace(self.options, display=display), display.told

    def find(self, source: str) -> Taught:
        """Tell how a model was taught."""
        return resolve_model(ArtifactStore(self.options.artifacts), source).taught


@pytest.fixture(scope="module")
def own(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Own:
    """A model trained with a prefix of its own, at its base's lengths; compressed, trained and exported."""
    display = Display()
    options = replace(line.options, display=display)
    train(options, TrainSpec(**OPEN, prefix=OWN.prefix), source="base", target="own/first")
    compress(options, CompressSpec(**KEPT), source="own/first", target="own/compress")
    train(options, TrainSpec(**OPEN), source="own/compress", target="own/train")
    to = tmp_path_factory.mktemp("exported") / "model"
    export(options, ExportSpec(), source="own/train", to=to)
    return Own(options, str(to), display.told)


def read_spec(own: Own, name: str) -> dict[str, Any]:
    return ArtifactStore(own.options.artifacts).resolve(name).manifest.spec


@pytest.mark.parametrize("name", ["own/first", "own/compress", "own/train"])
def test_what_a_model_was_taught_survives_the_line(own: Own, name: str) -> None:
    """It is a file beside the weights of each artifact, and the manifest's spec holds the same values."""
    artifact = ArtifactStore(own.options.artifacts).resolve(name)
    written = json.loads((artifact.path / "tldrkit.json").read_text(encoding="utf-8"))

    assert own.find(name) == OWN
    assert written == {"reading": vars(OWN)}
    assert "tldrkit.json" in {file.path for file in artifact.manifest.files}
    assert {name: artifact.manifest.spec[name] for name in vars(OWN)} == vars(OWN)


def test_only_the_step_that_changes_it_says_so(own: Own) -> None:
    """One sentence, of the training that taught another prefix; what is left open is not told otherwise."""
    assert own.told == ["base@v1 was taught prefix 'summarize: '; own/first is taught prefix 'tl;dr: '."]


def test_an_exported_folder_tells_how_it_was_taught(own: Own) -> None:
    """Its file holds it beside what else it says, its generation defaults and its card agree."""
    folder = Path(own.exported)
    origin = json.loads((folder / "tldrkit.json").read_text(encoding="utf-8"))
    defaults = json.loads((folder / "generation_config.json").read_text(encoding="utf-8"))

    assert own.find(own.exported) == OWN
    assert origin["reading"] == vars(OWN)
    assert (origin["spec"]["max_target_tokens"], defaults["max_new_tokens"]) == (16, 16)
    assert OWN.prefix in (folder / "README.md").read_text(encoding="utf-8")
    assert export(own.options, ExportSpec(), source="own/train", to=folder).done_before


def write_as(folder: str, taught: Taught, documents: list[str], num_beams: int) -> list[str]:
    summarizer = load_summarizer(folder)
    decoding = Decoding(**vars(taught), num_beams=num_beams, batch_size=8)
    generated = Generator(summarizer.network, summarizer.tokenizer, decoding)(documents)
    return [one.text for one in generated]


def test_eval_reads_an_exported_folder_as_it_was_taught(own: Own) -> None:
    """Predictions are those of its own prefix and lengths; spec and scores hold these; nothing is said."""
    options, told = own.listen()
    outcome = score(options, EvalSpec(dataset="toy", num_beams=2), source=own.exported, target="own/eval")
    rows = [
        json.loads(row)
        for row in (outcome.artifact.path / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    documents = [row["document"] for row in rows]
    decoding = json.loads((outcome.artifact.path / "scores.json").read_text(encoding="utf-8"))["decoding"]

    assert [row["prediction"] for row in rows] == write_as(own.exported, OWN, documents, 2)
    assert [row["prediction"] for row in rows] != write_as(
        own.exported, replace(OWN, prefix=""), documents, 2
    )
    assert decoding == vars(OWN) | {"num_beams": 2}
    assert {name: outcome.artifact.manifest.spec[name] for name in vars(OWN)} == vars(OWN)
    assert told == []


def test_saying_what_holds_anyway_is_the_same_step(own: Own) -> None:
    """Options that say what a model was taught change neither identity nor say anything."""
    score(own.options, EvalSpec(dataset="toy", num_beams=1), source="own/train", target="own/same")
    options, told = own.listen()
    spec = EvalSpec(dataset="toy", num_beams=1, **vars(OWN))

    assert score(options, spec, source="own/train", target="own/same").done_before
    assert told == []


def test_summarize_reads_an_exported_folder_as_it_was_taught(own: Own, tmp_path: Path) -> None:
    """A long thread is cut to its own tokens, and the summary to its own; nothing is said."""
    (tmp_path / "thread.json").write_text(json.dumps(THREAD))
    asked: dict[str, Any] = {"paths": [tmp_path / "thread.json"], "model": own.exported}
    texts, sentences = [], []
    for fields in ({}, vars(OWN), {"prefix": "so: ", "max_source_tokens": 200, "max_target_tokens": 40}):
        options, told = own.listen()
        most = {
            "max_tokens" if name == "max_target_tokens" else name: value for name, value in fields.items()
        }
        out = tmp_path / f"{len(texts)}.jsonl"
        spec = SummarizeSpec(num_beams=1, **most)
        summarize(options, spec, paths=asked["paths"], model=asked["model"], output=Output(file=out))
        texts.append(json.loads(out.read_text(encoding="utf-8"))["summary"])
        sentences.append(told)

    assert texts[0] == texts[1] != texts[2]
    assert sentences[:2] == [[], []]
    assert sentences[2] == [
        f"{own.exported} was taught prefix 'tl;dr: ', max_source_tokens 64, max_target_tokens 16; "
        "here it is told prefix 'so: ', max_source_tokens 200, max_target_tokens 40."
    ]


def test_the_journal_knows_how_was_read(own: Own, tmp_path: Path) -> None:
    """Saying what the model was taught anyway does nothing again; saying otherwise does."""
    (tmp_path / "thread.json").write_text(json.dumps(THREAD))
    asked: dict[str, Any] = {
        "paths": [tmp_path / "thread.json"], "model": "own/train",
        "output": Output(file=tmp_path / "s.jsonl"),
    }  # fmt: skip
    summarize(own.options, SummarizeSpec(num_beams=1), **asked)
    same = SummarizeSpec(num_beams=1, prefix=OWN.prefix, max_source_tokens=64, max_tokens=16)
    other = SummarizeSpec(num_beams=1, max_source_tokens=32)

    assert summarize(own.options, same, **asked).known == 1
    assert summarize(own.options, other, **asked).outdated == 1


@pytest.mark.parametrize(
    ("fields", "fewest", "most"),
    [({}, 0, 16), ({"length": "medium"}, 24, 72), ({"min_tokens": 20}, 20, 20), ({"max_tokens": 9}, 0, 9)],
)
def test_a_named_length_or_a_number_wins_over_what_was_taught(
    fields: dict[str, Any], fewest: int, most: int
) -> None:
    """Without either, as many tokens as the model was taught are written; a completed spec stays as it is."""
    spec = SummarizeSpec(**fields).complete(OWN)

    assert spec.token_range == (fewest, most)
    assert spec.complete(Taught()) == spec


def test_serve_reads_each_model_as_it_was_taught(own: Own) -> None:
    """Two models of one server have each their own prefix and lengths, unless all are told otherwise."""
    options, told = own.listen()
    store = ArtifactStore(options.artifacts)
    sources = (str(own.exported), "base")
    models = [resolve_model(store, source) for source in sources]
    spec = SummarizeSpec(num_beams=1)
    served = [_load(options, spec, *pair).summarize.decoding for pair in zip(models, sources, strict=True)]

    assert [one.prefix for one in served] == ["tl;dr: ", "summarize: "]
    assert [(one.max_source_tokens, one.max_target_tokens) for one in served] == [(64, 16)] * 2
    assert told == []
    other = _load(options, SummarizeSpec(num_beams=1, prefix="so: "), models[1], "base")
    assert other.summarize.decoding.prefix == "so: "
    assert told == ["base@v1 was taught prefix 'summarize: '; here it is told prefix 'so: '."]


def test_compress_and_export_may_teach_otherwise(own: Own, tmp_path: Path) -> None:
    """What they are told is remembered by what they write, and said."""
    options, told = own.listen()
    compress(options, CompressSpec(**KEPT, max_source_tokens=48), source="own/first", target="own/other")
    export(options, ExportSpec(max_target_tokens=9), source="own/first", to=tmp_path / "model")

    assert own.find("own/other") == replace(OWN, max_source_tokens=48)
    assert own.find(str(tmp_path / "model")) == replace(OWN, max_target_tokens=9)
    assert told == [
        "own/first@v1 was taught max_source_tokens 64; own/other is taught max_source_tokens 48.",
        "own/first@v1 was taught max_target_tokens 16; here it is told max_target_tokens 9.",
    ]


def test_a_base_is_taught_what_its_spec_says(line: Line) -> None:
    """A network from scratch has the defaults, where its spec leaves them open."""
    assert BaseSpec().complete(Taught()).taught == Taught()
    assert resolve_model(ArtifactStore(line.options.artifacts), "base").taught == replace(
        OWN, prefix="summarize: "
    )


def test_a_model_learns_from_one_that_was_taught_otherwise(own: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    """A teacher reads with its own prefix when it writes summaries; the student is taught its own."""
    from tldrkit.training import distillation

    seen = []
    write = distillation.write_references
    monkeypatch.setattr(
        distillation, "write_references", lambda *given: seen.append(given[2].taught) or write(*given)
    )
    spec = TrainSpec(**OPEN, teacher_outputs=True, distill_weight=0)
    train(own.options, spec, source="base", target="own/student", teacher="own/train")

    assert seen == [OWN]
    assert own.find("own/student").prefix == "summarize: "


def test_a_stock_bart_reads_without_a_prefix(own: Own, tmp_path: Path) -> None:
    """BART was never taught one; it reads and writes as its configuration says, and no more than it can."""
    tokenizer = load_summarizer(own.exported).tokenizer
    config = BartConfig(
        vocab_size=len(tokenizer), d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=16, max_position_embeddings=40,
        pad_token_id=0, eos_token_id=1, bos_token_id=2, decoder_start_token_id=1, forced_eos_token_id=1,
        task_specific_params={"summarization": {"max_length": 12, "min_length": 3, "num_beams": 2}},
    )  # fmt: skip
    network = BartForConditionalGeneration(config)
    save_summarizer(Summarizer(network, tokenizer), tmp_path / "bart")
    options, told = own.listen()
    spec = EvalSpec(dataset="toy", num_beams=2, max_examples=2)
    outcome = score(options, spec, source=str(tmp_path / "bart"), target="own/bart")

    assert (outcome.artifact.manifest.spec["prefix"], told) == ("", [])
    assert outcome.artifact.manifest.spec["max_source_tokens"] == 40
    assert outcome.artifact.manifest.spec["max_target_tokens"] == 11
