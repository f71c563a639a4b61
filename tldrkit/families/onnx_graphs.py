"""A network as two ONNX graphs, dendrites included: one reads documents, one gives the next token by caches.

Both are built from the blueprint, for every family that has one. The only room that knows `onnx` and
`onnxruntime`. Knows no tokenizer.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding
from transformers import PreTrainedModel
from transformers.activations import ACT2FN
from transformers.models.t5.modeling_t5 import T5Attention

from tldrkit.errors import ModelError
from tldrkit.families.blueprint import AttentionPaths, Blueprint, FeedForwardPaths, Side
from tldrkit.families.drawing import draw_blueprint
from tldrkit.families.hub_code.dendritic_block import DendriticBlock
from tldrkit.machine.libraries import advise_extra

ENCODER = "encoder.onnx"
DECODER = "decoder.onnx"
_OPSET = 17
_BLOCKED = -1e9  # added to the score of padding
_OWN = ("past_keys", "past_values")
_READ = ("read_keys", "read_values")


def write_graphs(network: PreTrainedModel, folder: Path, *, int8: bool) -> None:
    """Write a network, plain, asymmetric or grown, as `encoder.onnx` and `decoder.onnx`.

    Args:
        network: In float32, on a processor.
        folder: Where to.
        int8: Whether weights of matrix products are kept in 8 bits.

    Raises:
        ModelError: Its family is not known, or the libraries of the extra `onnx` are not installed.
    """
    blueprint = _draw(network)
    try:
        import onnx  # noqa: F401  (torch's exporter needs it)
        from onnxruntime.quantization import QuantType, quantize_dynamic
    except ModuleNotFoundError as error:
        raise ModelError(f"{error.name} is not installed.", hint=advise_extra("onnx")) from error
    _write(_Encoder(network, blueprint), folder / ENCODER)
    _write(_Decoder(network, blueprint), folder / DECODER)
    if int8:
        for name in (ENCODER, DECODER):
            quantize_dynamic(folder / name, folder / name, weight_type=QuantType.QInt8)


def describe_graphs(network: PreTrainedModel) -> dict[str, Any]:
    """Describe what a reader of the graphs must know.

    Returns:
        `layers`, `heads`, `width`: the shape of the caches. `start`, `end`: tokens around a summary. `first`,
        `last`: what stands first, and in the last place there is; None where that is free. `never`: tokens
        that are not written.

    Raises:
        ModelError: Its family is not known.
    """
    blueprint, defaults = _draw(network), cast(Any, network.generation_config)
    starts = (defaults.decoder_start_token_id, defaults.bos_token_id, blueprint.start)
    alone = [words[0] for words in defaults.bad_words_ids or () if len(words) == 1]
    return {
        "start": next((start for start in starts if start is not None), None),
        "end": network.config.eos_token_id,
        "first": defaults.forced_bos_token_id,
        "last": defaults.forced_eos_token_id,
        "never": sorted({*alone, *(defaults.suppress_tokens or ())}),
        "layers": len(blueprint.decoder.layers),
        "heads": blueprint.decoder.heads,
        "width": blueprint.decoder.head_width,
    }


def _draw(network: PreTrainedModel) -> Blueprint:
    blueprint = draw_blueprint(network.config)
    if blueprint is None:
        raise ModelError(
            f"A {network.config.model_type} network has no ONNX form here.", hint="Leave out --format onnx."
        )
    return blueprint


class _Graph(nn.Module):
    """One side of a network, of modules at the blueprint's paths."""

    def __init__(self, network: PreTrainedModel, blueprint: Blueprint, side: Side) -> None:
        super().__init__()
        self.network, self.blueprint, self.side = network, blueprint, side

    def apply_module(self, path: str, hidden: Tensor) -> Tensor:
        result: Tensor = self.network.get_submodule(path)(hidden)
        return result

    def read(self, path: str) -> Tensor:
        module, _, name = path.rpartition(".")
        tensor: Tensor = getattr(self.network.get_submodule(module), name)
        return tensor

    def embed(self, tokens: Tensor, places: Tensor) -> Tensor:
        side = self.side
        hidden = embedding(tokens, self.read(side.embeddings)) * self.blueprint.embedding_scale
        if side.positions:
            hidden = hidden + embedding(places + side.offset, self.read(side.positions))
        if side.first_norm:
            hidden = self.apply_module(side.first_norm, hidden)
        if self.blueprint.projections and side is self.blueprint.decoder:
            hidden = self.apply_module(self.blueprint.projections[0], hidden)
        return hidden

    def open(self, norm: str, hidden: Tensor) -> Tensor:
        """Compute what a sublayer sees."""
        return self.apply_module(norm, hidden) if self.blueprint.norm_first else hidden

    def close(self, norm: str, hidden: Tensor, added: Tensor) -> Tensor:
        """Add what a sublayer computed."""
        return hidden + added if self.blueprint.norm_first else self.apply_module(norm, hidden + added)

    def project(self, path: str, hidden: Tensor, side: Side) -> Tensor:
        """Compute keys, values or queries of every head: (documents, heads, tokens, head width)."""
        projected = self.apply_module(path, hidden)
        return projected.view(*projected.shape[:2], side.heads, side.head_width).transpose(1, 2)

    def attend(
        self, paths: AttentionPaths, hidden: Tensor, keys: Tensor, values: Tensor, bias: Tensor | float
    ) -> Tensor:
        scale = self.side.head_width**-0.5 if self.blueprint.scaled else 1.0
        scores = (self.project(paths.query, hidden, self.side) * scale) @ keys.transpose(2, 3) + bias
        read = scores.softmax(-1) @ values
        return self.apply_module(paths.out, read.transpose(1, 2).flatten(2))

    def feed(self, paths: FeedForwardPaths, hidden: Tensor) -> Tensor:
        if paths.block and isinstance(self.network.get_submodule(paths.block), DendriticBlock):
            return self.apply_module(paths.block, hidden)
        seen = self.open(paths.norm, hidden)
        first, *gate = (self.apply_module(path, seen) for path in paths.readers)
        inner = ACT2FN[self.blueprint.activation](first)
        added = self.apply_module(paths.writer, inner * gate[0] if gate else inner)
        return self.close(paths.norm, hidden, added)

    def compute_bias(self, asking: Tensor, asked: Tensor) -> Tensor | float:
        """Compute the bias of places towards places: (1, heads, asking, asked); 0 where there is none."""
        if not self.side.bias:
            return 0.0
        bucket = T5Attention._relative_position_bucket(
            asked[None, :] - asking[:, None],
            bidirectional=self.side is self.blueprint.encoder,
            num_buckets=self.blueprint.buckets,
            max_distance=self.blueprint.reach,
        )
        return embedding(bucket, self.read(self.side.bias)).permute(2, 0, 1)[None]

    def finish(self, hidden: Tensor) -> Tensor:
        return self.apply_module(self.side.last_norm, hidden) if self.side.last_norm else hidden


class _Encoder(_Graph):
    """Reads documents.

    Shape:
        ids, mask: (documents, source length).
        result: keys and values of each decoder layer, (documents, heads, source length, head width).
    """

    inputs = ("ids", "mask")

    def __init__(self, network: PreTrainedModel, blueprint: Blueprint) -> None:
        super().__init__(network, blueprint, blueprint.encoder)

    def name_outputs(self) -> list[str]:
        return _name_caches(self.blueprint, _READ)

    def build_example(self) -> tuple[Tensor, ...]:
        return torch.ones(2, 5, dtype=torch.long), torch.ones(2, 5, dtype=torch.long)

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        places = torch.arange(ids.shape[1])
        hidden = self.embed(ids, places)
        bias = self.compute_bias(places, places) + _block(mask)
        for layer in self.side.layers:
            seen = self.open(layer.own.norm, hidden)
            keys, values = (self.project(path, seen, self.side) for path in (layer.own.key, layer.own.value))
            hidden = self.close(layer.own.norm, hidden, self.attend(layer.own, seen, keys, values, bias))
            hidden = self.feed(layer.feed, hidden)
        hidden = self.finish(hidden)
        decoder = self.blueprint.decoder
        crosses = [layer.cross for layer in decoder.layers if layer.cross]
        paths = [path for cross in crosses for path in (cross.key, cross.value)]
        return tuple(self.project(path, hidden, decoder) for path in paths)


class _Decoder(_Graph):
    """Gives the next token.

    Shape:
        token: (documents, 1). mask: (documents, source length).
        caches: for each layer the keys and values of the summary so far, (documents, heads, tokens so far,
            head width), then those that the encoder gave.
        result: logits (documents, vocabulary), then the longer keys and values.
    """

    def __init__(self, network: PreTrainedModel, blueprint: Blueprint) -> None:
        super().__init__(network, blueprint, blueprint.decoder)

    @property
    def inputs(self) -> list[str]:
        return ["token", "mask", *_name_caches(self.blueprint, _OWN + _READ)]

    def name_outputs(self) -> list[str]:
        return ["logits", *_name_caches(self.blueprint, ("keys", "values"))]

    def build_example(self) -> tuple[Tensor, ...]:
        caches = [
            torch.zeros(2, self.side.heads, length, self.side.head_width)
            for _ in self.side.layers
            for length in (3, 3, 5, 5)
        ]
        return torch.ones(2, 1, dtype=torch.long), torch.ones(2, 5, dtype=torch.long), *caches

    def forward(self, token: Tensor, mask: Tensor, *caches: Tensor) -> tuple[Tensor, ...]:
        places = torch.arange(caches[0].shape[2] + 1)
        hidden = self.embed(token, places[-1:])
        bias, blocked = self.compute_bias(places[-1:], places), _block(mask)
        kept: list[Tensor] = []
        for number, layer in enumerate(self.side.layers):
            past_keys, past_values, read_keys, read_values = caches[4 * number : 4 * number + 4]
            own, cross = layer.own, cast(AttentionPaths, layer.cross)
            seen = self.open(own.norm, hidden)
            keys = torch.cat([past_keys, self.project(own.key, seen, self.side)], 2)
            values = torch.cat([past_values, self.project(own.value, seen, self.side)], 2)
            hidden = self.close(own.norm, hidden, self.attend(own, seen, keys, values, bias))
            seen = self.open(cross.norm, hidden)
            added = self.attend(cross, seen, read_keys, read_values, blocked)
            hidden = self.feed(layer.feed, self.close(cross.norm, hidden, added))
            kept += [keys, values]
        return self.compute_logits(self.finish(hidden)[:, 0]), *kept

    def compute_logits(self, hidden: Tensor) -> Tensor:
        blueprint = self.blueprint
        if blueprint.projections:
            hidden = self.apply_module(blueprint.projections[1], hidden)
        logits = self.apply_module(blueprint.head, hidden * blueprint.output_scale)
        return logits + self.read(blueprint.logits_bias) if blueprint.logits_bias else logits


def _name_caches(blueprint: Blueprint, kinds: Sequence[str]) -> list[str]:
    return [f"{kind}_{number}" for number in range(len(blueprint.decoder.layers)) for kind in kinds]


def _block(mask: Tensor) -> Tensor:
    return (1.0 - mask[:, None, None, :].float()) * _BLOCKED


def _write(graph: "_Encoder | _Decoder", path: Path) -> None:
    graph.eval()
    names = [*graph.inputs, *graph.name_outputs()]
    free = {name: {0: "documents"} | _free_lengths(name) for name in names}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer speaks of shapes that are fixed on purpose
        torch.onnx.export(
            graph,
            graph.build_example(),
            str(path),
            input_names=list(graph.inputs),
            output_names=graph.name_outputs(),
            dynamic_axes=free,
            opset_version=_OPSET,
            dynamo=False,  # the tracer needs no further library
        )


def _free_lengths(name: str) -> dict[int, str]:
    if name in ("ids", "mask"):
        return {1: "source"}
    if name in ("token", "logits"):
        return {}
    kind = name.rpartition("_")[0]
    lengths = {"past_keys": "past", "past_values": "past", "keys": "tokens", "values": "tokens"}
    return {2: lengths.get(kind, "source")}
