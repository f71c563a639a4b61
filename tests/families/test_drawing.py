"""Blueprints against the networks they are of."""

from types import SimpleNamespace

import pytest
import transformers
from torch import nn
from transformers import PreTrainedModel

from tests.networks import KIN_NETWORKS, build_t5
from tests.training.packed.references import build_bart
from tldrkit.families.blueprint import Side
from tldrkit.families.drawing import FAMILIES, draw_blueprint
from tldrkit.families.hub_code import modeling_tldr

NETWORKS = KIN_NETWORKS | {"t5": build_t5, "bart": build_bart}


def list_linears(side: Side) -> set[str]:
    parts = [part for layer in side.layers for part in (layer.own, layer.cross) if part]
    feeds = [path for layer in side.layers for path in (*layer.feed.readers, layer.feed.writer)]
    return {path for part in parts for path in part.linears} | set(feeds)


@pytest.mark.parametrize("kind", NETWORKS)
def test_a_blueprint_names_all_that_a_network_holds(kind: str) -> None:
    """Every linear layer, norm and tensor has its path, and nothing is named that is not there."""
    network: PreTrainedModel = NETWORKS[kind]()
    blueprint = draw_blueprint(network.config)
    assert blueprint is not None
    modules = dict(network.named_modules(remove_duplicate=False))
    linears = {blueprint.head, *(path for side in blueprint.sides for path in list_linears(side))}
    norms = {norm for side in blueprint.sides for norm in side.norms}
    tables = {blueprint.embeddings, blueprint.logits_bias}
    tables |= {name for side in blueprint.sides for name in (side.embeddings, side.bias, side.positions)}
    named = {f"{path}." for path in linears | norms} | (tables - {None})
    own = [
        name
        for name, tensor in network.state_dict(keep_vars=True).items()
        if not any(tensor is network.state_dict(keep_vars=True)[table] for table in tables if table)
    ]

    assert linears | norms <= set(modules)
    assert tables - {None} <= set(network.state_dict())
    assert [name for name in own if not name.startswith(tuple(named))] == []
    assert all(hasattr(modules[path], "weight") for path in linears | norms)


@pytest.mark.parametrize("kind", NETWORKS)
def test_a_blueprint_tells_sizes_and_fields(kind: str) -> None:
    """Stacks, fields of the configuration and classes are what they are called."""
    network: PreTrainedModel = NETWORKS[kind]()
    blueprint, config = draw_blueprint(network.config), network.config
    assert blueprint is not None
    for side in blueprint.sides:
        stack = network.get_submodule(side.stack)
        assert isinstance(stack, nn.ModuleList)
        assert len(stack) == len(side.layers) == getattr(config, side.fields.layers)
        assert getattr(config, side.fields.heads) == side.heads
        assert getattr(config, side.fields.feed_forward) == side.feed_forward
        for layer in side.layers:
            assert network.get_submodule(layer.own.query).weight.shape == (
                side.heads * side.head_width,
                side.width,
            )
            assert network.get_submodule(layer.feed.writer).weight.shape == (side.width, side.feed_forward)
        if side.positions:
            table = network.get_parameter(side.positions)
            assert table.shape == (side.places + side.offset, side.width)
            assert table.requires_grad is not side.sinusoidal
    assert all(isinstance(getattr(config, name), float) for name in blueprint.dropout.names)
    stock, ours = getattr(transformers, blueprint.stock), getattr(modeling_tldr, str(blueprint.ours))
    assert type(network) in (stock, ours)
    assert ours.__bases__[-1] is stock


def test_every_network_of_ours_has_a_blueprint() -> None:
    """What was exported with our code is run as what it grew from."""
    assert {network.config_class.model_type for network in modeling_tldr.NETWORKS} <= set(FAMILIES)


def test_another_family_has_none() -> None:
    """A family that is not known is told so."""
    assert draw_blueprint(SimpleNamespace(model_type="led")) is None
