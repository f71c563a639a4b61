"""A network loaded without transformers and torch, whose import takes longer than a summary.

Knows what a blueprint says of weights, and loads what tldrkit saves; what it does not know it
leaves to ``load_summarizer``. Computes nothing.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import comb, prod
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tokenizers import Tokenizer

from tldrkit.dendrites.cascade import Cascade
from tldrkit.families.blueprint import Blueprint, Side
from tldrkit.families.folder import check_rows
from tldrkit.tensors import TensorFile
from tldrkit.writing.compiled.kernels.arrays import Floats
from tldrkit.writing.compiled.parameters import FrozenNetwork, draw_compiled
from tldrkit.writing.compiled.rules import KNOWN_DEFAULTS, know_defaults

Shape = tuple[int, ...]

_TOKENIZERS = ("T5Tokenizer", "PegasusTokenizer", "MBartTokenizer", "RobertaTokenizer")
"""Classes of transformers that do what the tokenizer.json says that they have saved."""


class LeanTokenizer:
    """A tokenizer as its ``tokenizer.json`` has it, called as transformers' are.

    Args:
        tokenizer: What it wraps.
        unk_token_id: The token of what it does not know; None where it has none.
    """

    def __init__(self, tokenizer: Tokenizer, unk_token_id: int | None = None) -> None:
        self._tokenizer = tokenizer
        self.unk_token_id = unk_token_id

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
        """Turn token ids into texts."""
        texts: list[str] = self._tokenizer.decode_batch(rows, skip_special_tokens=skip_special_tokens)
        return texts


@dataclass(frozen=True)
class LeanSummarizer:
    """A network and the tokenizer that belongs to it."""

    network: FrozenNetwork
    tokenizer: LeanTokenizer
    folder: Path
    parameters: int
    """How many the network has, tied ones counted once."""

    @property
    def device(self) -> str:
        """Where it runs."""
        return "cpu"


def load_lean(folder: Path) -> LeanSummarizer | None:
    """Load a network for writing with the compiled engine, float32.

    Returns:
        None where the folder holds anything that is not known here, or is damaged: ``load_summarizer`` may
        know it, or says what is wrong.
    """
    try:
        config, defaults, told = (
            json.loads((folder / name).read_text(encoding="utf-8"))
            for name in ("config.json", "generation_config.json", "tokenizer_config.json")
        )
        blueprint = draw_compiled(SimpleNamespace(**config))
        if blueprint is None or not know_defaults(defaults) or not _knows_tokenizer(told):
            return None
        if blueprint.wraps and defaults.get("decoder_start_token_id") is None:
            return None
        network = _build(blueprint, config, defaults, TensorFile(folder / "model.safetensors"))
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        largest = max(tokenizer.get_vocab(with_added_tokens=True).values())
        check_rows(folder, largest, config["vocab_size"], config, defaults)
    except Exception:  # whatever a broken file makes these libraries raise
        return None
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = told.get("split_special_tokens", False)
    shapes = find_shapes(blueprint, network.config)
    parameters = sum(prod(shape) for name, shape in shapes if name != blueprint.logits_bias)
    unknown = told.get("unk_token")
    unknown_id = tokenizer.token_to_id(unknown) if isinstance(unknown, str) else None
    return LeanSummarizer(network, LeanTokenizer(tokenizer, unknown_id), folder, parameters)


def _knows_tokenizer(told: Mapping[str, Any]) -> bool:
    """Tell whether a tokenizer is its tokenizer.json; files of before transformers 5 do not say so."""
    kind = told["tokenizer_class"]
    known = kind in _TOKENIZERS and told.get("backend") == "tokenizers"
    return (known or kind == "TokenizersBackend") and not told.get("clean_up_tokenization_spaces")


def _build(
    blueprint: Blueprint, fields: Mapping[str, Any], defaults: Mapping[str, Any], weights: TensorFile
) -> FrozenNetwork:
    """Build the network whose weights are in a file, out of which each is read when it is asked for.

    Raises:
        ValueError: They are not what the configuration says.
    """
    config = SimpleNamespace(**fields)
    shapes = dict(find_shapes(blueprint, config))
    # Nothing is read of positions that do not train, and not every file has them.
    computed = {side.positions for side in blueprint.sides if side.sinusoidal} - set(weights.names)
    if {name: weights.describe(name) for name in weights.names} != {
        name: ("F32", shape) for name, shape in shapes.items() if name not in computed
    }:
        raise ValueError("the weights are not those of config.json")
    grown = _read_growth(config)

    def read(name: str) -> Floats:
        tensor: Floats = weights.read(name)
        return tensor

    def read_linear(path: str) -> Cascade[Floats]:
        tied = path == blueprint.head and blueprint.tied
        weight = read(blueprint.embeddings if tied else f"{path}.weight")
        bias = read(f"{path}.bias") if f"{path}.bias" in shapes else None
        if path not in grown:
            return Cascade(weight, bias=bias)
        links = weights.read(f"{path}.dendrite_links") if grown[path] > 1 else ()
        return Cascade(
            weight,
            tuple(weights.read(f"{path}.dendrite_weight")),
            weights.read(f"{path}.dendrite_to_output"),
            # To each dendrite lead as many as there are before it.
            tuple(links[a:b] for a, b in pairwise(comb(count, 2) for count in range(1, grown[path] + 1))),
            config.dendrite_activation,
            bias,
            () if bias is None else tuple(read(f"{path}.dendrite_bias")),
        )

    told = dict.fromkeys(KNOWN_DEFAULTS) | dict(defaults)
    return FrozenNetwork(
        config=config,
        generation_config=SimpleNamespace(**told, to_diff_dict=lambda: dict(defaults)),
        blueprint=blueprint,
        read_linear=read_linear,
        read=read,
    )


def _read_growth(config: SimpleNamespace) -> dict[str, int]:
    return getattr(config, "growth", None) or {}


def find_shapes(blueprint: Blueprint, config: SimpleNamespace) -> Iterator[tuple[str, Shape]]:
    """Find the names and shapes of the tensors of a network."""
    linears = dict(find_linears(blueprint))
    grown = _read_growth(config)
    if not set(grown) <= set(linears):
        raise ValueError("dendrites on what is no linear layer, such as a block")
    for path, (outs, ins) in linears.items():
        biased = blueprint.biased and path != blueprint.head
        if path != blueprint.head or not blueprint.tied:
            yield f"{path}.weight", (outs, ins)
        if biased:
            yield f"{path}.bias", (outs,)
        if count := grown.get(path, 0):
            yield f"{path}.dendrite_weight", (count, outs, ins)
            yield f"{path}.dendrite_to_output", (count, outs)
            if biased:
                yield f"{path}.dendrite_bias", (count, outs)
            if count > 1:
                yield f"{path}.dendrite_links", (comb(count, 2), outs)
    yield from _find_others(blueprint)


def _find_others(blueprint: Blueprint) -> Iterator[tuple[str, Shape]]:
    """Find the names and shapes of the tensors that are of no linear layer."""
    for embeddings in {blueprint.embeddings, *(side.embeddings for side in blueprint.sides)}:
        yield embeddings, (blueprint.vocabulary, blueprint.encoder.width)
    if blueprint.logits_bias:
        yield blueprint.logits_bias, (1, blueprint.vocabulary)
    read = blueprint.encoder.width  # of embeddings, and of what is done to them before a projection
    for side in blueprint.sides:
        if side.bias:
            yield side.bias, (blueprint.buckets, side.heads)
        if side.positions:
            yield side.positions, (side.places + side.offset, read)
        for norm in side.norms:
            width = read if norm == side.first_norm else side.width
            yield f"{norm}.weight", (width,)
            if blueprint.norm == "layer":
                yield f"{norm}.bias", (width,)


def find_linears(blueprint: Blueprint) -> Iterator[tuple[str, tuple[int, int]]]:
    """Find the paths of the linear layers of a network, and their outputs and inputs."""
    read = blueprint.encoder.width
    for side in blueprint.sides:
        yield from _find_side_linears(side, read)
    if blueprint.projections:
        width = blueprint.decoder.width
        yield from zip(blueprint.projections, ((width, read), (read, width)), strict=True)
    yield blueprint.head, (blueprint.vocabulary, read)


def _find_side_linears(side: Side, read: int) -> Iterator[tuple[str, tuple[int, int]]]:
    """Find those of the layers of a side, whose cross-attention reads the encoder's width."""
    inner, width = side.heads * side.head_width, side.width
    for layer in side.layers:
        for path in layer.own.linears[:3]:
            yield path, (inner, width)
        yield layer.own.out, (width, inner)
        if layer.cross:
            yield from (
                (path, (inner, ins))
                for path, ins in zip(layer.cross.linears, (width, read, read), strict=False)
            )
            yield layer.cross.out, (width, inner)
        for path in layer.feed.readers:
            yield path, (side.feed_forward, width)
        yield layer.feed.writer, (width, side.feed_forward)
