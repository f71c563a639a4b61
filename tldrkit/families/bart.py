"""BART (Lewis et al. 2020) and ours: norms behind the sums, learned positions, a norm of the embeddings."""

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

_ENTRANCE = "model.decoder.layernorm_embedding"  # of a decoder of its own width: a norm and a projection
_ALIASES = {"swish": "silu"}
"""Names that transformers has for activations with two of them."""
_LINEARS = ("q_proj", "k_proj", "v_proj", "out_proj")


def draw_bart(config: Config) -> Blueprint:
    """Draw a BART, plain or ours.

    Raises:
        AttributeError: The configuration lacks a field.
    """
    narrow = getattr(config, "dec_d_model", None) not in (None, config.d_model)
    return Blueprint(
        family="BART",
        stock="BartForConditionalGeneration",
        ours="TldrBartForConditionalGeneration",
        encoder=_draw_side(config, "encoder"),
        decoder=_draw_side(config, "decoder"),
        embeddings="model.shared.weight",
        head="lm_head",
        tied=config.tie_word_embeddings,
        vocabulary=config.vocab_size,
        start=config.decoder_start_token_id,
        activation=_ALIASES.get(config.activation_function, config.activation_function),
        norm="layer",
        norm_first=False,
        epsilon=1e-5,  # torch's own, which transformers leaves as it is
        biased=True,
        scaled=True,
        dropout=DropoutFields("dropout", "attention_dropout", "activation_dropout"),
        embedding_scale=config.d_model**0.5 if config.scale_embedding else 1.0,
        projections=(f"{_ENTRANCE}.proj", "model.decoder.out_proj") if narrow else None,
        logits_bias="final_logits_bias",
    )


def _draw_side(config: Config, side: str) -> Side:
    fields = SizeFields(f"{side}_layers", f"{side}_attention_heads", f"{side}_ffn_dim")
    heads = getattr(config, fields.heads)
    own_width = getattr(config, f"{side[:3]}_d_kv", None)  # ours, of fewer heads
    decoder = side == "decoder"
    width = (decoder and getattr(config, "dec_d_model", None)) or config.d_model
    norm = f"model.{side}.layernorm_embedding"
    return Side(
        stack=f"model.{side}.layers",
        fields=fields,
        layers=tuple(
            _draw_layer(f"model.{side}.layers.{number}", crosses=decoder)
            for number in range(getattr(config, fields.layers))
        ),
        embeddings="model.shared.weight"
        if config.tie_word_embeddings
        else f"model.{side}.embed_tokens.weight",
        width=width,
        heads=heads,
        head_width=own_width or config.d_model // heads,
        feed_forward=getattr(config, fields.feed_forward),
        positions=f"model.{side}.embed_positions.weight",
        offset=2,
        places=config.max_position_embeddings,
        first_norm=norm if width == config.d_model else f"{_ENTRANCE}.norm",
    )


def _draw_layer(layer: str, *, crosses: bool) -> LayerPaths:
    return LayerPaths(
        own=_name_attention(layer, "self_attn"),
        cross=_name_attention(layer, "encoder_attn") if crosses else None,
        feed=FeedForwardPaths(f"{layer}.final_layer_norm", (f"{layer}.fc1",), f"{layer}.fc2"),
    )


def _name_attention(layer: str, name: str) -> AttentionPaths:
    return AttentionPaths(f"{layer}.{name}_layer_norm", *(f"{layer}.{name}.{linear}" for linear in _LINEARS))
