"""A T5 loaded without transformers and torch, whose import takes longer than a summary.

Knows the names in T5's weights and configuration, and loads what tldrkit saves; what it does not know it
leaves to ``load_summarizer``. Computes nothing.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from math import comb, prod
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tokenizers import Tokenizer

from tldrkit.models.cascade import Cascade
from tldrkit.models.frozen.kernels.arrays import Floats
from tldrkit.models.frozen.parameters import (
    PLAIN_DEFAULTS,
    FrozenT5,
    can_write,
    find_decoder_width,
    is_gated,
)
from tldrkit.tensors import TensorFile

Shape = tuple[int, ...]

_TOLD = {
    "scale_decoder_outputs",
    "decoder_start_token_id",
    "layer_norm_epsilon",
    "relative_attention_max_distance",
}
"""What a configuration must say, for only transformers knows what it means if it does not."""


class LeanTokenizer:
    """A tokenizer as its ``tokenizer.json`` has it, called as transformers' are.

    Args:
        tokenizer: What it wraps.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    @property
    def backend_tokenizer(self) -> Tokenizer:
        """What it wraps, by transformers' name."""
        return self._tokenizer

    def __call__(
        self,
        texts: Sequence[str],
        *,
        truncation: bool = False,
        max_length: int | None = None,
        add_special_tokens: bool = True,
        verbose: bool = True,  # noqa: ARG002  (as transformers' take it)
    ) -> dict[str, list[list[int]]]:
        """Tokenize texts."""
        self._tokenizer.no_truncation()
        if truncation and max_length:
            self._tokenizer.enable_truncation(max_length)
        rows = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=add_special_tokens)
        return {"input_ids": [row.ids for row in rows]}

    def batch_decode(self, rows: Sequence[Sequence[int]], *, skip_special_tokens: bool = False) -> list[str]:
        """Turn piece ids into texts."""
        texts: list[str] = self._tokenizer.decode_batch(rows, skip_special_tokens=skip_special_tokens)
        return texts


@dataclass(frozen=True)
class LeanSummarizer:
    """A network and the tokenizer that belongs to it."""

    network: FrozenT5
    tokenizer: LeanTokenizer
    folder: Path
    parameters: int
    """How many the network has, tied ones counted once."""

    @property
    def device(self) -> str:
        """Where it runs."""
        return "cpu"


def load_lean(folder: Path) -> LeanSummarizer | None:
    """Load a T5 for packed writing, float32.

    Returns:
        None where the folder holds anything that is not known here, or is damaged: ``load_summarizer`` may
        know it, or says what is wrong.
    """
    try:
        config, defaults, told = (
            json.loads((folder / name).read_text(encoding="utf-8"))
            for name in ("config.json", "generation_config.json", "tokenizer_config.json")
        )
        if not (_knows_network(config) and set(defaults) <= PLAIN_DEFAULTS and _knows_tokenizer(told)):
            return None
        network = _build(SimpleNamespace(**config), defaults, TensorFile(folder / "model.safetensors"))
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception:  # whatever a broken file makes these libraries raise
        return None
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = told.get("split_special_tokens", False)
    parameters = sum(prod(shape) for _, shape in _find_shapes(network.config))
    return LeanSummarizer(network, LeanTokenizer(tokenizer), folder, parameters)


def _knows_network(config: Mapping[str, Any]) -> bool:
    return (
        set(config) >= _TOLD
        and config["model_type"] in ("t5", "tldr_t5")
        and can_write(SimpleNamespace(**config))
    )


def _knows_tokenizer(told: Mapping[str, Any]) -> bool:
    return told["tokenizer_class"] == "TokenizersBackend" and told["clean_up_tokenization_spaces"] is False


def _build(config: SimpleNamespace, defaults: Mapping[str, Any], weights: TensorFile) -> FrozenT5:
    """Build the network whose weights are in a file, out of which each is read when it is asked for.

    Raises:
        ValueError: They are not what the configuration says.
    """
    shapes = dict(_find_shapes(config))
    if {name: weights.describe(name) for name in weights.names} != {
        name: ("F32", shape) for name, shape in shapes.items()
    }:
        raise ValueError("the weights are not those of config.json")
    grown = _read_growth(config)

    def read_weight(path: str) -> Floats:
        weight: Floats = weights.read(f"{path}.weight")
        return weight

    def read_linear(path: str) -> Cascade[Floats]:
        weight = read_weight("shared" if path == "lm_head" and config.tie_word_embeddings else path)
        if path not in grown:
            return Cascade(weight)
        links = weights.read(f"{path}.dendrite_links") if grown[path] > 1 else ()
        return Cascade(
            weight,
            tuple(weights.read(f"{path}.dendrite_weight")),
            weights.read(f"{path}.dendrite_to_output"),
            # To each dendrite lead as many as there are before it.
            tuple(links[a:b] for a, b in pairwise(comb(count, 2) for count in range(1, grown[path] + 1))),
            config.dendrite_activation,
        )

    unset = dict.fromkeys(("eos_token_id", "length_penalty", "early_stopping", "forced_eos_token_id"))
    told = SimpleNamespace(**{**unset, **defaults}, to_diff_dict=lambda: dict(defaults))
    return FrozenT5(
        config=config,
        generation_config=told,
        read_linear=read_linear,
        read_weight=read_weight,
    )


def _read_growth(config: SimpleNamespace) -> dict[str, int]:
    return getattr(config, "growth", None) or {}


def _find_shapes(config: SimpleNamespace) -> Iterator[tuple[str, Shape]]:
    """Find the names and shapes of the tensors of a network."""
    linears = dict(_find_linears(config))
    grown = _read_growth(config)
    if not set(grown) <= set(linears):
        raise ValueError("dendrites on what is no linear layer")
    for path, (outs, ins) in linears.items():
        if path != "lm_head" or not config.tie_word_embeddings:
            yield f"{path}.weight", (outs, ins)
        if count := grown.get(path, 0):
            yield f"{path}.dendrite_weight", (count, outs, ins)
            yield f"{path}.dendrite_to_output", (count, outs)
            if count > 1:
                yield f"{path}.dendrite_links", (comb(count, 2), outs)
    yield "shared.weight", (config.vocab_size, config.d_model)
    buckets = config.relative_attention_num_buckets, config.num_heads
    for side, layers, parts in (("encoder", config.num_layers, 2), ("decoder", config.num_decoder_layers, 3)):
        width = find_decoder_width(config) if side == "decoder" else config.d_model
        yield f"{side}.block.0.layer.0.SelfAttention.relative_attention_bias.weight", buckets
        yield f"{side}.final_layer_norm.weight", (width,)
        for layer, part in product(range(layers), range(parts)):
            yield f"{side}.block.{layer}.layer.{part}.layer_norm.weight", (width,)


def _find_linears(config: SimpleNamespace) -> Iterator[tuple[str, tuple[int, int]]]:
    """Find the paths of the linear layers of a network, and their outputs and inputs."""
    inner, read = config.num_heads * config.d_kv, config.d_model
    wide = ("wi_0", "wi_1") if is_gated(config) else ("wi",)
    for side, layers in (("encoder", config.num_layers), ("decoder", config.num_decoder_layers)):
        width = find_decoder_width(config) if side == "decoder" else config.d_model
        for block in (f"{side}.block.{layer}.layer" for layer in range(layers)):
            for name in "qkv":
                yield f"{block}.0.SelfAttention.{name}", (inner, width)
            yield f"{block}.0.SelfAttention.o", (width, inner)
            if side == "decoder":
                for name, ins in (("q", width), ("k", read), ("v", read)):
                    yield f"{block}.1.EncDecAttention.{name}", (inner, ins)
                yield f"{block}.1.EncDecAttention.o", (width, inner)
            feed = f"{block}.{1 if side == 'encoder' else 2}.DenseReluDense"
            for name in wide:
                yield f"{feed}.{name}", (config.d_ff, width)
            yield f"{feed}.wo", (width, config.d_ff)
    if width != read:  # the decoder's
        yield "decoder.in_proj", (width, read)
        yield "decoder.out_proj", (read, width)
    yield "lm_head", (config.vocab_size, read)
