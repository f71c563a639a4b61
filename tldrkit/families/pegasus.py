"""Pegasus (Zhang et al. 2020): BART's layers with norms first, positions of sines and cosines."""

from dataclasses import replace

from tldrkit.families.bart import draw_bart
from tldrkit.families.blueprint import Blueprint, Config, Side


def draw_pegasus(config: Config) -> Blueprint:
    """Draw a Pegasus, plain or ours.

    Raises:
        AttributeError: The configuration lacks a field.
    """
    bart = draw_bart(config)
    return replace(
        bart,
        family="Pegasus",
        stock="PegasusForConditionalGeneration",
        ours="TldrPegasusForConditionalGeneration",
        encoder=_change_side(bart.encoder, "model.encoder.layer_norm"),
        decoder=_change_side(bart.decoder, "model.decoder.layer_norm"),
        norm_first=True,
    )


def _change_side(side: Side, last_norm: str) -> Side:
    return replace(side, offset=0, sinusoidal=True, first_norm=None, last_norm=last_norm)
