"""Networks that stock classes cannot express: a decoder of another width, fewer heads, dendrites.

Exported flat beside a model as Hugging Face remote code, so it imports nothing of the package but two
siblings. Where none of it is asked for they compute what their parents compute.
"""

import copy
from collections import OrderedDict
from typing import Any

import torch
from torch import nn
from transformers import (
    BartForConditionalGeneration,
    MarianMTModel,
    MBartForConditionalGeneration,
    MT5ForConditionalGeneration,
    PegasusForConditionalGeneration,
    PreTrainedConfig,
    T5ForConditionalGeneration,
)
from transformers.modeling_outputs import BaseModelOutputWithPastAndCrossAttentions
from transformers.models.bart.modeling_bart import (
    BartAttention,
    BartDecoder,
    BartLearnedPositionalEmbedding,
    BartScaledWordEmbedding,
)
from transformers.models.t5.modeling_t5 import T5Stack

from .configuration_tldr import (  # noqa: TID252  (flat on the hub)
    TldrBartConfig,
    TldrMarianConfig,
    TldrMBartConfig,
    TldrMT5Config,
    TldrPegasusConfig,
    TldrT5Config,
)
from .dendritic_block import grow  # noqa: TID252  (flat on the hub)


class TldrT5Decoder(T5Stack):  # type: ignore[misc]  # transformers is not typed
    """T5 decoder of its own width between two projections.

    Token embeddings and output keep the encoder's width; cross-attention reads the encoder's width
    directly (as T5Gemma's does), so encoder outputs and caches stay as they are.
    """

    def __init__(self, config: TldrT5Config) -> None:
        width = config.dec_d_model or config.d_model
        inner = copy.deepcopy(config)
        inner.d_model = width
        inner.num_layers = config.num_decoder_layers
        inner.is_decoder = True
        super().__init__(inner)
        self.embed_tokens = nn.Embedding(config.vocab_size, config.d_model)
        for block in self.block:
            attention = block.layer[1].EncDecAttention
            attention.k = nn.Linear(config.d_model, attention.inner_dim, bias=False)
            attention.v = nn.Linear(config.d_model, attention.inner_dim, bias=False)
        self.in_proj = nn.Linear(config.d_model, width, bias=False)
        self.out_proj = nn.Linear(width, config.d_model, bias=False)
        attentions = [block.layer[1].EncDecAttention for block in self.block]
        for linear in (self.in_proj, self.out_proj, *(a.k for a in attentions), *(a.v for a in attentions)):
            nn.init.normal_(linear.weight, std=config.initializer_factor * linear.in_features**-0.5)
            linear._is_hf_initialized = True

    @classmethod
    def is_custom_code(cls) -> bool:
        """Have weights drawn as T5's are: of custom code, transformers passes over modules that hold none."""
        return False

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        inputs_embeds: torch.Tensor | None = None,
        **kwargs: object,
    ) -> BaseModelOutputWithPastAndCrossAttentions:
        """Decode; see ``T5Stack.forward`` for the other arguments.

        Shape:
            input_ids: (batch, targets)
            inputs_embeds: (batch, targets, d_model)
            last_hidden_state of the result: (batch, targets, d_model)
        """
        if inputs_embeds is None:
            inputs_embeds = self.embed_tokens(input_ids)
        outputs = super().forward(inputs_embeds=self.in_proj(inputs_embeds), **kwargs)
        outputs.last_hidden_state = self.out_proj(outputs.last_hidden_state)
        return outputs


class TldrT5ForConditionalGeneration(T5ForConditionalGeneration):  # type: ignore[misc]  # transformers is not typed
    """T5 whose decoder may be narrower than its encoder, and whose linear layers may have grown dendrites."""

    config_class = TldrT5Config

    def __init__(self, config: TldrT5Config) -> None:
        super().__init__(config)
        if config.dec_d_model not in (None, config.d_model):
            self.decoder = TldrT5Decoder(config)
        grow(self, config.growth or {}, config.dendrite_activation)
        self.post_init()


class Grown:
    """What makes a stock class one whose linear layers may have grown dendrites."""

    def __init__(self, config: PreTrainedConfig) -> None:
        super().__init__(config)  # type: ignore[call-arg]  # of the stock class behind it
        grow(self, config.growth or {}, config.dendrite_activation)  # type: ignore[arg-type]  # as above
        self.post_init()  # type: ignore[attr-defined]  # as above


class TldrMT5ForConditionalGeneration(Grown, MT5ForConditionalGeneration):  # type: ignore[misc]  # as above
    """mT5 whose linear layers may have grown dendrites."""

    config_class = TldrMT5Config


class TldrBartDecoder(BartDecoder):  # type: ignore[misc]  # as above
    """BART decoder of its own width between two projections.

    Embeddings, their norm and the output keep the encoder's width, which cross-attention reads directly.
    """

    def __init__(self, config: TldrBartConfig) -> None:
        width, heads = config.dec_d_model or config.d_model, config.decoder_attention_heads
        inner = copy.deepcopy(config)
        inner.d_model, inner.decoder_attention_heads = width, 1  # as the stock class can express
        super().__init__(inner)
        inner.decoder_attention_heads = heads
        scale = config.d_model**0.5 if config.scale_embedding else 1.0
        self.embed_tokens = BartScaledWordEmbedding(
            config.vocab_size, config.d_model, config.pad_token_id, embed_scale=scale
        )
        self.embed_positions = BartLearnedPositionalEmbedding(config.max_position_embeddings, config.d_model)
        ends = {"norm": nn.LayerNorm(config.d_model), "proj": nn.Linear(config.d_model, width)}
        self.layernorm_embedding = nn.Sequential(OrderedDict(ends))
        self.out_proj = nn.Linear(width, config.d_model)
        for linear in (self.layernorm_embedding.proj, self.out_proj):
            _draw(linear, config.init_std)
        head_width = config.dec_d_kv or config.d_model // heads
        for layer in self.layers:
            _set_heads(layer.self_attn, heads, head_width, width)
            _set_heads(layer.encoder_attn, heads, head_width, config.d_model)

    def forward(self, *args: object, **kwargs: object) -> BaseModelOutputWithPastAndCrossAttentions:
        """Decode; see ``BartDecoder.forward``. The last hidden states have the encoder's width."""
        outputs = super().forward(*args, **kwargs)
        outputs.last_hidden_state = self.out_proj(outputs.last_hidden_state)
        return outputs


class TldrBartForConditionalGeneration(BartForConditionalGeneration):  # type: ignore[misc]  # as above
    """BART whose decoder may be narrower, whose heads may be fewer, and which may have grown dendrites."""

    config_class = TldrBartConfig

    def __init__(self, config: TldrBartConfig) -> None:
        heads = config.encoder_attention_heads, config.decoder_attention_heads
        if config.enc_d_kv:
            config.encoder_attention_heads = 1  # the stock class refuses numbers that do not divide its width
        if config.dec_d_kv:
            config.decoder_attention_heads = 1
        super().__init__(config)
        config.encoder_attention_heads, config.decoder_attention_heads = heads
        if config.enc_d_kv:
            for layer in self.model.encoder.layers:
                _set_heads(layer.self_attn, heads[0], config.enc_d_kv, config.d_model)
        if config.dec_d_model not in (None, config.d_model):
            self.model.decoder = TldrBartDecoder(config)
        elif config.dec_d_kv:
            for layer in self.model.decoder.layers:
                _set_heads(layer.self_attn, heads[1], config.dec_d_kv, config.d_model)
                _set_heads(layer.encoder_attn, heads[1], config.dec_d_kv, config.d_model)
        grow(self, config.growth or {}, config.dendrite_activation)
        self.post_init()


class TldrMBartForConditionalGeneration(Grown, MBartForConditionalGeneration):  # type: ignore[misc]  # as above
    """mBART whose linear layers may have grown dendrites."""

    config_class = TldrMBartConfig


class TldrMarianMTModel(Grown, MarianMTModel):  # type: ignore[misc]  # as above
    """Marian whose linear layers may have grown dendrites."""

    config_class = TldrMarianConfig


class TldrPegasusForConditionalGeneration(Grown, PegasusForConditionalGeneration):  # type: ignore[misc]  # as above
    """Pegasus whose linear layers may have grown dendrites."""

    config_class = TldrPegasusConfig


NETWORKS = (
    TldrT5ForConditionalGeneration,
    TldrMT5ForConditionalGeneration,
    TldrBartForConditionalGeneration,
    TldrMBartForConditionalGeneration,
    TldrMarianMTModel,
    TldrPegasusForConditionalGeneration,
)
"""All of them; the stock class that each stands in for is its last base."""


def _set_heads(attention: BartAttention, heads: int, head_width: int, read: int) -> None:
    """Give an attention so many heads of such a width, over keys and values of hidden states of a width."""
    attention.num_heads, attention.head_dim, attention.scaling = heads, head_width, head_width**-0.5
    width, inner = attention.embed_dim, heads * head_width
    shapes = {
        "q_proj": (width, inner),
        "k_proj": (read, inner),
        "v_proj": (read, inner),
        "out_proj": (inner, width),
    }
    for name, shape in shapes.items():
        linear = nn.Linear(*shape)
        _draw(linear, attention.config.init_std)
        setattr(attention, name, linear)


def _draw(linear: Any, std: float) -> None:  # noqa: ANN401  (torch's modules take any attribute)
    """Draw weights as BART's are drawn, once."""
    nn.init.normal_(linear.weight, std=std)
    nn.init.zeros_(linear.bias)
    linear._is_hf_initialized = True
