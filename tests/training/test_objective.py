"""How attention is computed in training."""

from types import SimpleNamespace

import pytest
import torch
from transformers import BartConfig, BartForConditionalGeneration

from tests.networks import build_t5
from tldrkit.training.objective import choose_attention


def build_bart() -> BartForConditionalGeneration:
    sizes = {f"{side}_{what}": 2 for side in ("encoder", "decoder") for what in ("layers", "attention_heads")}
    return BartForConditionalGeneration(
        BartConfig(vocab_size=99, d_model=8, max_position_embeddings=16, **sizes)
    )


@pytest.mark.parametrize(
    ("build", "precision", "device", "chosen"),
    [
        (build_t5, "no", "cpu", "eager"),
        (build_t5, "bf16", "cpu", "eager"),
        (build_bart, "bf16", "cpu", "eager"),
        (build_bart, "no", "cpu", "sdpa"),
        (build_bart, "bf16", "cuda", "sdpa"),
    ],
)
def test_unfused_attention_is_for_where_it_is_faster(build, precision, device, chosen) -> None:  # noqa: ANN001
    """On a processor in bf16, and with T5's bias."""
    network = build()
    accelerator = SimpleNamespace(device=torch.device(device), mixed_precision=precision)
    choose_attention(network, accelerator)

    assert network.config._attn_implementation == chosen
