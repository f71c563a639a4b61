"""A BART from a pretrained encoder: what it has of it, and what is refused."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn
from transformers import AutoModel, AutoModelForSeq2SeqLM, AutoTokenizer, BartForConditionalGeneration

from tests.encoders import KINDS, build_encoder, save_encoder
from tldrkit.bases.warm_start import build_from_encoder
from tldrkit.compression.vocabulary import trim_by_use
from tldrkit.errors import ModelError
from tldrkit.families.summarizer import load_summarizer, save_summarizer

TEXTS = ["the landlord walks", "cat"]
BART_EPS = 1e-5
"""Of BART's norms."""


@pytest.mark.parametrize("kind", KINDS)
def test_the_encoder_computes_what_it_did(kind: str, tmp_path: Path) -> None:
    """The encoder's outputs are the source's, padding included; norms of another epsilon cost little."""
    folder = save_encoder(tmp_path, kind)
    base = build_from_encoder(folder)
    source = AutoModel.from_pretrained(folder).eval()
    batch = base.tokenizer(TEXTS, padding=True, return_tensors="pt")
    real = batch["attention_mask"].bool()
    with torch.no_grad():
        ours = base.network.model.encoder(**batch).last_hidden_state[real]
        as_it_is = source(**batch).last_hidden_state[real]
        for norm in (module for module in source.modules() if isinstance(module, nn.LayerNorm)):
            norm.eps = BART_EPS
        theirs = source(**batch).last_hidden_state[real]

    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)
    assert (ours - as_it_is).abs().max() < 0.02 * as_it_is.std()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("layers", "chosen"), [(None, [0, 1, 2]), (2, [0, 2]), (1, [0])])
def test_a_decoder_layer_is_what_it_was_copied_from(
    kind: str, layers: int | None, chosen: list[int], tmp_path: Path
) -> None:
    """Decoder layers are the encoder's, evenly spread; cross-attention is a copy of self-attention."""
    network = build_from_encoder(save_encoder(tmp_path, kind), dec_num_layers=layers).network
    encoder, decoder = network.model.encoder.layers, network.model.decoder.layers

    assert network.config.decoder_layers == len(decoder) == len(chosen)
    for layer, number in zip(decoder, chosen, strict=True):
        source = encoder[number]
        for name, value in source.state_dict().items():
            assert torch.equal(layer.state_dict()[name], value)
        for name, value in source.self_attn.state_dict().items():
            assert torch.equal(layer.encoder_attn.state_dict()[name], value)
        assert torch.equal(layer.encoder_attn_layer_norm.weight, source.self_attn_layer_norm.weight)
        assert torch.equal(layer.encoder_attn_layer_norm.bias, source.self_attn_layer_norm.bias)


def test_a_decoder_layer_computes_what_the_encoders_did(tmp_path: Path) -> None:
    """Its self-attention and norm, given one token, write what the source's first layer writes."""
    encoder = build_encoder(layer_norm_eps=BART_EPS)
    network = build_from_encoder(save_encoder(tmp_path)).network
    hidden = torch.randn(1, 1, 16, generator=torch.Generator().manual_seed(0))
    layer = network.model.decoder.layers[0]
    with torch.no_grad():
        theirs = encoder.encoder.layer[0].attention(hidden)[0]
        ours = layer.self_attn_layer_norm(hidden + layer.self_attn(hidden)[0])

    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)


def test_embeddings_are_one_table(tmp_path: Path) -> None:
    """Both sides and the head share the encoder's word embeddings, and training keeps them tied."""
    network = build_from_encoder(save_encoder(tmp_path)).network
    shared = network.model.shared.weight

    assert torch.equal(shared, build_encoder().embeddings.word_embeddings.weight)
    assert network.lm_head.weight is shared
    assert network.model.encoder.embed_tokens.weight is shared
    assert network.model.decoder.embed_tokens.weight is shared


def test_plain_transformers_writes_the_same(tmp_path: Path) -> None:
    """The result is a stock BART: saved, it loads with transformers alone and writes the same tokens."""
    base = build_from_encoder(save_encoder(tmp_path / "encoder"), max_target_tokens=7)
    save_summarizer(base, tmp_path / "base")
    network = AutoModelForSeq2SeqLM.from_pretrained(tmp_path / "base").eval()
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "base")
    ours, theirs = (
        net.generate(**tok(TEXTS, padding=True, return_tensors="pt"), num_beams=2)
        for net, tok in ((base.network, base.tokenizer), (network, tokenizer))
    )

    assert type(network) is BartForConditionalGeneration
    assert torch.equal(ours, theirs)
    assert (ours[:, 0] == tokenizer.eos_token_id).all()
    assert (ours[:, 1] == tokenizer.bos_token_id).all()
    assert ours.shape[1] <= 1 + 7


def test_a_summary_begins_with_a_word(tmp_path: Path) -> None:
    """Behind the begin mark comes no other mark, however likely it is, also with a trimmed vocabulary."""
    base = build_from_encoder(save_encoder(tmp_path))
    trim_by_use(base, 64, TEXTS, ())
    tokenizer, network = base.tokenizer, base.network
    marks = [tokenizer.bos_token_id, tokenizer.eos_token_id]
    network.final_logits_bias[0, marks] = 100.0
    written = network.generate(**tokenizer(TEXTS, padding=True, return_tensors="pt"), num_beams=1)

    assert (written[:, 1] == tokenizer.bos_token_id).all()
    assert not torch.isin(written[:, 2], torch.tensor(marks)).any()


def test_texts_cannot_end_themselves(tmp_path: Path) -> None:
    """A post that writes an end mark is read as text, and no segments are asked for."""
    save_summarizer(build_from_encoder(save_encoder(tmp_path / "encoder")), tmp_path / "base")
    tokenizer = load_summarizer(tmp_path / "base").tokenizer
    batch = tokenizer("cat [SEP] cat")

    assert set(batch) == {"input_ids", "attention_mask"}
    assert batch["input_ids"].count(tokenizer.sep_token_id) == 1


def test_the_random_state_is_left_alone(tmp_path: Path) -> None:
    """Building draws from no generator that others use, and gives the same weights each time."""
    folder = save_encoder(tmp_path)
    state = torch.random.get_rng_state()
    once, twice = (build_from_encoder(folder).network.state_dict() for _ in range(2))

    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(once[name], twice[name]) for name in once)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"model_type": "electra"}, "electra model, which does not map"),
        ({"is_decoder": True}, "set up as a decoder"),
        ({"position_embedding_type": "relative_key"}, "its positions are relative_key"),
        ({"hidden_act": "no_such"}, "no activation 'no_such'"),
        ({"num_attention_heads": 3}, "its width of 16 cannot be shared out among 3 heads"),
    ],
)
def test_what_cannot_be_mapped_is_refused(change: dict[str, object], reason: str, tmp_path: Path) -> None:
    """One sentence says why."""
    config = save_encoder(tmp_path) / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | change))

    with pytest.raises(ModelError, match=reason):
        build_from_encoder(tmp_path)


def test_positions_behind_another_padding_token_are_refused(tmp_path: Path) -> None:
    """RoBERTa's positions begin behind its padding token, which BART's table has room for if it is 1."""
    with pytest.raises(ModelError, match="behind padding token 3"):
        build_from_encoder(save_encoder(tmp_path, "roberta", pad_token_id=3))


def test_more_layers_than_there_are_cannot_be_taken(tmp_path: Path) -> None:
    """The decoder has at most as many layers as the encoder."""
    with pytest.raises(ModelError, match="has 3 layers, so no decoder gets 4"):
        build_from_encoder(save_encoder(tmp_path), dec_num_layers=4)


def test_missing_weights_are_not_drawn_at_random(tmp_path: Path) -> None:
    """A folder whose config.json names more layers than it has weights for is refused."""
    config = save_encoder(tmp_path) / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"num_hidden_layers": 4}))

    with pytest.raises(ModelError, match="lacks 16 of the weights"):
        build_from_encoder(tmp_path)


def test_pickled_weights_are_not_read(tmp_path: Path) -> None:
    """Only safetensors are."""
    (save_encoder(tmp_path) / "model.safetensors").rename(tmp_path / "pytorch_model.bin")

    with pytest.raises(ModelError, match=r"holds no model\.safetensors"):
        build_from_encoder(tmp_path)


def test_a_tokenizer_must_name_its_marks(tmp_path: Path) -> None:
    """What begins, ends and fills up a text must be known."""
    folder = save_encoder(tmp_path)
    told = json.loads((folder / "tokenizer_config.json").read_text())
    del told["sep_token"]
    (folder / "tokenizer_config.json").write_text(json.dumps(told))

    with pytest.raises(ModelError, match="does not say what begins, ends and fills up"):
        build_from_encoder(folder)
