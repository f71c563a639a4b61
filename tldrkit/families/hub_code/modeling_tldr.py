"""Networks that stock classes cannot express: a decoder of another width, dendrites.

Exported flat beside a model as Hugging Face remote code, so it imports nothing of the package but two
siblings. Where neither is asked for they compute what their parents compute.
"""

import copy

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
from transformers.models.t5.modeling_t5 import T5Stack

from .configuration_tldr import (  # noqa: TID252  (flat on the hub)
    TldrBartConfig,
    TldrMarianConfig,
    TldrMBartConfig,
    TldrMT5Config,
    TldrPegasusConfig,
    TldrT5Config,
)
from .dendritic_linear import grow_linears  # noqa: TID252  (flat on the hub)


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
        grow_linears(self, config.growth or {}, config.dendrite_activation)
        self.post_init()


class Grown:
    """What makes a stock class one whose linear layers may have grown dendrites."""

    def __init__(self, config: PreTrainedConfig) -> None:
        super().__init__(config)  # type: ignore[call-arg]  # of the stock class behind it
        grow_linears(self, config.growth or {}, config.dendrite_activation)  # type: ignore[arg-type]  # as above
        self.post_init()  # type: ignore[attr-defined]  # as above


class TldrMT5ForConditionalGeneration(Grown, MT5ForConditionalGeneration):  # type: ignore[misc]  # as above
    """mT5 whose linear layers may have grown dendrites."""

    config_class = TldrMT5Config


class TldrBartForConditionalGeneration(Grown, BartForConditionalGeneration):  # type: ignore[misc]  # as above
    """BART whose linear layers may have grown dendrites."""

    config_class = TldrBartConfig


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
