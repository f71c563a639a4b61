"""Networks of every kind, and what Hugging Face's own forward pass makes of rows of tokens."""

import random

import torch
from torch import Tensor, nn
from transformers import BartConfig, BartForConditionalGeneration, PreTrainedModel

from tests.networks import BART_GROWTH, BART_SIZES, KIN_NETWORKS, VOCAB, build_t5, draw_norms
from tldrkit.datasets.batches import IGNORED, Tokens, collate
from tldrkit.dendrites.perforated import read_linear
from tldrkit.families.anatomy import find_blueprint
from tldrkit.families.hub_code.configuration_tldr import TldrBartConfig, TldrT5Config
from tldrkit.families.hub_code.dendritic_block import DendriticBlock
from tldrkit.families.hub_code.dendritic_linear import DendriticLinear
from tldrkit.families.hub_code.modeling_tldr import (
    TldrBartForConditionalGeneration,
    TldrT5ForConditionalGeneration,
)
from tldrkit.training.packed.dropout import Dropout
from tldrkit.training.packed.linear import Trained
from tldrkit.training.packed.network import PackedNetwork

Rows = list[list[int]]
BLOCK_GROWTH = {"encoder.block.0.layer.1": 1, "decoder.block.1.layer.2": 2}
GROWTH = {
    "encoder.block.0.layer.0.SelfAttention.k": 1,
    "decoder.block.1.layer.2.DenseReluDense.wi": 2,
    "decoder.block.0.layer.2.DenseReluDense.wo": 1,
}


def build_ours(**fields: object) -> PreTrainedModel:
    """Build an asymmetric or grown T5 whose dendrites take part."""
    torch.manual_seed(0)
    config = TldrT5Config(
        vocab_size=VOCAB, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_decoder_layers=3, num_heads=4,
        decoder_start_token_id=0, **fields,
    )  # fmt: skip
    network = TldrT5ForConditionalGeneration(config)
    network.shared.weight.data.mul_(0.1)  # else attention saturates, and rounding grows a thousandfold
    for module in network.modules():
        if isinstance(module, DendriticLinear | DendriticBlock):
            nn.init.normal_(module.dendrite_to_output)
        if isinstance(module, DendriticBlock):
            for dendrite in module.dendrites:
                nn.init.normal_(dendrite.layer_norm.weight)
    return network


def build_blocks() -> PreTrainedModel:
    """Build a T5 of two widths whose feed-forward blocks have grown."""
    return build_ours(growth=BLOCK_GROWTH, dec_d_model=16, dendrite_activation="tanh")


def build_bart(**fields: object) -> PreTrainedModel:
    """Build a random BART whose biases, norms and dendrites all take part."""
    torch.manual_seed(0)
    network = (
        TldrBartForConditionalGeneration(TldrBartConfig(**BART_SIZES | fields))
        if "growth" in fields
        else BartForConditionalGeneration(BartConfig(**BART_SIZES | fields))
    )
    draw_norms(network)
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):
            parameter.data.normal_(std=0.2)
    for module in network.modules():
        if isinstance(module, DendriticLinear):
            nn.init.normal_(module.dendrite_to_output)
    network.set_attn_implementation("eager")
    return network.eval()


def build_biased() -> PreTrainedModel:
    """Build one whose logits have a bias, as some converted checkpoints have."""
    network = build_bart()
    network.final_logits_bias.normal_()
    return network


T5S = {
    "plain": build_t5,
    "gated": lambda: build_t5(feed_forward_proj="gated-gelu", tie_word_embeddings=False),
    "gelu": lambda: build_t5(feed_forward_proj="gelu"),
    "asymmetric": lambda: build_ours(dec_d_model=16),
    "grown": lambda: build_ours(growth=GROWTH, dendrite_activation="tanh"),
    "asymmetric and grown": lambda: build_ours(dec_d_model=16, growth=GROWTH),
}
BARTS = {
    "plain": build_bart,
    "scaled embeddings, relu": lambda: build_bart(scale_embedding=True, activation_function="relu"),
    "bias of logits": build_biased,
    "untied": lambda: build_bart(tie_word_embeddings=False),
    "grown": lambda: build_bart(growth=BART_GROWTH, dendrite_activation="tanh"),
    "narrow decoder": lambda: build_bart(growth={}, dec_d_model=24, dec_d_kv=8, decoder_attention_heads=4),
    "fewer heads": lambda: build_bart(
        growth={}, enc_d_kv=8, dec_d_kv=16, encoder_attention_heads=3, decoder_attention_heads=1
    ),
}
NETWORKS = {
    **{f"T5, {kind}": build for kind, build in T5S.items()},
    "T5, grown blocks": build_blocks,
    **{f"BART, {kind}": build for kind, build in BARTS.items()},
    **KIN_NETWORKS,
}


def pack(
    network: PreTrainedModel, dtype: torch.dtype = torch.float32, dropout: Dropout | None = None
) -> PackedNetwork:
    """Run a network over packed tokens, by its blueprint."""
    return PackedNetwork(network, find_blueprint(network), Trained(read_linear), dtype, dropout)


def draw_rows(count: int, longest: int) -> Rows:
    """Draw rows of random lengths, shortest first."""
    generator = random.Random(count)
    lengths = sorted(generator.randrange(1, longest) for _ in range(count))
    return [[generator.randrange(3, VOCAB) for _ in range(length)] for length in lengths]


def compute_reference(network: PreTrainedModel, sources: Rows, targets: Rows, smoothing: float) -> Tensor:
    """Sum the loss the usual way, over padded tensors."""
    batch = collate([Tokens(*row) for row in zip(sources, targets, strict=True)], 0)
    logits = network(
        input_ids=batch.source,
        attention_mask=batch.mask,
        decoder_input_ids=network.prepare_decoder_input_ids_from_labels(batch.labels),
        use_cache=False,
    ).logits
    function = nn.CrossEntropyLoss(ignore_index=IGNORED, reduction="sum", label_smoothing=smoothing)
    return function(logits.flatten(0, 1), batch.labels.flatten())


def collect_gradients(network: PreTrainedModel, loss: Tensor) -> dict[str, Tensor]:
    """Collect the gradient of every parameter, and clear it."""
    loss.backward()
    gradients = {name: p.grad.clone() for name, p in network.named_parameters() if p.grad is not None}
    network.zero_grad()
    return gradients
