"""Where T5 (plain and ours) and BART keep their layers, feed-forwards and sizes.

Knows module and config names of the two families, so that others need not. Changes nothing but the numbers in
configs.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from torch import nn

from tldrkit.errors import ModelError

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel

Side = Literal["encoder", "decoder"]
SIDES: tuple[Side, Side] = ("encoder", "decoder")


@dataclass(frozen=True)
class Family:
    """Names that differ between T5 and BART.

    Attributes:
        name: t5 or bart.
        layers: Dotted path of each side's layers.
        layer_counts: Config field of each side's number of layers.
        widths: Config field of each side's feed-forward width.
        readers: Linear layers by which a feed-forward reads the residual stream, where present.
        writer: Linear layer by which it writes to it.
    """

    name: Literal["t5", "bart"]
    layers: dict[Side, str]
    layer_counts: dict[Side, str]
    widths: dict[Side, str]
    readers: tuple[str, ...]
    writer: str


T5 = Family(
    name="t5",
    layers={"encoder": "encoder.block", "decoder": "decoder.block"},
    layer_counts={"encoder": "num_layers", "decoder": "num_decoder_layers"},
    widths={"encoder": "d_ff", "decoder": "d_ff"},
    readers=("wi", "wi_0", "wi_1"),
    writer="wo",
)
BART = Family(
    name="bart",
    layers={"encoder": "model.encoder.layers", "decoder": "model.decoder.layers"},
    layer_counts={"encoder": "encoder_layers", "decoder": "decoder_layers"},
    widths={"encoder": "encoder_ffn_dim", "decoder": "decoder_ffn_dim"},
    readers=("fc1",),
    writer="fc2",
)
FAMILIES = {"t5": T5, "tldr_t5": T5, "bart": BART, "tldr_bart": BART}


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


def find_family(network: "PreTrainedModel") -> Family:
    """Return the family of a network.

    Raises:
        ModelError: The network is neither T5 nor BART.
    """
    model_type = network.config.model_type
    if model_type not in FAMILIES:
        raise ModelError(
            f"A {model_type} network cannot be taken apart.",
            hint="Use a T5, flan-T5 or BART checkpoint.",
        )
    return FAMILIES[model_type]


def find_packable(network: "PreTrainedModel") -> Family | None:
    """Tell the family by which ``training/packed`` runs a network, plain, of ours or growing; or None.

    It runs on a processor alone, and knows no layers that are left out at random.
    """
    config = network.config
    skips = getattr(config, "encoder_layerdrop", 0.0) or getattr(config, "decoder_layerdrop", 0.0)
    on_processor = next(network.parameters()).device.type == "cpu"
    return FAMILIES.get(config.model_type) if on_processor and not skips else None


def find_decoder_width(config: Any) -> int:  # noqa: ANN401  (transformers is not typed)
    """Find the width of the decoder; ``d_model`` is the encoder's."""
    width: int = getattr(config, "dec_d_model", None) or config.d_model
    return width


def find_layers(network: "PreTrainedModel", side: Side) -> nn.ModuleList:
    """Return the layers of one side, input first."""
    return cast(nn.ModuleList, network.get_submodule(find_family(network).layers[side]))


def find_feed_forwards(network: "PreTrainedModel", side: Side | None = None) -> list[FeedForward]:
    """Return the feed-forwards of one side, or of both, encoder first."""
    family = find_family(network)
    sides = list(family.layers) if side is None else [side]
    found = []
    for layer in (layer for side in sides for layer in find_layers(network, side)):
        module = next(m for m in layer.modules() if hasattr(m, family.writer))
        readers = tuple(name for name in family.readers if hasattr(module, name))
        found.append(FeedForward(module, readers, family.writer))
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
    """Set layer counts, feed-forward widths and T5's heads in the configs to what the network holds.

    In a T5 decoder's config ``num_layers`` is the decoder's own count.
    """
    family = find_family(network)
    for config in find_configs(network):
        for side in family.layers:
            setattr(config, family.layer_counts[side], len(find_layers(network, side)))
            setattr(config, family.widths[side], find_feed_forwards(network, side)[0].width)
        if family is not T5:
            continue
        config.num_heads = network.encoder.block[0].layer[0].SelfAttention.n_heads
        if config.is_decoder:
            config.num_layers = config.num_decoder_layers
