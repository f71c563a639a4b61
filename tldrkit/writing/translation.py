"""A plain T5 in CTranslate2's form, loaded there.

The only room that knows CTranslate2, and what weights are called there. Pieces are named by their ids: no
tokenizer is needed.
"""

import tempfile
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tldrkit.errors import ModelError, TldrkitError
from tldrkit.specs import Precision
from tldrkit.writing.compiled.parameters import FrozenNetwork

_PLAIN = ("t5", "tldr_t5")  # the second one where it has no dendrites, and one width
_ACTIVATIONS = {"relu": "RELU", "gelu": "GELU", "gelu_new": "GELUTanh"}
_TYPES = {"fp32": "float32", "bf16": "bfloat16", "int8": "int8"}


def check_translatable(config: Any, precision: Precision) -> None:  # noqa: ANN401  (of any network)
    """Check that CTranslate2 is there, and can run a network; what is not told of it is no obstacle.

    Args:
        config: The network's configuration.
        precision: Of matrix products.

    Raises:
        ModelError: The network is no plain T5, or this processor lacks the precision.
        TldrkitError: CTranslate2 is not installed.
    """
    library = _import_library()
    if obstacle := _find_obstacle(config):
        raise ModelError(
            f"CTranslate2 runs plain T5 alone; this model {obstacle}.", hint="Leave --engine out."
        )
    if _TYPES[precision] not in library.get_supported_compute_types("cpu"):
        raise ModelError(
            f"CTranslate2 has no {precision} on this processor.", hint="Use --precision fp32 or int8."
        )


def load_translator(network: FrozenNetwork, precision: Precision, workers: int, threads: int = 1) -> Any:  # noqa: ANN401  (CTranslate2 is not typed)
    """Load a plain T5 into CTranslate2, through a temporary folder.

    Args:
        network: The T5; it is copied.
        precision: Of matrix products.
        workers: Batches worked on at a time.
        threads: Processor threads of each.

    Returns:
        A ``ctranslate2.Translator`` whose tokens are piece ids as texts.

    Raises:
        ModelError: The network is no plain T5, this processor lacks the precision, or there is no room.
        TldrkitError: CTranslate2 is not installed.
    """
    check_translatable(network.config, precision)
    library = _import_library()
    spec = _build_spec(library.specs, network)
    spec.validate()
    spec.optimize(quantization=_TYPES[precision])
    with tempfile.TemporaryDirectory(prefix="tldrkit-") as folder:
        try:
            spec.save(folder)
        except OSError as error:
            raise ModelError(
                f"The model cannot be written for CTranslate2 into {folder}: {error.strerror}.",
                hint="TMPDIR names another folder for temporary files.",
            ) from error
        return library.Translator(
            folder,
            device="cpu",
            compute_type=_TYPES[precision],
            inter_threads=workers,
            intra_threads=threads,
        )


def _import_library() -> ModuleType:
    try:
        import ctranslate2
    except ModuleNotFoundError as error:
        raise TldrkitError(
            f"{error.name} is not installed.", hint="pip install 'tldrkit[ctranslate2]'"
        ) from error
    library: ModuleType = ctranslate2
    return library


def _find_obstacle(config: Any) -> str | None:  # noqa: ANN401  (of any network)
    """Find what CTranslate2 has no form for."""
    if getattr(config, "model_type", "t5") not in _PLAIN:
        return "is none"
    if getattr(config, "growth", None):
        return "has dendrites"
    if (width := getattr(config, "dec_d_model", None)) and width != config.d_model:
        return "has a decoder of another width"
    activation = getattr(config, "dense_act_fn", "relu")
    return None if activation in _ACTIVATIONS else f"has the activation {activation}"


def _build_spec(specs: Any, network: FrozenNetwork) -> Any:  # noqa: ANN401  (CTranslate2 is not typed)
    """Build CTranslate2's description of a network, with copies of its weights."""
    config = network.config
    spec = specs.TransformerSpec.from_config(
        (config.num_layers, config.num_decoder_layers),
        config.num_heads,
        activation=specs.Activation[_ACTIVATIONS[config.dense_act_fn]],
        ffn_glu=network.blueprint.gated,
        relative_attention_bias=True,
        rms_norm=True,
    )
    for side in ("encoder", "decoder"):
        _fill_stack(getattr(spec, side), network, side)
    embeddings = network.read("shared.weight")
    spec.encoder.embeddings[0].weight = spec.decoder.embeddings.weight = embeddings.copy()
    spec.decoder.projection.weight = _stack(network, "lm_head")
    if config.scale_decoder_outputs:
        spec.decoder.scale_outputs = config.d_model**-0.5
    pieces = [str(piece) for piece in range(len(embeddings))]
    spec.register_source_vocabulary(pieces)
    spec.register_target_vocabulary(pieces)
    start = str(config.decoder_start_token_id)
    spec.config.decoder_start_token = spec.config.bos_token = spec.config.unk_token = start
    spec.config.eos_token = str(config.eos_token_id)
    spec.config.layer_norm_epsilon = config.layer_norm_epsilon
    return spec


def _fill_stack(spec: Any, network: FrozenNetwork, side: str) -> None:  # noqa: ANN401  (CTranslate2 is not typed)
    """Fill in the layers of one side, which share the position bias of the first one."""
    spec.scale_embeddings = False
    spec.layer_norm.gamma = network.read(f"{side}.final_layer_norm.weight")
    first = f"{side}.block.0.layer.0.SelfAttention.relative_attention_bias"
    bias, reach = network.read(f"{first}.weight"), network.config.relative_attention_max_distance
    for place, own in enumerate(spec.layer):
        block = f"{side}.block.{place}.layer"
        _fill_attention(own.self_attention, network, f"{block}.0", "SelfAttention", ("qkv", "o"))
        own.self_attention.relative_attention_bias = bias
        own.self_attention.relative_attention_max_distance = np.int32(reach)
        if side == "decoder":
            _fill_attention(own.attention, network, f"{block}.1", "EncDecAttention", ("q", "kv", "o"))
        _fill_feed_forward(own.ffn, network, f"{block}.{1 if side == 'encoder' else 2}")


def _fill_attention(
    spec: Any,  # noqa: ANN401  (as above)
    network: FrozenNetwork,
    layer: str,
    kind: str,
    stacked: tuple[str, ...],
) -> None:
    spec.queries_scale = 1.0  # T5 scales none
    spec.layer_norm.gamma = network.read(f"{layer}.layer_norm.weight")
    for linear, names in zip(spec.linear, stacked, strict=True):
        linear.weight = _stack(network, *(f"{layer}.{kind}.{name}" for name in names))


def _fill_feed_forward(spec: Any, network: FrozenNetwork, layer: str) -> None:  # noqa: ANN401  (as above)
    spec.layer_norm.gamma = network.read(f"{layer}.layer_norm.weight")
    dense = f"{layer}.DenseReluDense"
    if network.blueprint.gated:
        spec.linear_0.weight = _stack(network, f"{dense}.wi_0")
        spec.linear_0_noact.weight = _stack(network, f"{dense}.wi_1")
    else:
        spec.linear_0.weight = _stack(network, f"{dense}.wi")
    spec.linear_1.weight = _stack(network, f"{dense}.wo")


def _stack(network: FrozenNetwork, *paths: str) -> NDArray[np.float32]:
    """Stack the weights of linear layers into an array of its own: CTranslate2 rounds in place."""
    return np.concatenate([network.read_linear(path).weight for path in paths])
