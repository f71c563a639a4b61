import pytest
from torch import nn
from transformers import PreTrainedModel

from tldrkit.families.anatomy import find_feed_forwards, find_layers, write_sizes


@pytest.fixture(params=["tiny_t5", "tiny_flan", "tiny_bart"])
def network(request: pytest.FixtureRequest) -> PreTrainedModel:
    """Each family in turn."""
    return request.getfixturevalue(request.param)


def test_every_layer_has_a_feed_forward(network: PreTrainedModel) -> None:
    """Four layers a side, each with one feed-forward of 48 neurons whose linear layers are found."""
    assert len(find_layers(network, "encoder")) == len(find_layers(network, "decoder")) == 4
    feed_forwards = find_feed_forwards(network)
    assert [feed_forward.width for feed_forward in feed_forwards] == [48] * 8
    for feed_forward in feed_forwards:
        names = [*feed_forward.readers, feed_forward.writer]
        assert all(isinstance(feed_forward.linear(name), nn.Linear) for name in names)


def test_a_neuron_costs_what_it_holds(network: PreTrainedModel) -> None:
    """All neurons together cost the parameters of the linear layers, but the writer's own bias."""
    feed_forward = find_feed_forwards(network)[0]
    linears = [feed_forward.linear(name) for name in (*feed_forward.readers, feed_forward.writer)]
    total = sum(parameter.numel() for linear in linears for parameter in linear.parameters())
    own = 0 if linears[-1].bias is None else linears[-1].bias.numel()
    assert feed_forward.parameters_per_neuron * feed_forward.width == total - own


def test_sizes_reach_every_config(network: PreTrainedModel) -> None:
    """The config and its copies in stacks and attentions say what the network holds."""
    del find_layers(network, "decoder")[1:3]
    del find_layers(network, "encoder")[1:2]
    write_sizes(network)
    configs = [module.config for module in network.modules() if hasattr(module, "config")]
    for config in configs:
        if config.model_type == "bart":
            assert (config.encoder_layers, config.decoder_layers) == (3, 2)
        else:
            assert (config.num_layers, config.num_decoder_layers) == (2 if config.is_decoder else 3, 2)
