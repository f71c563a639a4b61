"""What families of networks have in common, and where they differ: one value that all loops are built from.

Knows transformers' names of weights and of configurations' fields; computes nothing, and needs neither torch
nor transformers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Config = Any  # of transformers, or a plain namespace: neither is typed


@dataclass(frozen=True)
class AttentionPaths:
    """Where an attention keeps its norm and its linear layers."""

    norm: str
    query: str
    key: str
    value: str
    out: str

    @property
    def linears(self) -> tuple[str, ...]:
        """Its linear layers."""
        return self.query, self.key, self.value, self.out


@dataclass(frozen=True)
class FeedForwardPaths:
    """Where a feed-forward keeps its norm and its linear layers; the first two with a gate."""

    norm: str
    readers: tuple[str, ...]
    writer: str


@dataclass(frozen=True)
class LayerPaths:
    """Where the parts of a layer are; `cross` is None in an encoder."""

    own: AttentionPaths
    cross: AttentionPaths | None
    feed: FeedForwardPaths

    @property
    def norms(self) -> Iterator[str]:
        """Its norms, in order."""
        yield from (part.norm for part in (self.own, self.cross, self.feed) if part)


@dataclass(frozen=True)
class Side:
    """The encoder or the decoder.

    Attributes:
        layers: Their paths, input first.
        embeddings: Tensor of the token embeddings.
        width: Of the hidden states between layers.
        heads: Of an attention.
        head_width: Of one.
        feed_forward: Neurons of a feed-forward.
        bias: Relative position bias of each bucket and head; None without.
        positions: Learned positions, of which the first `offset` are not used; None without.
        first_norm: Before the first layer; None without.
        last_norm: Behind the last one; None without.
    """

    layers: tuple[LayerPaths, ...]
    embeddings: str
    width: int
    heads: int
    head_width: int
    feed_forward: int
    bias: str | None = None
    positions: str | None = None
    offset: int = 0
    first_norm: str | None = None
    last_norm: str | None = None

    @property
    def norms(self) -> Iterator[str]:
        """All norms."""
        yield from (norm for norm in (self.first_norm, self.last_norm) if norm)
        for layer in self.layers:
            yield from layer.norms


@dataclass(frozen=True)
class Blueprint:
    """A network as its loops need to know it.

    Attributes:
        encoder: The reading side.
        decoder: The writing side.
        embeddings: Tensor of the embeddings that both sides share, and the output too where it is tied.
        vocabulary: Tokens it knows.
        start: Token before the first one that is written.
        activation: Of feed-forwards; one of ``ACTIVATIONS`` where the loops are compiled.
        biased: Whether linear layers and norms have biases; norms that have one subtract the mean
            (Ba et al. 2016), the others scale to unit root mean square (Zhang & Sennrich 2019).
        norm_first: Whether norms come before what they are of, and not behind the sum (Xiong et al. 2020).
        epsilon: Of norms.
        scaled: Whether scores of attention are divided by the root of the head width.
        embedding_scale: What embeddings are multiplied by.
        output_scale: What the last hidden states are multiplied by.
        projections: Layers into a decoder of another width, and out of it; None without.
        logits_bias: Tensor that is added to logits; None without.
        reach: Distance from which on relative biases share a bucket.
    """

    encoder: Side
    decoder: Side
    embeddings: str
    vocabulary: int
    start: int
    activation: str
    biased: bool
    norm_first: bool
    epsilon: float
    scaled: bool
    embedding_scale: float = 1.0
    output_scale: float = 1.0
    projections: tuple[str, str] | None = None
    logits_bias: str | None = None
    reach: int = 0

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both sides, the encoder first."""
        return self.encoder, self.decoder

    @property
    def gated(self) -> bool:
        """Whether feed-forwards have a gate."""
        return any(len(layer.feed.readers) == 2 for side in self.sides for layer in side.layers)


def draw_blueprint(config: Config) -> Blueprint | None:
    """Draw the blueprint of a configuration.

    Returns:
        None where its family is not known.

    Raises:
        AttributeError: A field is missing.
    """
    family = _FAMILIES.get(config.model_type)
    return family(config) if family else None


def _draw_t5(config: Config) -> Blueprint:
    """Draw a T5, plain or ours; its attention is unscaled, since its weights hold the scale."""
    readers = ("wi_0", "wi_1") if config.feed_forward_proj.startswith("gated-") else ("wi",)
    width = getattr(config, "dec_d_model", None) or config.d_model

    def draw_layer(side: str, number: int) -> LayerPaths:
        block = f"{side}.block.{number}.layer"
        own, cross = f"{block}.0", f"{block}.1"
        feed = f"{block}.{2 if side == 'decoder' else 1}"
        return LayerPaths(
            own=_name_attention(f"{own}.layer_norm", f"{own}.SelfAttention", "qkvo"),
            cross=_name_attention(f"{cross}.layer_norm", f"{cross}.EncDecAttention", "qkvo")
            if side == "decoder"
            else None,
            feed=FeedForwardPaths(
                norm=f"{feed}.layer_norm",
                readers=tuple(f"{feed}.DenseReluDense.{name}" for name in readers),
                writer=f"{feed}.DenseReluDense.wo",
            ),
        )

    def draw_side(side: str, layers: int, width: int) -> Side:
        return Side(
            layers=tuple(draw_layer(side, number) for number in range(layers)),
            embeddings="shared.weight",
            width=width,
            heads=config.num_heads,
            head_width=config.d_kv,
            feed_forward=config.d_ff,
            bias=f"{side}.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
            last_norm=f"{side}.final_layer_norm",
        )

    return Blueprint(
        encoder=draw_side("encoder", config.num_layers, config.d_model),
        decoder=draw_side("decoder", config.num_decoder_layers, width),
        embeddings="shared.weight",
        vocabulary=config.vocab_size,
        start=config.decoder_start_token_id,
        activation=config.dense_act_fn,
        biased=False,
        norm_first=True,
        epsilon=config.layer_norm_epsilon,
        scaled=False,
        output_scale=config.d_model**-0.5 if config.scale_decoder_outputs else 1.0,
        projections=("decoder.in_proj", "decoder.out_proj") if width != config.d_model else None,
        reach=config.relative_attention_max_distance,
    )


def _draw_bart(config: Config) -> Blueprint:
    """Draw a BART: norms behind the sums, learned positions of which the first two are not used."""
    shared = "model.shared.weight"

    def draw_layer(side: str, number: int) -> LayerPaths:
        layer = f"model.{side}.layers.{number}"
        names = ("q_proj", "k_proj", "v_proj", "out_proj")
        return LayerPaths(
            own=_name_attention(f"{layer}.self_attn_layer_norm", f"{layer}.self_attn", names),
            cross=_name_attention(f"{layer}.encoder_attn_layer_norm", f"{layer}.encoder_attn", names)
            if side == "decoder"
            else None,
            feed=FeedForwardPaths(f"{layer}.final_layer_norm", (f"{layer}.fc1",), f"{layer}.fc2"),
        )

    def draw_side(side: str, heads: int, feed_forward: int, layers: int) -> Side:
        return Side(
            layers=tuple(draw_layer(side, number) for number in range(layers)),
            embeddings=shared if config.tie_word_embeddings else f"model.{side}.embed_tokens.weight",
            width=config.d_model,
            heads=heads,
            head_width=config.d_model // heads,
            feed_forward=feed_forward,
            positions=f"model.{side}.embed_positions.weight",
            offset=2,
            first_norm=f"model.{side}.layernorm_embedding",
        )

    return Blueprint(
        encoder=draw_side(
            "encoder", config.encoder_attention_heads, config.encoder_ffn_dim, config.encoder_layers
        ),
        decoder=draw_side(
            "decoder", config.decoder_attention_heads, config.decoder_ffn_dim, config.decoder_layers
        ),
        embeddings=shared,
        vocabulary=config.vocab_size,
        start=config.decoder_start_token_id,
        activation=config.activation_function,
        biased=True,
        norm_first=False,
        epsilon=1e-5,  # torch's own, which transformers leaves as it is
        scaled=True,
        embedding_scale=config.d_model**0.5 if config.scale_embedding else 1.0,
        logits_bias="final_logits_bias",
    )


def _name_attention(norm: str, path: str, names: "tuple[str, ...] | str") -> AttentionPaths:
    return AttentionPaths(norm, *(f"{path}.{name}" for name in names))


_FAMILIES = {"t5": _draw_t5, "tldr_t5": _draw_t5, "bart": _draw_bart, "tldr_bart": _draw_bart}
