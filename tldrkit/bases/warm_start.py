"""An encoder-decoder from a pretrained encoder of BERT's kind: a stock BART that begins with its weights.

Rothe, Narayan & Severyn 2020, "Leveraging Pre-trained Checkpoints for Sequence Generation Tasks" (BERT2BERT):
encoder and decoder both begin as the encoder, cross-attention as self-attention. BERT and BART are the same
network: norms behind each part, learned positions, biases everywhere, a norm behind the embeddings. Only the
epsilon in the norms differs, 1e-5 in BART.

Knows where encoders keep their weights. Trains nothing.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import (
    AutoModel,
    BartConfig,
    BartForConditionalGeneration,
    GenerationConfig,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)
from transformers.activations import ACT2FN

from tldrkit.compression.layers import choose_layers
from tldrkit.compression.vocabulary import rebuild_tokenizer
from tldrkit.errors import ModelError
from tldrkit.families.summarizer import Summarizer, check_tokens, load_settings, load_weights
from tldrkit.texts import count_noun

POSITION_OFFSET = (
    2  # rows before the first position in BART's table (transformers' BartLearnedPositionalEmbedding)
)


@dataclass(frozen=True)
class EncoderKind:
    """Where a kind of encoder keeps what BART has too.

    Args:
        sizes: Config fields: width, layers, heads, feed-forward width, activation, and both rates of dropout.
        layers: Path of its layers.
        parts: For each part of a BART encoder layer the same in this encoder's.
        norm: Path of the norm behind its embeddings.
        first_position: The row of its position table that the first token of a text takes.
    """

    sizes: tuple[str, str, str, str, str, str, str]
    layers: str
    parts: Mapping[str, str]
    first_position: int = 0


_BERT_SIZES = (
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "hidden_act",
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
)
_BERT_PARTS = {
    "self_attn.q_proj": "attention.self.query",
    "self_attn.k_proj": "attention.self.key",
    "self_attn.v_proj": "attention.self.value",
    "self_attn.out_proj": "attention.output.dense",
    "self_attn_layer_norm": "attention.output.LayerNorm",
    "fc1": "intermediate.dense",
    "fc2": "output.dense",
    "final_layer_norm": "output.LayerNorm",
}
_BERT = EncoderKind(_BERT_SIZES, "encoder.layer", _BERT_PARTS)
# RoBERTa numbers positions from behind its padding token, which is 1 (transformers' RobertaEmbeddings).
_ROBERTA = EncoderKind(_BERT_SIZES, "encoder.layer", _BERT_PARTS, first_position=2)
_DISTILBERT = EncoderKind(
    ("dim", "n_layers", "n_heads", "hidden_dim", "activation", "dropout", "attention_dropout"),
    "transformer.layer",
    {
        "self_attn.q_proj": "attention.q_lin",
        "self_attn.k_proj": "attention.k_lin",
        "self_attn.v_proj": "attention.v_lin",
        "self_attn.out_proj": "attention.out_lin",
        "self_attn_layer_norm": "sa_layer_norm",
        "fc1": "ffn.lin1",
        "fc2": "ffn.lin2",
        "final_layer_norm": "output_layer_norm",
    },
)
KINDS = {
    "bert": _BERT,
    "roberta": _ROBERTA,
    "camembert": _ROBERTA,
    "xlm-roberta": _ROBERTA,
    "distilbert": _DISTILBERT,
}


def build_from_encoder(
    folder: Path, *, dec_num_layers: int | None = None, max_target_tokens: int = 128
) -> Summarizer:
    """Build a BART whose encoder is a pretrained encoder, and whose decoder begins with its layers.

    Args:
        folder: The encoder, in Hugging Face's form, with safetensors.
        dec_num_layers: Layers of the decoder: so many of the encoder's, evenly spread; all where not given.
        max_target_tokens: Tokens that it writes at most by its generation defaults.

    Raises:
        ModelError: The folder cannot be read, or BART does not have what this encoder has.
    """
    encoder, tokenizer = _load_encoder(folder)
    kind = KINDS[encoder.config.model_type]
    layers = list(encoder.get_submodule(kind.layers).children())
    if dec_num_layers is not None and dec_num_layers > len(layers):
        raise ModelError(
            f"{folder} has {count_noun(len(layers), 'layer')}, so no decoder gets {dec_num_layers}.",
            hint=f"Ask for --dec-num-layers {len(layers)} or fewer.",
        )
    chosen = choose_layers(len(layers), dec_num_layers or len(layers))
    marks = _find_marks(tokenizer, folder)
    embeddings: Any = encoder.embeddings
    positions = _read_positions(embeddings, kind)
    config = _build_config(encoder.config, kind, marks, len(chosen), len(positions))
    config.vocab_size = embeddings.word_embeddings.num_embeddings
    with torch.random.fork_rng(devices=[]):  # all random weights are written over
        network = BartForConditionalGeneration(config)
    with torch.no_grad():
        _copy_embeddings(network, embeddings, positions)
        _copy_layers(network.model.encoder.layers, layers, kind)
        _copy_layers(network.model.decoder.layers, [layers[number] for number in chosen], kind)
        for layer in network.model.decoder.layers:  # cross-attention begins as self-attention
            layer.encoder_attn.load_state_dict(layer.self_attn.state_dict())
            layer.encoder_attn_layer_norm.load_state_dict(layer.self_attn_layer_norm.state_dict())
    network.generation_config = GenerationConfig(
        **marks,
        # Layers of an encoder hardly tell a text's first two places apart, so that after its begin mark the
        # network would write another one for hundreds of steps of training. And no summary is empty.
        begin_suppress_tokens=[marks["bos_token_id"], marks["eos_token_id"]],
        max_new_tokens=max_target_tokens,
    )
    return Summarizer(network.eval(), _build_tokenizer(tokenizer, config), folder)


def _load_encoder(folder: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load an encoder of a kind that BART can hold, and its tokenizer."""
    config, tokenizer = load_settings(folder)
    _check_kind(config, folder)
    encoder = load_weights(AutoModel, folder, spare="pooler.")
    check_tokens(encoder, tokenizer, folder)
    return encoder, tokenizer


def _check_kind(config: PreTrainedConfig, folder: Path) -> None:
    """Check that BART computes what an encoder does.

    Raises:
        ModelError: It does not.
    """
    kind = KINDS.get(config.model_type)
    if kind is None:
        raise ModelError(
            f"{folder} is a {config.model_type} model, which does not map onto BART's layers.",
            hint=f"Use an encoder of these kinds: {', '.join(KINDS)}.",
        )
    for reason in _find_obstacles(config, kind):
        raise ModelError(f"{folder} cannot become a BART: {reason}.", hint="Use another encoder.")


def _find_obstacles(config: PreTrainedConfig, kind: EncoderKind) -> Iterator[str]:
    width, _, heads, _, activation, _, _ = (getattr(config, name) for name in kind.sizes)
    if getattr(config, "is_decoder", False) or getattr(config, "add_cross_attention", False):
        yield "it is set up as a decoder, not as an encoder"
    if (positions := getattr(config, "position_embedding_type", "absolute")) != "absolute":
        yield f"its positions are {positions}, BART's are absolute"
    if activation not in ACT2FN:
        yield f"BART has no activation {activation!r}"
    if width % heads:
        yield f"its width of {width} cannot be shared out among {count_noun(heads, 'head')}"
    if kind.first_position and config.pad_token_id != kind.first_position - 1:
        yield f"its positions begin behind padding token {config.pad_token_id}, not behind 1"


def _find_marks(tokenizer: PreTrainedTokenizerBase, folder: Path) -> dict[str, int]:
    """Find the tokens that begin, end and fill up a text, as BART's configuration names them.

    BART begins to write with its end mark, and writes its begin mark first (Lewis et al. 2020; transformers'
    BartConfig).
    """
    begin, end, pad = tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.pad_token_id
    if begin is None or end is None or pad is None:
        raise ModelError(
            f"The tokenizer of {folder} does not say what begins, ends and fills up a text.",
            hint="Its tokenizer_config.json must name cls_token, sep_token and pad_token.",
        )
    return {
        "bos_token_id": begin,
        "eos_token_id": end,
        "pad_token_id": pad,
        "decoder_start_token_id": end,
        "forced_bos_token_id": begin,
    }


def _build_config(
    config: PreTrainedConfig, kind: EncoderKind, marks: Mapping[str, int], dec_num_layers: int, positions: int
) -> BartConfig:
    width, layers, heads, d_ff, activation, dropout, attention_dropout = (
        getattr(config, name) for name in kind.sizes
    )
    return BartConfig(
        d_model=width,
        encoder_layers=layers,
        decoder_layers=dec_num_layers,
        encoder_attention_heads=heads,
        decoder_attention_heads=heads,
        encoder_ffn_dim=d_ff,
        decoder_ffn_dim=d_ff,
        activation_function=activation,
        dropout=dropout,
        attention_dropout=attention_dropout,
        activation_dropout=0.0,
        max_position_embeddings=positions,
        scale_embedding=False,
        tie_word_embeddings=True,
        forced_eos_token_id=None,  # BartConfig would say 2
        init_std=getattr(config, "initializer_range", 0.02),
        **{name: number for name, number in marks.items() if not name.startswith("forced")},
    )


def _read_positions(embeddings: nn.Module, kind: EncoderKind) -> Tensor:
    """Read what an encoder adds at each position: its position, and the type of a first segment."""
    given: Any = embeddings
    positions: Tensor = given.position_embeddings.weight.detach()[kind.first_position :]
    types = getattr(embeddings, "token_type_embeddings", None)
    return positions if types is None else positions + types.weight.detach()[0]


def _copy_embeddings(network: BartForConditionalGeneration, embeddings: Any, positions: Tensor) -> None:  # noqa: ANN401  (transformers is not typed)
    network.model.shared.weight.copy_(embeddings.word_embeddings.weight)
    for side in (network.model.encoder, network.model.decoder):
        side.embed_positions.weight.zero_()
        side.embed_positions.weight[POSITION_OFFSET:] = positions
        side.layernorm_embedding.load_state_dict(embeddings.LayerNorm.state_dict())


def _copy_layers(targets: Sequence[nn.Module], sources: Sequence[nn.Module], kind: EncoderKind) -> None:
    for target, source in zip(targets, sources, strict=True):
        for mine, theirs in kind.parts.items():
            target.get_submodule(mine).load_state_dict(source.get_submodule(theirs).state_dict())


def _build_tokenizer(tokenizer: PreTrainedTokenizerBase, config: BartConfig) -> PreTrainedTokenizerFast:
    """Build the same tokenizer with the names that an encoder-decoder's has, and without segments."""
    return rebuild_tokenizer(
        tokenizer,
        json.loads(tokenizer.backend_tokenizer.to_str()),
        model_max_length=config.max_position_embeddings,
        model_input_names=["input_ids", "attention_mask"],
        split_special_tokens=True,  # a post that speaks of "[SEP]" does not end there
        clean_up_tokenization_spaces=False,
        bos_token=tokenizer.cls_token,
        eos_token=tokenizer.sep_token,
    )
