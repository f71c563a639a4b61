"""Tiny random networks, built from a config; every test gets its own copy."""

import copy
from collections.abc import Callable
from functools import partial

import pytest
import torch
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    MarianMTModel,
    MBartForConditionalGeneration,
    MT5ForConditionalGeneration,
    PegasusForConditionalGeneration,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    T5Config,
    T5ForConditionalGeneration,
)

from tldrkit.bases.scratch import build_tokenizer
from tldrkit.families.hub_code.configuration_tldr import TldrT5Config
from tldrkit.families.hub_code.dendritic_linear import DendriticLinear
from tldrkit.families.hub_code.modeling_tldr import NETWORKS, TldrT5ForConditionalGeneration
from tldrkit.families.summarizer import Summarizer

VOCAB = 320
TEXTS = (
    "the cat sat on the mat and the dog looked at the cat",
    "my landlord kept the deposit, what can I do about it?",
    "summarize: we talked about the plan and agreed on the plan",
)


_T5_SIZES: dict[str, object] = {
    "vocab_size": VOCAB, "d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 3, "num_decoder_layers": 2,
    "num_heads": 4, "dropout_rate": 0.0, "decoder_start_token_id": 0,
}  # fmt: skip
BART_SIZES: dict[str, object] = {
    "vocab_size": VOCAB, "max_position_embeddings": 256, "d_model": 32, "encoder_layers": 2,
    "decoder_layers": 3, "encoder_ffn_dim": 48, "decoder_ffn_dim": 40, "encoder_attention_heads": 4,
    "decoder_attention_heads": 2, "init_std": 0.2, "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 1,
    "decoder_start_token_id": 1, "forced_eos_token_id": 1, "dropout": 0.0,
}  # fmt: skip
T5_GROWTH = {
    "encoder.block.0.layer.0.SelfAttention.k": 1,
    "decoder.block.1.layer.2.DenseReluDense.wo": 2,
    "decoder.block.0.layer.1.EncDecAttention.v": 1,
}
BART_GROWTH = {
    "model.encoder.layers.0.self_attn.k_proj": 1,
    "model.decoder.layers.1.fc1": 2,
    "model.decoder.layers.0.encoder_attn.v_proj": 1,
}
KIN: dict[str, tuple[type[PreTrainedModel], dict[str, object]]] = {
    "mt5": (MT5ForConditionalGeneration, _T5_SIZES),
    "mbart": (MBartForConditionalGeneration, BART_SIZES | {"decoder_start_token_id": 7}),
    "marian": (
        MarianMTModel,
        BART_SIZES | {"decoder_start_token_id": 0, "scale_embedding": True, "activation_function": "swish"},
    ),
    "pegasus": (
        PegasusForConditionalGeneration,
        BART_SIZES | {"decoder_start_token_id": 0, "scale_embedding": True},
    ),
}
"""Of the families beside T5 and BART the stock class, and what tiny networks are built from."""


def draw_norms(network: torch.nn.Module) -> None:
    """Give every norm weight a value of its own, so that a forgotten one shows."""
    for name, parameter in network.named_parameters():
        if "norm" in name and name.endswith("weight"):
            parameter.data.uniform_(0.5, 1.5)


def build_t5(**sizes: object) -> T5ForConditionalGeneration:
    """Build a tiny random T5; ``sizes`` override the config's fields."""
    fields: dict[str, object] = {
        "vocab_size": VOCAB, "d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 4, "num_decoder_layers": 4,
        "num_heads": 4, "dropout_rate": 0.1, "decoder_start_token_id": 0,
    }  # fmt: skip
    torch.manual_seed(0)
    network = T5ForConditionalGeneration(T5Config(**(fields | sizes)))
    draw_norms(network)
    return network.eval()


def build_kin(family: str, **fields: object) -> PreTrainedModel:
    """Build a tiny random network of a family, ours where it has grown; all that it holds takes part."""
    kind, sizes = KIN[family]
    if "growth" in fields:
        kind = next(network for network in NETWORKS if network.__bases__[-1] is kind)
    torch.manual_seed(0)
    network = kind(kind.config_class(**sizes | fields))
    draw_norms(network)
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):
            parameter.data.normal_(std=0.2)
    if family == "mt5":
        network.shared.weight.data.mul_(0.1)  # else attention saturates, and rounding grows a thousandfold
    if family == "marian":
        network.generation_config.bad_words_ids = [[0]]  # it starts with padding, and never writes it
    for module in network.modules():
        if isinstance(module, DendriticLinear):
            torch.nn.init.normal_(module.dendrite_to_output)
    network.set_attn_implementation("eager")
    return network.eval()


def build_grown(family: str) -> PreTrainedModel:
    """Build one with dendrites."""
    growth = T5_GROWTH if family == "mt5" else BART_GROWTH
    return build_kin(family, growth=growth, dendrite_activation="tanh")


KIN_NETWORKS: dict[str, Callable[[], PreTrainedModel]] = {
    f"{family}{', grown' * grown}": partial(build_grown if grown else build_kin, family)
    for family in KIN
    for grown in (False, True)
}
"""Of each family a plain network and one with dendrites."""


@pytest.fixture(scope="session")
def _tokenizer() -> PreTrainedTokenizerFast:
    return build_tokenizer(TEXTS * 3, VOCAB)


@pytest.fixture
def tiny_tokenizer(_tokenizer: PreTrainedTokenizerFast) -> PreTrainedTokenizerFast:
    """Byte-level tokenizer of at most 320 tokens."""
    return copy.deepcopy(_tokenizer)


@pytest.fixture
def tiny_t5() -> T5ForConditionalGeneration:
    """T5 of the first kind: relu, tied embeddings, 4 + 4 layers, width 32."""
    return build_t5()


@pytest.fixture
def tiny_flan() -> T5ForConditionalGeneration:
    """T5 v1.1: gated gelu, a head of its own, outputs not scaled."""
    network = build_t5(feed_forward_proj="gated-gelu", tie_word_embeddings=False)
    network.lm_head.weight = torch.nn.Parameter(torch.randn_like(network.lm_head.weight) / 4)
    return network


@pytest.fixture
def tiny_bart() -> BartForConditionalGeneration:
    """BART of 4 + 4 layers and width 32."""
    torch.manual_seed(0)
    config = BartConfig(
        vocab_size=VOCAB, max_position_embeddings=64, d_model=32, encoder_layers=4, decoder_layers=4,
        encoder_ffn_dim=48, decoder_ffn_dim=48, encoder_attention_heads=4, decoder_attention_heads=4,
        init_std=0.2, pad_token_id=0, bos_token_id=2, eos_token_id=1, decoder_start_token_id=1,
        forced_eos_token_id=1,
    )  # fmt: skip
    network = BartForConditionalGeneration(config)
    draw_norms(network)
    return network.eval()


@pytest.fixture
def tiny_summarizer(
    tiny_t5: T5ForConditionalGeneration, tiny_tokenizer: PreTrainedTokenizerFast
) -> Summarizer:
    """The tiny T5 with the tiny tokenizer."""
    return Summarizer(tiny_t5, tiny_tokenizer)


@pytest.fixture
def tiny_batch() -> dict[str, torch.Tensor]:
    """Two documents of 12 tokens (the second padded) and labels of 7 tokens."""
    generator = torch.Generator().manual_seed(1)
    input_ids = torch.randint(3, VOCAB, (2, 12), generator=generator)
    attention_mask = torch.ones_like(input_ids)
    attention_mask[1, 8:] = 0
    labels = torch.randint(3, VOCAB, (2, 7), generator=generator)
    return {"input_ids": input_ids * attention_mask, "attention_mask": attention_mask, "labels": labels}


@pytest.fixture
def narrow_t5() -> TldrT5ForConditionalGeneration:
    """Ours: a decoder of half the encoder's width."""
    torch.manual_seed(0)
    config = TldrT5Config(
        vocab_size=320, d_model=32, dec_d_model=16, d_kv=8, d_ff=48, num_layers=2, num_heads=4,
        decoder_start_token_id=0,
    )  # fmt: skip
    return TldrT5ForConditionalGeneration(config).eval()
