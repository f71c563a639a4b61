import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    BartForConditionalGeneration,
    FSMTConfig,
    FSMTForConditionalGeneration,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
    T5ForConditionalGeneration,
)

from tests.networks import KIN_NETWORKS, build_kin
from tldrkit.errors import ModelError
from tldrkit.families.hub_code.configuration_tldr import TldrT5Config
from tldrkit.families.hub_code.modeling_tldr import TldrT5ForConditionalGeneration
from tldrkit.families.summarizer import Summarizer, load_summarizer, save_summarizer
from tldrkit.writing.lean import load_lean

Batch = dict[str, torch.Tensor]
FILES = [
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
]
FRESH = """
import sys, torch
from safetensors.torch import save_file
from tldrkit.families.summarizer import load_summarizer
network = load_summarizer(sys.argv[1]).network
ids = torch.arange(3, 15)[None]
save_file({"logits": network(input_ids=ids, labels=ids).logits.detach()}, sys.argv[2])
"""


@pytest.fixture
def saved(tiny_summarizer: Summarizer, tmp_path: Path) -> Path:
    """The tiny T5, saved."""
    save_summarizer(tiny_summarizer, tmp_path / "saved")
    return tmp_path / "saved"


@pytest.mark.parametrize("name", ["tiny_t5", "tiny_flan", "tiny_bart", *KIN_NETWORKS])
def test_a_round_trip_changes_nothing(
    name: str, request: pytest.FixtureRequest, tiny_tokenizer: PreTrainedTokenizerFast, tiny_batch: Batch,
    tmp_path: Path,
) -> None:  # fmt: skip
    """Of any family, tied or not, grown or not: saved, loaded and saved again, logits and files are equal."""
    network = KIN_NETWORKS[name]() if name in KIN_NETWORKS else request.getfixturevalue(name)
    save_summarizer(Summarizer(network, tiny_tokenizer), tmp_path / "1")
    save_summarizer(load_summarizer(tmp_path / "1"), tmp_path / "2")
    loaded = load_summarizer(tmp_path / "2").network
    loaded.set_attn_implementation(network.config._attn_implementation)
    assert torch.equal(loaded(**tiny_batch).logits, network(**tiny_batch).logits)
    files = sorted(path.name for path in (tmp_path / "1").iterdir())
    assert files == FILES
    for file in files:
        assert (tmp_path / "1" / file).read_bytes() == (tmp_path / "2" / file).read_bytes(), file


def test_our_network_loads_in_a_fresh_process(
    tiny_t5: T5ForConditionalGeneration, tiny_tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    """Offline, in a process that knows nothing yet, a narrow decoder with dendrites gives equal logits."""
    growth = {"decoder.block.1.layer.2.DenseReluDense.wo": 1}
    config = TldrT5Config(**tiny_t5.config.to_dict() | {"dec_d_model": 24, "growth": growth})
    network = TldrT5ForConditionalGeneration(config).eval()
    network.get_submodule(next(iter(growth))).dendrite_to_output.data.normal_()
    save_summarizer(Summarizer(network, tiny_tokenizer), tmp_path / "model")
    command = [sys.executable, "-c", FRESH, str(tmp_path / "model"), str(tmp_path / "out")]
    subprocess.run(command, check=True, env=os.environ | {"HF_HUB_OFFLINE": "1"})
    ids = torch.arange(3, 15)[None]
    logits = network(input_ids=ids, labels=ids).logits
    assert torch.equal(load_file(tmp_path / "out")["logits"], logits)


def test_saving_forgets_how_the_tokenizer_was_called(tiny_summarizer: Summarizer, saved: Path) -> None:
    """Padding and truncation of the last call do not reach the file."""
    tiny_summarizer.tokenizer(["a b", "c"], padding="max_length", max_length=9, truncation=True)
    save_summarizer(tiny_summarizer, saved.parent / "again")
    assert (saved / "tokenizer.json").read_bytes() == (saved.parent / "again/tokenizer.json").read_bytes()


def test_half_precision_is_loaded_as_float32(tiny_summarizer: Summarizer, tmp_path: Path) -> None:
    """Whatever the checkpoint holds, it is computed with in float32."""
    tiny_summarizer.network.to(torch.bfloat16)
    save_summarizer(tiny_summarizer, tmp_path)
    assert {parameter.dtype for parameter in load_summarizer(tmp_path).network.parameters()} == {
        torch.float32
    }


def test_weights_cut_short_are_an_error(saved: Path) -> None:
    """A truncated file is named in one sentence."""
    weights = saved / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ModelError, match=r"model\.safetensors is damaged"):
        load_summarizer(saved)


def test_weights_that_are_not_there_are_an_error(saved: Path) -> None:
    """Without safetensors nothing is loaded, a pickle beside them or not."""
    (saved / "model.safetensors").rename(saved / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"holds no model\.safetensors") as caught:
        load_summarizer(saved)
    assert "never read" in caught.value.hint


def test_gaps_are_not_filled_with_random_numbers(saved: Path) -> None:
    """A weight the config names and the file lacks is an error."""
    tensors = load_file(saved / "model.safetensors")
    del tensors["decoder.block.2.layer.0.SelfAttention.q.weight"]
    save_file(tensors, saved / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"lacks 1 of the weights.*decoder\.block\.2"):
        load_summarizer(saved)


def test_positions_that_are_computed_may_be_missing(
    tiny_tokenizer: PreTrainedTokenizerFast, tiny_batch: Batch, tmp_path: Path
) -> None:
    """Sines and cosines, which transformers before 5 did not save: as they were, with torch and without."""
    network = build_kin("pegasus")
    save_summarizer(Summarizer(network, tiny_tokenizer), tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    for side in ("encoder", "decoder"):
        del tensors[f"model.{side}.embed_positions.weight"]
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})

    loaded = load_summarizer(tmp_path).network
    loaded.set_attn_implementation("eager")
    assert torch.equal(loaded(**tiny_batch).logits, network(**tiny_batch).logits)
    assert load_lean(tmp_path) is not None


def test_a_network_of_many_languages_says_which_it_writes(
    tiny_tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    """An mBART as it was pretrained would begin with a mark that it never saw there."""
    network = build_kin("mbart", decoder_start_token_id=None)
    save_summarizer(Summarizer(network, tiny_tokenizer), tmp_path)

    assert load_lean(tmp_path) is None
    with pytest.raises(ModelError, match="does not say in which language it writes"):
        load_summarizer(tmp_path)


@pytest.mark.parametrize("family", ["marian", "fsmt"])
def test_a_network_of_two_vocabularies_is_refused(
    family: str, tiny_tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    """A translator whose summaries would be tokenized as its documents are is one sentence."""
    networks = {
        "marian": lambda: build_kin(
            "marian", share_encoder_decoder_embeddings=False, decoder_vocab_size=99, tie_word_embeddings=False
        ),
        "fsmt": lambda: FSMTForConditionalGeneration(
            FSMTConfig(langs=["en", "de"], src_vocab_size=320, tgt_vocab_size=99, d_model=8, encoder_layers=1,
                       decoder_layers=1, encoder_attention_heads=1, decoder_attention_heads=1)
        ),
    }  # fmt: skip
    save_summarizer(Summarizer(networks[family](), tiny_tokenizer), tmp_path)

    assert load_lean(tmp_path) is None
    with pytest.raises(ModelError, match="reads in one vocabulary and writes in another"):
        load_summarizer(tmp_path)


def test_weights_of_another_size_are_an_error(saved: Path) -> None:
    """A config that belongs to another model is one sentence, not a traceback."""
    config = json.loads((saved / "config.json").read_text())
    (saved / "config.json").write_text(json.dumps(config | {"d_ff": 40}))
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_summarizer(saved)


@pytest.mark.parametrize("text", ["", "{", '{"model_type": "no-such-model"}', "[]"])
def test_a_broken_config_is_an_error(saved: Path, text: str) -> None:
    """Garbage in config.json is one sentence, not a traceback."""
    (saved / "config.json").write_text(text)
    with pytest.raises(ModelError):
        load_summarizer(saved)


def test_a_decoder_alone_is_refused(saved: Path) -> None:
    """A language model cannot summarize as an encoder-decoder does."""
    GPT2LMHeadModel(GPT2Config(vocab_size=99, n_embd=8, n_layer=1, n_head=1)).save_pretrained(saved)
    with pytest.raises(ModelError, match="no encoder-decoder but a gpt2"):
        load_summarizer(saved)


@pytest.mark.parametrize(
    "name", ["nobody/no-such-model", "no-such-model", "no/such/folder", "/no/such/folder"]
)
def test_a_model_that_cannot_be_had_is_an_error(name: str) -> None:
    """A hub id without a network, and a folder that is not there, are one sentence each."""
    with pytest.raises(ModelError, match=name):
        load_summarizer(name)


def test_a_folder_without_a_model_is_an_error(tmp_path: Path) -> None:
    """An empty folder is no model."""
    with pytest.raises(ModelError, match=r"config\.json is missing"):
        load_summarizer(tmp_path)


def test_real_bart_tokens_fit(tiny_bart: BartForConditionalGeneration, tiny_batch: Batch) -> None:
    """The tiny BART ends its summaries as the tiny tokenizer does."""
    assert tiny_bart.config.eos_token_id == 1
    assert tiny_bart.generate(tiny_batch["input_ids"], max_new_tokens=4)[0, -1] == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [("config.json", '{"d_model": "wide", "model_type": "t5"}'), ("tokenizer.json", '{"model": {'),
     ("model.safetensors.index.json", '{"weights": []}')],
)  # fmt: skip
def test_a_broken_file_of_a_folder_is_one_sentence(
    tiny_summarizer: Summarizer, tmp_path: Path, name: str, content: str
) -> None:
    """Whatever is wrong in a model's folder is a ModelError with a hint, never a library's exception."""
    save_summarizer(tiny_summarizer, tmp_path)
    if "index" in name:  # which is read where the weights are not in one file
        (tmp_path / "model.safetensors").unlink()
    (tmp_path / name).write_text(content)

    with pytest.raises(ModelError) as caught:
        load_summarizer(tmp_path)
    assert caught.value.hint
