"""Tiny random encoders of BERT's kind, saved as folders with a tokenizer."""

from pathlib import Path

import torch
from transformers import (
    BertConfig,
    BertModel,
    CamembertConfig,
    CamembertModel,
    DistilBertConfig,
    DistilBertModel,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaModel,
    XLMRobertaConfig,
    XLMRobertaModel,
)

from tests.networks import draw_norms
from tests.wordpiece import LETTERS, LONGER, build_tokenizer

_BERT = {
    "hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 24,
    "max_position_embeddings": 32, "type_vocab_size": 2, "pad_token_id": 1,
}  # fmt: skip
_ROBERTA = _BERT | {"max_position_embeddings": 34, "type_vocab_size": 1}
_CLASSES: dict[str, tuple[type, type, dict[str, object]]] = {
    "bert": (BertConfig, BertModel, _BERT),
    "roberta": (RobertaConfig, RobertaModel, _ROBERTA),
    "camembert": (CamembertConfig, CamembertModel, _ROBERTA),
    "xlm-roberta": (XLMRobertaConfig, XLMRobertaModel, _ROBERTA),
    "distilbert": (
        DistilBertConfig,
        DistilBertModel,
        {
            "dim": 16,
            "n_layers": 3,
            "n_heads": 2,
            "hidden_dim": 24,
            "max_position_embeddings": 32,
            "pad_token_id": 1,
        },
    ),
}
KINDS = tuple(_CLASSES)
LICENCE = "apache-2.0"


def build_encoder(kind: str = "bert", **fields: object) -> PreTrainedModel:
    """Build an encoder whose every weight has a value of its own, biases and norms included."""
    config_class, model_class, sizes = _CLASSES[kind]
    torch.manual_seed(0)
    network: PreTrainedModel = model_class(
        config_class(vocab_size=len(_build_tokenizer()), **(sizes | fields))
    ).eval()
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):
            parameter.data.normal_(std=0.1)
    draw_norms(network)
    return network


def save_encoder(folder: Path, kind: str = "bert", **fields: object) -> Path:
    """Save an encoder with its tokenizer and card."""
    build_encoder(kind, **fields).save_pretrained(folder)
    _build_tokenizer().save_pretrained(folder)
    (folder / "README.md").write_text(f"---\nlanguage: en\nlicense: {LICENCE}\n---\n", encoding="utf-8")
    return folder


def _build_tokenizer() -> PreTrainedTokenizerFast:
    """Build a WordPiece tokenizer whose padding token is 1, from which RoBERTa counts its positions."""
    return build_tokenizer((*LETTERS, *LONGER), unused=("[unused0]",))
