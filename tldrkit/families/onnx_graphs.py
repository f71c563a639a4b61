"""A T5 as two ONNX graphs, dendrites included: one reads documents, one gives the next piece from caches.

The only room that knows `onnx` and `onnxruntime`. Knows no tokenizer.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from tldrkit.errors import ModelError
from tldrkit.families.anatomy import T5, find_packable

ENCODER = "encoder.onnx"
DECODER = "decoder.onnx"
_OPSET = 17
_BLOCKED = -1e9  # added to the score of padding
_OWN = ("past_keys", "past_values")
_READ = ("read_keys", "read_values")


def write_graphs(network: PreTrainedModel, folder: Path, *, int8: bool) -> None:
    """Write a T5, plain, asymmetric or grown, as `encoder.onnx` and `decoder.onnx`.

    Args:
        network: In float32, on a processor.
        folder: Where to.
        int8: Whether weights of matrix products are kept in 8 bits.

    Raises:
        ModelError: The network is no T5, or the libraries of the extra `onnx` are not installed.
    """
    if find_packable(network) is not T5:
        raise ModelError("Only T5 networks have an ONNX form here.", hint="Leave out --format onnx.")
    try:
        import onnx  # noqa: F401  (torch's exporter needs it)
        from onnxruntime.quantization import QuantType, quantize_dynamic
    except ModuleNotFoundError as error:
        raise ModelError(f"{error.name} is not installed.", hint="pip install 'tldrkit[onnx]'") from error
    _write(_Encoder(network), folder / ENCODER)
    _write(_Decoder(network), folder / DECODER)
    if int8:
        for name in (ENCODER, DECODER):
            quantize_dynamic(folder / name, folder / name, weight_type=QuantType.QInt8)


def describe_graphs(network: PreTrainedModel) -> dict[str, int]:
    """Describe what a reader of the graphs must know: ids of marks, and the shape of the caches."""
    config: Any = network.config
    return {
        "start": config.decoder_start_token_id,
        "end": config.eos_token_id,
        "layers": config.num_decoder_layers,
        "heads": config.num_heads,
        "width": config.d_kv,
    }


class _Encoder(nn.Module):
    """Reads documents.

    Shape:
        ids, mask: (documents, source length).
        result: keys and values of each decoder layer, (documents, heads, source length, head width).
    """

    def __init__(self, network: Any) -> None:  # noqa: ANN401  (transformers is not typed)
        super().__init__()
        self.encoder, self.decoder = network.encoder, network.decoder

    inputs = ("ids", "mask")

    def name_outputs(self) -> list[str]:
        return _name_caches(self.decoder, _READ)

    def build_example(self) -> tuple[Tensor, ...]:
        return torch.ones(2, 5, dtype=torch.long), torch.ones(2, 5, dtype=torch.long)

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        states = self.encoder.embed_tokens(ids)
        places = torch.arange(ids.shape[1])
        bias = _compute_bias(self.encoder, places, places) + _block(mask)
        for block in self.encoder.block:
            own = block.layer[0].SelfAttention
            seen = block.layer[0].layer_norm(states)
            keys, values = _split(own.k(seen), own), _split(own.v(seen), own)
            states = states + _attend(own, seen, keys, values, bias)
            states = block.layer[1](states)
        states = self.encoder.final_layer_norm(states)
        crosses = [block.layer[1].EncDecAttention for block in self.decoder.block]
        return tuple(_split(part(states), cross) for cross in crosses for part in (cross.k, cross.v))


class _Decoder(nn.Module):
    """Gives the next piece.

    Shape:
        piece: (documents, 1). mask: (documents, source length).
        caches: for each layer the keys and values of the summary so far, (documents, heads, pieces so far,
            head width), then those that the encoder gave.
        result: logits (documents, pieces of the vocabulary), then the longer keys and values.
    """

    def __init__(self, network: Any) -> None:  # noqa: ANN401  (as above)
        super().__init__()
        self.decoder, self.head = network.decoder, network.lm_head
        scaled = network.config.scale_decoder_outputs
        self.scale = network.model_dim**-0.5 if scaled else 1.0

    @property
    def inputs(self) -> list[str]:
        return ["piece", "mask", *_name_caches(self.decoder, _OWN + _READ)]

    def name_outputs(self) -> list[str]:
        return ["logits", *_name_caches(self.decoder, ("keys", "values"))]

    def build_example(self) -> tuple[Tensor, ...]:
        attentions = [block.layer[0].SelfAttention for block in self.decoder.block]
        caches = [
            torch.zeros(2, own.n_heads, length, own.key_value_proj_dim)
            for own in attentions
            for length in (3, 3, 5, 5)
        ]
        return torch.ones(2, 1, dtype=torch.long), torch.ones(2, 5, dtype=torch.long), *caches

    def forward(self, piece: Tensor, mask: Tensor, *caches: Tensor) -> tuple[Tensor, ...]:
        states = self.decoder.embed_tokens(piece)
        if hasattr(self.decoder, "in_proj"):
            states = self.decoder.in_proj(states)
        places = torch.arange(caches[0].shape[2] + 1)
        bias = _compute_bias(self.decoder, places[-1:], places)
        blocked = _block(mask)
        kept: list[Tensor] = []
        for number, block in enumerate(self.decoder.block):
            past_keys, past_values, read_keys, read_values = caches[4 * number : 4 * number + 4]
            own, cross = block.layer[0].SelfAttention, block.layer[1].EncDecAttention
            seen = block.layer[0].layer_norm(states)
            keys = torch.cat([past_keys, _split(own.k(seen), own)], 2)
            values = torch.cat([past_values, _split(own.v(seen), own)], 2)
            states = states + _attend(own, seen, keys, values, bias)
            seen = block.layer[1].layer_norm(states)
            states = states + _attend(cross, seen, read_keys, read_values, blocked)
            states = block.layer[2](states)
            kept += [keys, values]
        states = self.decoder.final_layer_norm(states)
        if hasattr(self.decoder, "out_proj"):
            states = self.decoder.out_proj(states)
        return self.head(states[:, 0] * self.scale), *kept


def _name_caches(decoder: Any, kinds: Sequence[str]) -> list[str]:  # noqa: ANN401  (as above)
    return [f"{kind}_{number}" for number in range(len(decoder.block)) for kind in kinds]


def _compute_bias(stack: Any, asking: Tensor, asked: Tensor) -> Tensor:  # noqa: ANN401  (as above)
    """Compute T5's bias of places towards places.

    Shape:
        result: (1, heads, asking, asked).
    """
    own = stack.block[0].layer[0].SelfAttention
    bucket = own._relative_position_bucket(
        asked[None, :] - asking[:, None],
        bidirectional=not own.is_decoder,
        num_buckets=own.relative_attention_num_buckets,
        max_distance=own.relative_attention_max_distance,
    )
    bias: Tensor = own.relative_attention_bias(bucket).permute(2, 0, 1)[None]
    return bias


def _block(mask: Tensor) -> Tensor:
    return (1.0 - mask[:, None, None, :].float()) * _BLOCKED


def _split(states: Tensor, attention: Any) -> Tensor:  # noqa: ANN401  (as above)
    by_head = states.view(*states.shape[:2], attention.n_heads, attention.key_value_proj_dim)
    return by_head.transpose(1, 2)


def _attend(attention: Any, seen: Tensor, keys: Tensor, values: Tensor, bias: Tensor) -> Tensor:  # noqa: ANN401
    scores = _split(attention.q(seen), attention) @ keys.transpose(2, 3) + bias
    read = scores.softmax(-1) @ values
    result: Tensor = attention.o(read.transpose(1, 2).flatten(2))
    return result


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
    if name in ("piece", "logits"):
        return {}
    kind = name.rpartition("_")[0]
    return {
        2: {"past_keys": "past", "past_values": "past", "keys": "pieces", "values": "pieces"}.get(
            kind, "source"
        )
    }
