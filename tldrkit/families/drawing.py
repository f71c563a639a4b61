"""Blueprints of configurations: the one place that knows which families there are."""

from collections.abc import Callable

from tldrkit.families.bart import draw_bart
from tldrkit.families.blueprint import Blueprint, Config
from tldrkit.families.marian import draw_marian
from tldrkit.families.mbart import draw_mbart
from tldrkit.families.mt5 import draw_mt5
from tldrkit.families.pegasus import draw_pegasus
from tldrkit.families.t5 import draw_t5

FAMILIES: dict[str, Callable[[Config], Blueprint | None]] = {
    "t5": draw_t5,
    "tldr_t5": draw_t5,
    "mt5": draw_mt5,
    "tldr_mt5": draw_mt5,
    "bart": draw_bart,
    "tldr_bart": draw_bart,
    "mbart": draw_mbart,
    "tldr_mbart": draw_mbart,
    "marian": draw_marian,
    "tldr_marian": draw_marian,
    "pegasus": draw_pegasus,
    "tldr_pegasus": draw_pegasus,
}
"""What draws a network of each `model_type`."""


def draw_blueprint(config: Config) -> Blueprint | None:
    """Draw the blueprint of a configuration, of transformers or a plain namespace of its fields.

    Returns:
        None where its family is not known, or the configuration asks for what the family is not known with.

    Raises:
        AttributeError: A field is missing.
    """
    family = FAMILIES.get(config.model_type)
    return family(config) if family else None
