"""Marian (Junczys-Dowmunt et al. 2018): BART's layers, positions of sines and cosines, translations."""

from dataclasses import replace

from tldrkit.families.bart import draw_bart
from tldrkit.families.blueprint import Blueprint, Config


def draw_marian(config: Config) -> Blueprint | None:
    """Draw a Marian, plain or ours.

    Returns:
        None where its sides have vocabularies of their own; such a one is not loaded.

    Raises:
        AttributeError: The configuration lacks a field.
    """
    if not config.share_encoder_decoder_embeddings:
        return None
    bart = draw_bart(config)
    encoder, decoder = (replace(side, offset=0, sinusoidal=True, first_norm=None) for side in bart.sides)
    return replace(
        bart,
        family="Marian",
        stock="MarianMTModel",
        ours="TldrMarianMTModel",
        encoder=encoder,
        decoder=decoder,
    )
