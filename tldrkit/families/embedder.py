"""An encoder as a function of texts: a vector for each token, as one of its layers gives it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import AutoModel, PreTrainedTokenizerBase

from tldrkit.errors import ModelError, SpecError
from tldrkit.families.summarizer import check_tokens, load_settings, load_weights
from tldrkit.texts import count_noun

_BATCH = 32
_LIMIT = 512  # tokens of a text, where neither network nor tokenizer has a limit
_UNLIMITED = 1_000_000  # from which on a tokenizer's limit means that it has none


@dataclass(frozen=True, kw_only=True)
class Embedder:
    """An encoder, its tokenizer, and what is taken of it."""

    network: nn.Module
    tokenizer: PreTrainedTokenizerBase
    layer: int
    """Whose output is taken; 0 is the embeddings."""
    limit: int
    """Tokens of a text that are read; the rest is cut off."""

    def embed(self, texts: Sequence[str]) -> list[tuple[NDArray[np.float32], NDArray[np.bool_]]]:
        """Compute for each text the vectors of its tokens, of unit length, and which are its own words'.

        The others are those that the tokenizer puts around every text.

        Shape:
            results: (tokens, width) and (tokens,) each
        """
        order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
        found: dict[int, tuple[NDArray[np.float32], NDArray[np.bool_]]] = {}
        for start in range(0, len(order), _BATCH):
            numbers = order[start : start + _BATCH]
            found |= dict(zip(numbers, self._embed_batch([texts[n] for n in numbers]), strict=True))
        return [found[number] for number in range(len(texts))]

    @torch.inference_mode()
    def _embed_batch(self, texts: list[str]) -> list[tuple[NDArray[np.float32], NDArray[np.bool_]]]:
        rows = self.tokenizer(
            texts,
            truncation=True,
            max_length=self.limit,
            padding=True,
            return_special_tokens_mask=True,
            return_tensors="pt",
        )
        read = rows["attention_mask"]
        device = next(self.network.parameters()).device
        states = self.network(
            input_ids=rows["input_ids"].to(device),
            attention_mask=read.to(device),
            output_hidden_states=True,
        ).hidden_states[self.layer]
        vectors = nn.functional.normalize(states.float(), dim=-1).cpu().numpy()
        own = (1 - rows["special_tokens_mask"]).bool().numpy()
        return [
            (vector[mask], counted[mask])
            for vector, counted, mask in zip(vectors, own, read.bool().numpy(), strict=True)
        ]


def load_embedder(folder: Path, layer: int | None = None) -> Embedder:
    """Load an encoder, or the encoder of an encoder-decoder.

    Args:
        folder: Where it is.
        layer: Whose output is taken; where not given, three quarters of the way up, rounded up: about where
            Zhang et al. 2020 found the layers that judge best.

    Raises:
        ModelError: It cannot be loaded, or its tokenizer cannot fill up texts.
        SpecError: It has no such layer.
    """
    config, tokenizer = load_settings(folder)
    if tokenizer.pad_token_id is None:
        raise ModelError(
            f"The tokenizer of {folder} does not say what fills up a text.",
            hint="Its tokenizer_config.json must name pad_token.",
        )
    whole: Any = load_weights(AutoModel, folder, spare="pooler.")
    check_tokens(whole, tokenizer, folder)
    network = whole.get_encoder() if config.is_encoder_decoder else whole
    layers = int(network.config.num_hidden_layers)
    if layer is not None and layer > layers:
        raise SpecError(
            f"{folder} has {count_noun(layers, 'layer')}; there is no layer {layer}.",
            hint="Leave out --bertscore-layer, or take one from 0 (the embeddings) on.",
        )
    return Embedder(
        network=network.eval(),
        tokenizer=tokenizer,
        layer=-(-3 * layers // 4) if layer is None else layer,
        limit=_find_limit(network, tokenizer),
    )


def _find_limit(network: nn.Module, tokenizer: PreTrainedTokenizerBase) -> int:
    """Find how many tokens a network has positions for; RoBERTa's and BART's begin behind some rows."""
    limits = [tokenizer.model_max_length] if tokenizer.model_max_length < _UNLIMITED else []
    for name, module in network.named_modules():
        if name.rpartition(".")[2] in ("position_embeddings", "embed_positions"):
            table: Any = module
            padding = getattr(table, "padding_idx", None)
            before = getattr(table, "offset", 0) if padding is None else padding + 1
            limits.append(int(table.weight.shape[0]) - before)
    return min(limits, default=_LIMIT)
