"""mBART (Liu et al. 2020): BART's parts with norms first, and targets that begin behind their language."""

from dataclasses import replace

from tldrkit.families.bart import draw_bart
from tldrkit.families.blueprint import Blueprint, Config


def draw_mbart(config: Config) -> Blueprint:
    """Draw an mBART, plain or ours.

    Raises:
        AttributeError: The configuration lacks a field.
    """
    bart = draw_bart(config)
    return replace(
        bart,
        family="mBART",
        stock="MBartForConditionalGeneration",
        ours="TldrMBartForConditionalGeneration",
        encoder=replace(bart.encoder, last_norm="model.encoder.layer_norm"),
        decoder=replace(bart.decoder, last_norm="model.decoder.layer_norm"),
        norm_first=True,
        wraps=True,
    )
