"""A T5 in CTranslate2's form, against CTranslate2's own converter and our own search."""

import json
from pathlib import Path
from statistics import mode
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import PreTrainedModel

from tests.networks import TEXTS, build_t5
from tests.training.packed.test_t5 import NETWORKS, Rows, draw_rows
from tests.writing.compiled.test_search import ENDS, LONGEST, read, spread, take
from tldrkit.bases.scratch import build_tokenizer
from tldrkit.errors import ModelError
from tldrkit.families.summarizer import Summarizer, save_summarizer
from tldrkit.specs import Precision
from tldrkit.writing.compiled.rules import Rules
from tldrkit.writing.compiled.search import Beams, write_by_beams, write_greedily
from tldrkit.writing.lean import load_lean
from tldrkit.writing.translation import check_translatable, load_translator

ctranslate2 = pytest.importorskip("ctranslate2", reason="ctranslate2 is not installed")

PLAIN = ("plain", "gated", "gelu")
SOURCES = draw_rows(17, 30) + draw_rows(5, 200)  # some are longer than the reach of the position buckets
SEARCH = {
    "return_end_token": True,
    "min_decoding_length": 0,
    "max_decoding_length": LONGEST,
    "max_input_length": 0,
}


def translate(network: PreTrainedModel, ends: list[int], **search: Any) -> Rows:  # noqa: ANN401
    translator = load_translator(take(network), "fp32", 1)
    rows = [[str(piece) for piece in row] for row in SOURCES]
    results = translator.translate_batch(rows, end_token=ends, **(SEARCH | search))
    return [[int(piece) for piece in result.hypotheses[0]] for result in results]


@pytest.mark.parametrize("kind", PLAIN)
@pytest.mark.parametrize("fewest", [0, 7])
def test_greedily_it_writes_what_we_write(kind: str, fewest: int) -> None:
    """Piece for piece, for rows of many lengths that end at different places."""
    network = spread(NETWORKS[kind]())
    ours = write_greedily(read(network), SOURCES, LONGEST, Rules(ENDS, min_tokens=fewest))

    assert translate(network, list(ENDS), beam_size=1, min_decoding_length=fewest) == ours
    assert len({len(row) for row in ours}) > 1


@pytest.mark.parametrize("kind", PLAIN)
@pytest.mark.parametrize("penalty", [1.0, 2.0])
def test_its_beam_search_is_ours_with_early_stopping(kind: str, penalty: float) -> None:
    """Piece for piece, where ours too is done once as many summaries have ended as there are beams."""
    decoder = read(network := spread(NETWORKS[kind]()))
    end = mode(piece for row in write_greedily(decoder, SOURCES, LONGEST, Rules()) for piece in row)
    ours = write_by_beams(decoder, SOURCES, LONGEST, Rules([end]), Beams(4, penalty, early_stopping=True))

    assert translate(network, [end], beam_size=4, length_penalty=penalty) == ours
    assert len({len(row) for row in ours}) > 1


@pytest.mark.parametrize("precision", ["fp32", "int8"])
@pytest.mark.parametrize("kind", PLAIN)
def test_it_is_what_its_own_converter_makes(
    kind: str,
    precision: Precision,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The weights are byte for byte those of CTranslate2's converter, and the network's stay as they are."""
    network = NETWORKS[kind]()
    network.config.scale_decoder_outputs = True  # its converter scales in any case
    save_summarizer(Summarizer(network, build_tokenizer(TEXTS * 3, 320)), tmp_path / "model")
    quantization = {"fp32": "float32", "int8": "int8"}[precision]
    ctranslate2.converters.TransformersConverter(str(tmp_path / "model")).convert(
        str(tmp_path / "theirs"), quantization=quantization
    )
    lean = load_lean(tmp_path / "model")
    assert lean is not None
    before = {name: weight.clone() for name, weight in network.state_dict().items()}
    monkeypatch.setattr(
        ctranslate2, "Translator", lambda folder, **_: (Path(folder) / "model.bin").read_bytes()
    )

    theirs = (tmp_path / "theirs" / "model.bin").read_bytes()
    assert load_translator(lean.network, precision, 1) == theirs
    assert load_translator(take(network), precision, 1) == theirs
    assert all(torch.equal(weight, before[name]) for name, weight in network.state_dict().items())


@pytest.mark.parametrize("scaled", [True, False])
def test_the_head_is_scaled_as_the_network_says(scaled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores of pieces are divided by the square root of the width, or not: beams depend on it."""
    network = build_t5()
    network.config.scale_decoder_outputs = scaled
    specs: list[Any] = []
    monkeypatch.setattr(ctranslate2.specs.TransformerSpec, "save", lambda spec, _: specs.append(spec))
    monkeypatch.setattr(ctranslate2, "Translator", lambda _, **__: None)
    load_translator(take(network), "fp32", 1)

    scale = specs[0].decoder.scale_outputs
    assert float(scale.numpy()) == pytest.approx(32**-0.5) if scaled else isinstance(scale, str)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"model_type": "bart"}, "is none"),
        ({"model_type": "t5", "dense_act_fn": "silu"}, "activation silu"),
        ({"model_type": "tldr_t5", "growth": {"a": 1}}, "has dendrites"),
        ({"model_type": "tldr_t5", "growth": {}, "d_model": 32, "dec_d_model": 16}, "another width"),
    ],
)
def test_what_it_cannot_run_is_refused(fields: dict[str, Any], sentence: str) -> None:
    """One sentence says what a model has that CTranslate2 has no form for."""
    with pytest.raises(ModelError, match=sentence) as caught:
        check_translatable(SimpleNamespace(**fields), "fp32")
    assert caught.value.hint == "Leave --engine out."


def test_a_plain_network_of_our_own_class_is_run() -> None:
    """A decoder that is deeper than its encoder, or a width named that is the encoder's, is no obstacle."""
    for fields in ({}, {"model_type": "tldr_t5", "growth": {}, "dec_d_model": None, "d_model": 32}):
        check_translatable(SimpleNamespace(**fields), "fp32")
    check_translatable(SimpleNamespace(model_type="tldr_t5", dec_d_model=32, d_model=32), "int8")


def test_a_precision_the_processor_lacks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a processor has no bf16 it is not taken for something else."""
    monkeypatch.setattr(ctranslate2, "get_supported_compute_types", lambda _: {"float32", "int8"})
    with pytest.raises(ModelError, match="no bf16 on this processor"):
        check_translatable(SimpleNamespace(), "bf16")


def test_no_temporary_folder_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is gone once the model is loaded, and also where writing or loading fails."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    load_translator(take(build_t5()), "int8", 2)
    assert list(tmp_path.iterdir()) == []

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ctranslate2, "Translator", fail)
    with pytest.raises(OSError, match="No space"):
        load_translator(take(build_t5()), "fp32", 1)
    assert list(tmp_path.iterdir()) == []

    monkeypatch.setattr(json, "dump", fail)
    with pytest.raises(ModelError, match=r"cannot be written .*No space left") as caught:
        load_translator(take(build_t5()), "fp32", 1)
    assert "TMPDIR" in caught.value.hint
    assert list(tmp_path.iterdir()) == []
