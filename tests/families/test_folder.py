"""What people take for a model's folder: each is named for what it is, before anything is loaded."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import PreTrainedTokenizerFast, T5ForConditionalGeneration

from tests.encoders import save_encoder
from tests.networks import VOCAB
from tldrkit.bases.warm_start import build_from_encoder
from tldrkit.errors import ModelError
from tldrkit.families.folder import check_model_folder
from tldrkit.families.summarizer import Summarizer, load_summarizer, save_summarizer
from tldrkit.machine.memory import Memory
from tldrkit.options import Options
from tldrkit.sources.loading import load_writer
from tldrkit.sources.model import ModelSource
from tldrkit.tensors import TensorFile
from tldrkit.writing.compiled.decoder import Decoder
from tldrkit.writing.lean import load_lean

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 12345\n".format("0" * 64)
SHARDS = {"model-1.safetensors": ("a", "b"), "model-2.safetensors": ("c",)}


@pytest.fixture
def saved(tiny_summarizer: Summarizer, tmp_path: Path) -> Path:
    """The tiny T5, saved."""
    save_summarizer(tiny_summarizer, tmp_path / "saved")
    return tmp_path / "saved"


def shard(folder: Path) -> Path:
    """Write sharded weights of three tensors in the place of a folder's own."""
    (folder / "model.safetensors").unlink()
    for file, names in SHARDS.items():
        save_file({name: torch.ones(2) for name in names}, folder / file)
    where = {name: file for file, names in SHARDS.items() for name in names}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": where}))
    return folder


def test_whole_folders_are_let_through(saved: Path) -> None:
    """In one file or in shards."""
    check_model_folder(saved)
    check_model_folder(shard(saved))


def test_what_does_not_fit_into_memory_is_not_loaded(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights of more bytes than are available are refused by whatever would load them."""
    size = (saved / "model.safetensors").stat().st_size
    source = ModelSource(reference="saved", digest="", location=str(saved))
    monkeypatch.setattr("tldrkit.families.folder.find_memory", lambda: Memory(size, size))
    load_summarizer(saved)
    monkeypatch.setattr("tldrkit.families.folder.find_memory", lambda: Memory(size, size - 1))
    for load in (lambda: load_summarizer(saved), lambda: load_writer(Options(device="cpu"), source)):
        with pytest.raises(ModelError, match="of memory at least"):
            load()


@pytest.mark.parametrize("name", ["spiece.model", "sentencepiece.bpe.model", "source.spm"])
def test_a_tokenizer_of_sentencepiece_alone_needs_its_library(
    saved: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside a tokenizer.json it is not asked for; nor where sentencepiece is installed."""
    (saved / name).write_bytes(b"pieces")
    found: list[object] = [None]
    monkeypatch.setattr("tldrkit.families.folder.find_spec", lambda _: found[0])
    check_model_folder(saved)
    (saved / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=f"holds its tokenizer as {name}, and no tokenizer.json") as caught:
        check_model_folder(saved)
    assert "pip install sentencepiece" in caught.value.hint
    found[0] = object()
    check_model_folder(saved)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json", "spiece.model"])
def test_pointers_of_git_lfs_are_named(saved: Path, name: str) -> None:
    """Whichever file was not fetched; the hint says how to fetch it."""
    (saved / name).write_text(POINTER)

    with pytest.raises(ModelError, match=rf"{name} is a pointer of Git LFS") as caught:
        load_summarizer(saved)
    assert "git lfs pull" in caught.value.hint


def test_links_that_lead_nowhere_are_named(saved: Path) -> None:
    """A snapshot of the hub's cache that was copied without its blobs."""
    (saved / "model.safetensors").unlink()
    (saved / "model.safetensors").symlink_to("../../blobs/0123")

    with pytest.raises(ModelError, match=r"model\.safetensors is a link to a file that is not there"):
        check_model_folder(saved)


@pytest.mark.parametrize("beside", [True, False])
def test_adapters_are_named(saved: Path, tmp_path: Path, beside: bool) -> None:
    """Alone, or beside the weights of a base: which of them is meant cannot be told."""
    folder = saved if beside else tmp_path / "adapter"
    folder.mkdir(exist_ok=True)
    (folder / "adapter_model.safetensors").write_bytes(b"")
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "someone/bart"}')

    with pytest.raises(ModelError, match="is an adapter for someone/bart") as caught:
        load_summarizer(folder)
    assert "merge_and_unload" in caught.value.hint


@pytest.mark.parametrize("below", ["", "snapshots"])
@pytest.mark.parametrize("main", [True, False])
def test_the_root_of_a_cached_model_names_its_snapshot(
    saved: Path, tmp_path: Path, below: str, main: bool
) -> None:
    """That of the branch main, else the newest."""
    root = tmp_path / "models--someone--t5"
    for day, commit in enumerate(("b1", "a2")):
        shutil.copytree(saved, root / "snapshots" / commit)
        os.utime(root / "snapshots" / commit, (day, day))
    if main:
        (root / "refs").mkdir()
        (root / "refs" / "main").write_text("b1")

    with pytest.raises(ModelError, match="is the root of a model in the hub's cache") as caught:
        check_model_folder(root / below)
    assert str(root / "snapshots" / ("b1" if main else "a2")) in caught.value.hint


@pytest.mark.parametrize("configured", [True, False])
@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("t5-q4.gguf", "GGUF weights"),
        ("encoder_model.onnx", "ONNX graphs"),
        ("onnx/decoder_model.onnx", "ONNX graphs"),
        ("pytorch_model.bin", "pickled weights"),
        ("epoch=3.ckpt", "pickled weights"),
        ("consolidated.00.pth", "pickled weights"),
        ("tf_model.h5", "weights of TensorFlow or Flax"),
        ("flax_model.msgpack", "weights of TensorFlow or Flax"),
    ],
)
def test_weights_of_another_form_are_named(tmp_path: Path, name: str, what: str, configured: bool) -> None:
    """With a config.json and without."""
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"\x80")
    if configured:
        (tmp_path / "config.json").write_text('{"model_type": "t5"}')

    with pytest.raises(ModelError, match=what) as caught:
        check_model_folder(tmp_path)
    assert caught.value.hint


def test_a_folder_of_model_folders_names_the_newest(saved: Path, tmp_path: Path) -> None:
    """Such as what a training wrote its checkpoints into."""
    shutil.move(saved, tmp_path / "out" / "checkpoint-500")

    with pytest.raises(ModelError, match="lies in a folder below") as caught:
        check_model_folder(tmp_path / "out")
    assert str(tmp_path / "out" / "checkpoint-500") in caught.value.hint


def _delete(folder: Path) -> None:
    (folder / "model-2.safetensors").unlink()


def _cut(folder: Path) -> None:
    path = folder / "model-2.safetensors"
    path.write_bytes(path.read_bytes()[:-3])


def _exchange(folder: Path) -> None:
    save_file({"d": torch.ones(2)}, folder / "model-2.safetensors")


def _leave(folder: Path) -> None:
    index = folder / "model.safetensors.index.json"
    index.write_text(index.read_text().replace("model-2", "../model-2"))


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (_delete, r"model-2\.safetensors is missing"),
        (_cut, r"model-2\.safetensors is damaged"),
        (_exchange, r"model-2\.safetensors lacks c"),
        (_leave, "which is not in the folder"),
    ],
)
def test_shards_that_are_not_whole_are_named(
    saved: Path, harm: Callable[[Path], None], sentence: str
) -> None:
    """Missing, cut short, of another model, or outside the folder."""
    harm(shard(saved))

    with pytest.raises(ModelError, match=sentence):
        check_model_folder(saved)


@pytest.mark.parametrize("name", ["model-00001-of-00002.safetensors", "model.fp16.safetensors"])
def test_safetensors_of_other_names_are_told(saved: Path, name: str) -> None:
    """Shards without their index, or another variant."""
    (saved / "model.safetensors").rename(saved / name)

    with pytest.raises(ModelError, match=rf"holds {name}, but neither model\.safetensors nor") as caught:
        check_model_folder(saved)
    assert "index" in caught.value.hint


def test_a_folder_without_a_tokenizer_is_refused(saved: Path) -> None:
    """Transformers would make an empty one up."""
    (saved / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match="holds no tokenizer"):
        load_summarizer(saved)

    (saved / "tokenizer_config.json").write_text('{"tokenizer_class": "ByT5Tokenizer"}')
    check_model_folder(saved)  # it reads bytes


def test_more_tokens_than_embeddings_are_refused(saved: Path) -> None:
    """By the loader that needs no torch and by the other; both numbers are said."""
    path = saved / "tokenizer.json"
    content = json.loads(path.read_text())
    content["added_tokens"].append(content["added_tokens"][0] | {"id": VOCAB + 4, "content": "<late>"})
    path.write_text(json.dumps(content))

    assert load_lean(saved) is None
    with pytest.raises(ModelError, match=rf"numbered up to \d+, but embeddings for {VOCAB} of them"):
        load_summarizer(saved)


@pytest.mark.parametrize(
    ("file", "name"), [("config.json", "pad_token_id"), ("generation_config.json", "decoder_start_token_id")]
)
def test_marks_without_embeddings_are_refused(saved: Path, file: str, name: str) -> None:
    """A mark that the configuration names has a row too."""
    content = json.loads((saved / file).read_text())
    (saved / file).write_text(json.dumps(content | {name: VOCAB}))

    assert load_lean(saved) is None
    with pytest.raises(ModelError, match=f"its {name} is {VOCAB}, but has embeddings for {VOCAB}"):
        load_summarizer(saved)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_no_numbers_are_refused(saved: Path, value: float) -> None:
    """By both loaders, with the tensor's name."""
    name = "decoder.block.1.layer.0.SelfAttention.k.weight"
    weights = load_file(saved / "model.safetensors")
    weights[name][2, 1] = value
    save_file(weights, saved / "model.safetensors", metadata={"format": "pt"})

    with pytest.raises(ModelError, match=name):
        load_summarizer(saved)
    lean = load_lean(saved)
    assert lean is not None
    with pytest.raises(ModelError, match=name):
        Decoder(lean.network, "fp32")


@pytest.mark.parametrize("values", [[], [0.0], [3, -3], [np.finfo(np.float32).max]])
def test_whatever_is_finite_is_read(tmp_path: Path, values: list[float]) -> None:
    """Empty tensors and the largest numbers too."""
    save_file({"x": torch.tensor(values)}, tmp_path / "x.safetensors")

    assert TensorFile(tmp_path / "x.safetensors").read("x").tolist() == values


def test_encoders_are_checked_as_models_are(tmp_path: Path) -> None:
    """What `base --encoder` begins with: its tokens fit, and its weights are finite."""
    folder = save_encoder(tmp_path / "encoder")
    content = json.loads((folder / "tokenizer.json").read_text())
    content["added_tokens"].append(content["added_tokens"][0] | {"id": 9999, "content": "<late>"})
    (folder / "tokenizer.json").write_text(json.dumps(content))
    with pytest.raises(ModelError, match=r"numbered up to [\d,]+, but embeddings for"):
        build_from_encoder(folder)

    folder = save_encoder(tmp_path / "damaged")
    weights = load_file(folder / "model.safetensors")
    weights["encoder.layer.0.output.dense.bias"][0] = float("nan")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"encoder\.layer\.0\.output\.dense\.bias"):
        build_from_encoder(folder)


def test_an_encoder_alone_is_refused_with_the_command_that_takes_it(tmp_path: Path) -> None:
    """Such as a folder of sentence-transformers."""
    folder = save_encoder(tmp_path / "encoder")
    (folder / "modules.json").write_text("[]")

    with pytest.raises(ModelError, match="no encoder-decoder but a bert model") as caught:
        load_summarizer(folder)
    assert "tldrkit base --encoder" in caught.value.hint


def test_the_encoder_of_a_t5_alone_is_refused(
    tiny_t5: T5ForConditionalGeneration, tiny_tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    """Its configuration is that of an encoder-decoder, whose decoder is not there."""
    save_summarizer(Summarizer(tiny_t5, tiny_tokenizer), tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    kept = {name: tensor for name, tensor in weights.items() if not name.startswith("decoder")}
    save_file(kept, tmp_path / "model.safetensors", metadata={"format": "pt"})

    with pytest.raises(ModelError, match="lacks") as caught:
        load_summarizer(tmp_path)
    assert "an encoder's alone" in caught.value.hint
