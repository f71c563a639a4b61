"""mT5 (Xue et al. 2021): T5's layers, with outputs that are not scaled, and many languages."""

from dataclasses import replace

from tldrkit.families.blueprint import Blueprint, Config
from tldrkit.families.t5 import draw_unscaled


def draw_mt5(config: Config) -> Blueprint:
    """Draw an mT5, plain or ours.

    Raises:
        AttributeError: The configuration lacks a field.
    """
    return replace(
        draw_unscaled(config),
        family="mT5",
        stock="MT5ForConditionalGeneration",
        ours="TldrMT5ForConditionalGeneration",
    )
