"""The modules of a network that its blueprint names: layers, feed-forwards, and the configs that say sizes.

Changes nothing but the numbers in configs.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from torch import nn

from tldrkit.errors import ModelError
from tldrkit.families.blueprint import Blueprint
from tldrkit.families.drawing import draw_blueprint

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel

Side = Literal["encoder", "decoder"]
SIDES: tuple[Side, Side] = ("encoder", "decoder")
T5 = "T5"
BART = "BART"


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


def find_family(network: "PreTrainedModel") -> str:
    """Tell whether a network is a T5 or a BART.

    Raises:
        ModelError: It is neither.
    """
    family = find_blueprint(network).family
    if family not in (T5, BART):
        raise _describe_unknown(network)
    return family


def find_blueprint(network: "PreTrainedModel") -> Blueprint:
    """Draw the blueprint of a network.

    Raises:
        ModelError: Its family is not known.
    """
    blueprint = draw_blueprint(network.config)
    if blueprint is None:
        raise _describe_unknown(network)
    return blueprint


def _describe_unknown(network: "PreTrainedModel") -> ModelError:
    return ModelError(
        f"A {network.config.model_type} network cannot be taken apart.",
        hint="Use a T5, flan-T5 or BART checkpoint.",
    )


def draw_packable(network: "PreTrainedModel") -> Blueprint | None:
    """Draw the blueprint by which a network runs without padding, plain, of ours or growing; or None.

    It does so on a processor alone, and knows no layers that are left out at random.
    """
    config = network.config
    skips = getattr(config, "encoder_layerdrop", 0.0) or getattr(config, "decoder_layerdrop", 0.0)
    on_processor = next(network.parameters()).device.type == "cpu"
    return draw_blueprint(config) if on_processor and not skips else None


def find_packable(network: "PreTrainedModel") -> str | None:
    """Tell the family of a network that runs without padding; or None."""
    blueprint = draw_packable(network)
    return blueprint.family if blueprint else None


def find_decoder_width(config: Any) -> int:  # noqa: ANN401  (transformers is not typed)
    """Find the width of the decoder; ``d_model`` is the encoder's."""
    width: int = getattr(config, "dec_d_model", None) or config.d_model
    return width


def find_layers(network: "PreTrainedModel", side: Side) -> nn.ModuleList:
    """Return the layers of one side, input first."""
    return cast(nn.ModuleList, network.get_submodule(getattr(find_blueprint(network), side).stack))


def find_feed_forwards(network: "PreTrainedModel", side: Side | None = None) -> list[FeedForward]:
    """Return the feed-forwards of one side, or of both, encoder first."""
    blueprint = find_blueprint(network)
    found = []
    for name in SIDES if side is None else [side]:
        stack, first = getattr(blueprint, name).stack, getattr(blueprint, name).layers[0].feed
        readers = tuple(path.rpartition(".")[2] for path in first.readers)
        inner, _, writer = first.writer.removeprefix(f"{stack}.0.").rpartition(".")
        modules = (layer.get_submodule(inner) for layer in find_layers(network, name))
        found += [FeedForward(module, readers, writer) for module in modules]
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
    """Set numbers of layers and heads and feed-forward widths in the configs to what the network holds.

    In a T5 decoder's config ``num_layers`` is the decoder's own count.
    """
    blueprint = find_blueprint(network)
    sizes: dict[str, int] = {}
    for name in SIDES:
        part = getattr(blueprint, name)
        query = cast(nn.Linear, network.get_submodule(part.layers[0].own.query))
        sizes[part.fields.layers] = len(find_layers(network, name))
        sizes[part.fields.heads] = query.out_features // part.head_width
        sizes[part.fields.feed_forward] = find_feed_forwards(network, name)[0].width
    for config in find_configs(network):
        for field, size in sizes.items():
            setattr(config, field, size)
        if config.is_decoder and blueprint.decoder.fields.layers == "num_decoder_layers":
            config.num_layers = config.num_decoder_layers
