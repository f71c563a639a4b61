"""What a T5 is to those who only write with it: sizes, defaults, and weights by transformers' names."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tldrkit.models.cascade import Cascade
from tldrkit.models.frozen.kernels.arrays import ACTIVATIONS, Floats

PLAIN_DEFAULTS = frozenset({
    "_from_model_config", "transformers_version", "decoder_start_token_id", "bos_token_id", "eos_token_id",
    "pad_token_id", "max_length", "max_new_tokens", "num_beams", "early_stopping", "length_penalty",
    "do_sample", "use_cache", "output_attentions", "output_hidden_states",
})  # fmt: skip
"""A network's generation defaults that are known here, or do not matter; with others it writes otherwise."""


@dataclass(frozen=True)
class FrozenT5:
    """A T5 whose weights stay as they are, wherever they are read from.

    Args:
        config: Its configuration, as transformers has it.
        generation_config: Its generation defaults, likewise.
        read_linear: Reads a linear layer, plain or with dendrites, by its path, such as
            ``decoder.block.0.layer.2.DenseReluDense.wi``.
        read_weight: Reads the weight of an embedding or a norm by its path.
    """

    config: Any
    generation_config: Any
    read_linear: Callable[[str], Cascade[Floats]]
    read_weight: Callable[[str], Floats]


def is_gated(config: Any) -> bool:  # noqa: ANN401  (transformers is not typed)
    """Tell whether feed-forwards have a gate."""
    return bool(config.feed_forward_proj.startswith("gated-"))


def find_decoder_width(config: Any) -> int:  # noqa: ANN401  (as above)
    """Find the width of the decoder; ``d_model`` is the encoder's."""
    width: int = getattr(config, "dec_d_model", None) or config.d_model
    return width


def can_write(config: Any) -> bool:  # noqa: ANN401  (transformers is not typed)
    """Tell whether the activation of a T5 is one of those that are compiled."""
    return config.dense_act_fn in ACTIVATIONS
