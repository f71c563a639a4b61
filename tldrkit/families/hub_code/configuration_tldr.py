"""Configurations that stock classes cannot express: a decoder of another width, fewer heads, dendrites.

Exported flat beside a model as Hugging Face remote code, so it imports nothing of the package.
"""

from dataclasses import dataclass

from huggingface_hub.dataclasses import strict
from transformers import (
    BartConfig,
    MarianConfig,
    MBartConfig,
    MT5Config,
    PegasusConfig,
    PreTrainedConfig,
    T5Config,
)


@dataclass(init=False)  # each configuration has an initializer of its own
class GrownConfig:
    """What a configuration says of dendrites.

    Args:
        growth: Dotted path of each linear layer or block that has grown, and its number of dendrites.
        dendrite_activation: Activation of the dendrites: sigmoid, tanh or relu.
    """

    growth: dict[str, int] | None = None
    dendrite_activation: str = "sigmoid"

    def __post_init__(self, **kwargs: object) -> None:
        """Fill what depends on other fields."""
        self.growth = self.growth or {}
        super().__post_init__(**kwargs)  # type: ignore[misc]  # of the stock configuration behind it


class DeepConfig:
    """What lets a T5's decoder be deeper than its encoder."""

    def get_text_config(self, decoder: bool | None = None, encoder: bool | None = None) -> PreTrainedConfig:
        """Return the configuration of one side; the decoder's counts its own layers.

        T5's counts the encoder's, so its caches are too short where the decoder is the deeper one.
        """
        config: PreTrainedConfig
        config = super().get_text_config(decoder=decoder, encoder=encoder)  # type: ignore[misc]  # as above
        if decoder and not encoder and config.is_encoder_decoder:  # then transformers returned a copy
            config.num_layers = config.num_decoder_layers
        return config


@strict
class TldrT5Config(GrownConfig, DeepConfig, T5Config):  # type: ignore[misc]  # transformers is not typed
    """T5 with a decoder of another width and with dendrites.

    Args:
        dec_d_model: Width of the decoder; none where it is the encoder's. (Transformers would take a name
            that begins ``decoder_`` apart.)
    """

    model_type = "tldr_t5"

    dec_d_model: int | None = None


@strict
class TldrMT5Config(GrownConfig, DeepConfig, MT5Config):  # type: ignore[misc]  # as above
    """mT5 with dendrites, or with a decoder that is deeper than its encoder."""

    model_type = "tldr_mt5"


@strict
class TldrBartConfig(GrownConfig, BartConfig):  # type: ignore[misc]  # as above
    """BART with a decoder of another width, fewer heads than its width has room for, and dendrites.

    Args:
        dec_d_model: Width of the decoder; none where it is the encoder's.
        enc_d_kv: Width of a head of the encoder; none where heads share out ``d_model``.
        dec_d_kv: The same of the decoder.
    """

    model_type = "tldr_bart"

    dec_d_model: int | None = None
    enc_d_kv: int | None = None
    dec_d_kv: int | None = None


@strict
class TldrMBartConfig(GrownConfig, MBartConfig):  # type: ignore[misc]  # as above
    """mBART with dendrites."""

    model_type = "tldr_mbart"


@strict
class TldrMarianConfig(GrownConfig, MarianConfig):  # type: ignore[misc]  # as above
    """Marian with dendrites."""

    model_type = "tldr_marian"


@strict
class TldrPegasusConfig(GrownConfig, PegasusConfig):  # type: ignore[misc]  # as above
    """Pegasus with dendrites."""

    model_type = "tldr_pegasus"
