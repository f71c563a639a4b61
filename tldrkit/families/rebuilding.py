"""A network built anew in other sizes: in its own class where that has them, else in ours.

Knows what classes can express. Does not choose sizes or weights.
"""

import copy
from typing import Any, cast

import torch
from torch import nn
from transformers import PreTrainedModel

from tldrkit.errors import ModelError
from tldrkit.families.anatomy import build_config, find_blueprint
from tldrkit.families.blueprint import Blueprint, Config
from tldrkit.families.drawing import draw_blueprint
from tldrkit.families.hub_code import modeling_tldr

StateDict = dict[str, torch.Tensor]


def find_ours(network: PreTrainedModel) -> Any:  # noqa: ANN401  (transformers is not typed)
    """Return our class for networks of this one's family; None where there is none.

    Raises:
        ModelError: Its family has no blueprint.
    """
    name = find_blueprint(network).ours
    return getattr(modeling_tldr, name) if name else None


def resize(
    network: PreTrainedModel, *, heads: int | None = None, dec_d_model: int | None = None, ours: bool = False
) -> tuple[Any, Config]:
    """Find the class and the configuration of a network like this one with so many heads, or such a decoder.

    Args:
        network: The network, which stays as it is.
        heads: Of every attention; a side that has fewer keeps its number. As wide as they are.
        dec_d_model: Width of the decoder.
        ours: Whether it is to be our class in any case.

    Raises:
        ModelError: Neither its own class nor ours has such sizes.
    """
    blueprint, kind, config = find_blueprint(network), type(network), copy.deepcopy(network.config)
    fields: dict[str, int] = {}
    if heads is not None and any(heads < side.heads for side in blueprint.sides):
        for side in blueprint.sides:
            setattr(config, side.fields.heads, min(heads, side.heads))
        if _shares_width(blueprint, network.config):
            fields |= {"enc_d_kv": blueprint.encoder.head_width, "dec_d_kv": blueprint.decoder.head_width}
    if dec_d_model not in (None, blueprint.decoder.width):
        fields["dec_d_model"] = dec_d_model
    if not (fields or ours):
        return kind, config
    known = find_ours(network)
    if known is None or not all(hasattr(known.config_class, name) for name in fields):
        what, field = ("decoder width", "dec_d_model") if dec_d_model else ("number of heads", "num_heads")
        raise ModelError(
            f"{blueprint.family} cannot be given another {what}: one width is all that its class has.",
            hint=f"Leave {field} out.",
        )
    attention = network.config._attn_implementation
    return known, build_config(known.config_class, config, **fields, attn_implementation=attention)


def rebuild(network: PreTrainedModel, kind: Any, config: Config, state: StateDict) -> PreTrainedModel:  # noqa: ANN401  (as above)
    """Build a network with the given weights; a head of its own stays its own.

    Args:
        network: Where generation defaults, device and number format come from.
        kind: Its class.
        config: Its configuration.
        state: Its weights.
    """
    with torch.random.fork_rng(devices=[]):
        rebuilt: PreTrainedModel = kind(config)
    head: Any = network.get_output_embeddings()
    if head.weight is not cast(Any, network.get_input_embeddings()).weight:
        cast(Any, rebuilt.get_output_embeddings()).weight = nn.Parameter(torch.empty_like(head.weight))
    rebuilt.load_state_dict(state)
    rebuilt.generation_config = network.generation_config
    rebuilt.to(network.device, network.dtype)
    return rebuilt.eval()


def _shares_width(blueprint: Blueprint, config: Config) -> bool:
    """Tell whether heads share out the width of hidden states, so that fewer ones would be wider."""
    probe = copy.deepcopy(config)
    for side in blueprint.sides:
        setattr(probe, side.fields.heads, 1)
    drawn = draw_blueprint(probe)
    assert drawn is not None  # as the same configuration with its own heads
    return any(
        one.head_width != other.head_width for one, other in zip(drawn.sides, blueprint.sides, strict=True)
    )
