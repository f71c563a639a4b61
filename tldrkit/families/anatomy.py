"""Where a network keeps its layers and feed-forwards, as its blueprint says; its sizes and configs.

Changes nothing but the numbers in configs.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from torch import nn

from tldrkit.errors import ModelError
from tldrkit.families.blueprint import Blueprint, Side
from tldrkit.families.drawing import draw_blueprint

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel

SideName = Literal["encoder", "decoder"]
SIDES: tuple[SideName, SideName] = ("encoder", "decoder")


@dataclass(frozen=True)
class FeedForward:
    """One feed-forward: the module that holds its linear layers, and their names."""

    module: nn.Module
    readers: tuple[str, ...]
    writer: str

    @property
    def width(self) -> int:
        """Number of hidden neurons."""
        return self.linear(self.writer).in_features

    @property
    def parameters_per_neuron(self) -> int:
        """Parameters that one hidden neuron costs, biases included."""
        readers = [self.linear(name) for name in self.readers]
        reading = sum(reader.in_features + (reader.bias is not None) for reader in readers)
        return reading + self.linear(self.writer).out_features

    def linear(self, name: str) -> nn.Linear:
        """Return the linear layer of that name."""
        return cast(nn.Linear, getattr(self.module, name))


def find_blueprint(network: "PreTrainedModel") -> Blueprint:
    """Return the blueprint of a network.

    Raises:
        ModelError: Its family has none.
    """
    blueprint = draw_blueprint(network.config)
    if blueprint is None:
        raise ModelError(
            f"A {network.config.model_type} network cannot be taken apart.",
            hint="Use a checkpoint of a family that docs/how-to/compression.md names.",
        )
    return blueprint


def find_side(network: "PreTrainedModel", side: SideName) -> Side:
    """Return one side of a network's blueprint."""
    blueprint = find_blueprint(network)
    return blueprint.encoder if side == "encoder" else blueprint.decoder


def find_layers(network: "PreTrainedModel", side: SideName) -> nn.ModuleList:
    """Return the layers of one side, input first."""
    return cast(nn.ModuleList, network.get_submodule(find_side(network, side).stack))


def find_feed_forwards(network: "PreTrainedModel", side: SideName | None = None) -> list[FeedForward]:
    """Return the feed-forwards of one side, or of both, encoder first."""
    found = []
    for one in SIDES if side is None else (side,):
        for layer in find_side(network, one).layers:
            holder, _, writer = layer.feed.writer.rpartition(".")
            readers = tuple(reader.rpartition(".")[2] for reader in layer.feed.readers)
            found.append(FeedForward(network.get_submodule(holder), readers, writer))
    return found


def find_configs(network: "PreTrainedModel") -> list[Any]:
    """Return a network's config and the copies its parts keep: T5's stacks and attentions have some."""
    configs = {id(module.config): module.config for module in network.modules() if hasattr(module, "config")}
    return list(configs.values())


def build_config(kind: "type[PreTrainedConfig]", config: "PreTrainedConfig", **changes: object) -> Any:  # noqa: ANN401  (each kind has fields of its own)
    """Build a config of a kind from another's fields, but for what names its own kind."""
    fields = config.to_dict() | changes
    for name in ("model_type", "architectures", "transformers_version"):
        fields.pop(name, None)
    return kind(**fields)


def write_sizes(network: "PreTrainedModel") -> None:
    """Set layer counts and feed-forward widths in the configs to what the network holds."""
    for side in SIDES:
        set_field(network, find_side(network, side).fields.layers, len(find_layers(network, side)))
        width = find_feed_forwards(network, side)[0].width
        set_field(network, find_side(network, side).fields.feed_forward, width)


def set_field(network: "PreTrainedModel", name: str, value: int) -> None:
    """Set a field of a network's config and of the copies its parts keep.

    T5's decoder has a copy in which ``num_layers``, elsewhere the encoder's count, is its own.
    """
    for config in find_configs(network):
        own = getattr(config, "is_decoder", False) and hasattr(config, "num_decoder_layers")
        if not (own and name == "num_layers"):
            setattr(config, name, value)
        if own and name == "num_decoder_layers":
            config.num_layers = value


def draw_packable(network: "PreTrainedModel") -> Blueprint | None:
    """Draw the blueprint by which a network runs without padding, plain, of ours or growing; or None.

    It does so on a processor alone, and knows no layers that are left out at random.
    """
    config = network.config
    skips = getattr(config, "encoder_layerdrop", 0.0) or getattr(config, "decoder_layerdrop", 0.0)
    on_processor = next(network.parameters()).device.type == "cpu"
    return draw_blueprint(config) if on_processor and not skips else None
