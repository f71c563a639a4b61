"""T5 (Raffel et al. 2020), its later versions and ours: norms first, biases of relative positions."""

from dataclasses import replace

from tldrkit.families.blueprint import (
    AttentionPaths,
    Blueprint,
    Config,
    DropoutFields,
    FeedForwardPaths,
    LayerPaths,
    Side,
    SizeFields,
)

_LAYERS = {"encoder": "num_layers", "decoder": "num_decoder_layers"}


def draw_t5(config: Config) -> Blueprint:
    """Draw a T5, plain or ours.

    Raises:
        AttributeError: The configuration lacks a field.
    """
    scale = config.d_model**-0.5 if config.scale_decoder_outputs else 1.0
    return replace(draw_unscaled(config), output_scale=scale)


def draw_unscaled(config: Config) -> Blueprint:
    """Draw a network of T5's layers; its attention is unscaled, since its weights hold the scale.

    Raises:
        AttributeError: The configuration lacks a field.
    """
    width = getattr(config, "dec_d_model", None) or config.d_model
    return Blueprint(
        family="T5",
        stock="T5ForConditionalGeneration",
        ours="TldrT5ForConditionalGeneration",
        encoder=_draw_side(config, "encoder", config.num_layers, config.d_model),
        decoder=_draw_side(config, "decoder", config.num_decoder_layers, width),
        embeddings="shared.weight",
        head="lm_head",
        tied=config.tie_word_embeddings,
        vocabulary=config.vocab_size,
        start=config.decoder_start_token_id,
        activation=config.dense_act_fn,
        norm="rms",
        norm_first=True,
        epsilon=config.layer_norm_epsilon,
        biased=False,
        scaled=False,
        dropout=DropoutFields("dropout_rate", "dropout_rate", "dropout_rate"),
        drops_last=True,
        projections=("decoder.in_proj", "decoder.out_proj") if width != config.d_model else None,
        buckets=config.relative_attention_num_buckets,
        reach=config.relative_attention_max_distance,
    )


def _draw_side(config: Config, side: str, layers: int, width: int) -> Side:
    gated = config.feed_forward_proj.startswith("gated-")
    return Side(
        stack=f"{side}.block",
        fields=SizeFields(_LAYERS[side], "num_heads", "d_ff"),
        layers=tuple(_draw_layer(side, number, gated=gated) for number in range(layers)),
        embeddings="shared.weight",
        width=width,
        heads=config.num_heads,
        head_width=config.d_kv,
        feed_forward=config.d_ff,
        bias=f"{side}.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
        last_norm=f"{side}.final_layer_norm",
    )


def _draw_layer(side: str, number: int, *, gated: bool) -> LayerPaths:
    parts = [f"{side}.block.{number}.layer.{part}" for part in range(3)]
    decoder = side == "decoder"
    feed = parts[2 if decoder else 1]
    return LayerPaths(
        own=_name_attention(parts[0], "SelfAttention"),
        cross=_name_attention(parts[1], "EncDecAttention") if decoder else None,
        feed=FeedForwardPaths(
            norm=f"{feed}.layer_norm",
            readers=tuple(
                f"{feed}.DenseReluDense.{name}" for name in (("wi_0", "wi_1") if gated else ("wi",))
            ),
            writer=f"{feed}.DenseReluDense.wo",
            block=feed,
        ),
    )


def _name_attention(part: str, name: str) -> AttentionPaths:
    return AttentionPaths(f"{part}.layer_norm", *(f"{part}.{name}.{linear}" for linear in "qkvo"))
