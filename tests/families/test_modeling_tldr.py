import copy
from collections.abc import Callable

import pytest
import torch
from transformers import BartForConditionalGeneration, PreTrainedModel, T5ForConditionalGeneration

from tldrkit.families.hub_code.configuration_tldr import TldrBartConfig, TldrT5Config
from tldrkit.families.hub_code.modeling_tldr import (
    TldrBartForConditionalGeneration,
    TldrT5ForConditionalGeneration,
)

Batch = dict[str, torch.Tensor]
FEED_FORWARD = "decoder.block.1.layer.2.DenseReluDense.wi"


def build_tldr(network: T5ForConditionalGeneration, **changes: object) -> TldrT5ForConditionalGeneration:
    fields = network.config.to_dict() | changes
    torch.manual_seed(0)
    return TldrT5ForConditionalGeneration(TldrT5Config(**fields)).eval()


@pytest.fixture
def narrow_t5(tiny_t5: T5ForConditionalGeneration) -> TldrT5ForConditionalGeneration:
    """More decoder than encoder layers, decoder width 24, a layer with two dendrites."""
    network = build_tldr(tiny_t5, num_layers=2, dec_d_model=24, growth={FEED_FORWARD: 2})
    for name, parameter in network.named_parameters():
        if name.endswith(("_proj.weight", "dendrite_to_output")):
            parameter.data.normal_(generator=torch.Generator().manual_seed(1))
    return network


def test_equal_widths_compute_t5(tiny_t5: T5ForConditionalGeneration, tiny_batch: Batch) -> None:
    """With the encoder's width and no dendrites it holds T5's weights and gives T5's logits to the bit."""
    network = build_tldr(tiny_t5, dec_d_model=32)
    network.load_state_dict(tiny_t5.state_dict())
    assert torch.equal(network(**tiny_batch).logits, tiny_t5(**tiny_batch).logits)


def test_no_growth_computes_bart(tiny_bart: BartForConditionalGeneration, tiny_batch: Batch) -> None:
    """Without dendrites our BART gives BART's logits to the bit."""
    network = TldrBartForConditionalGeneration(TldrBartConfig(**tiny_bart.config.to_dict())).eval()
    network.load_state_dict(tiny_bart.state_dict())
    assert torch.equal(network(**tiny_batch).logits, tiny_bart(**tiny_batch).logits)


def test_a_narrow_decoder_shares_the_embeddings(
    narrow_t5: TldrT5ForConditionalGeneration, tiny_batch: Batch
) -> None:
    """One table of the encoder's width serves encoder, decoder and head."""
    shared = narrow_t5.shared.weight
    assert narrow_t5.lm_head.weight is narrow_t5.decoder.embed_tokens.weight is shared
    assert shared.shape[1] == 32
    output = narrow_t5(**tiny_batch, output_hidden_states=True)
    assert output.logits.shape == (2, 7, shared.shape[0])
    assert {states.shape[-1] for states in output.decoder_hidden_states} == {24}


def test_every_weight_of_a_narrow_decoder_learns(
    narrow_t5: TldrT5ForConditionalGeneration, tiny_batch: Batch
) -> None:
    """The loss reaches each parameter."""
    narrow_t5(**tiny_batch).loss.backward()
    assert [name for name, parameter in narrow_t5.named_parameters() if parameter.grad is None] == []


@pytest.mark.parametrize("num_beams", [1, 4])
@pytest.mark.parametrize("how", [{"use_cache": False}, {"cache_implementation": "static"}])
def test_caches_change_nothing(
    narrow_t5: TldrT5ForConditionalGeneration, tiny_batch: Batch, num_beams: int, how: dict[str, object]
) -> None:
    """Greedy and beam search give the same tokens with a growing, a static and no cache."""
    inputs = {name: tiny_batch[name] for name in ("input_ids", "attention_mask")}
    cached = narrow_t5.generate(**inputs, num_beams=num_beams, max_new_tokens=10)
    assert torch.equal(narrow_t5.generate(**inputs, num_beams=num_beams, max_new_tokens=10, **how), cached)


def test_bf16_works(narrow_t5: TldrT5ForConditionalGeneration, tiny_batch: Batch) -> None:
    """Weights in bf16, and fp32 weights under autocast, give bf16 logits near those of fp32."""
    exact = narrow_t5(**tiny_batch).logits
    with torch.autocast("cpu", torch.bfloat16):
        mixed = narrow_t5(**tiny_batch).logits
    halved = copy.deepcopy(narrow_t5).to(torch.bfloat16)(**tiny_batch).logits
    assert mixed.dtype == halved.dtype == torch.bfloat16
    for logits in (mixed, halved):
        assert torch.corrcoef(torch.stack([logits.float().flatten(), exact.flatten()]))[0, 1] > 0.95


@pytest.mark.parametrize("cache_implementation", ["dynamic", "static"])
def test_the_deeper_decoder_has_a_cache_of_its_own_depth(
    tiny_t5: T5ForConditionalGeneration, tiny_batch: Batch, cache_implementation: str
) -> None:
    """A decoder with more layers than the encoder generates, which plain T5 of transformers 5.23 cannot."""
    network: PreTrainedModel = build_tldr(tiny_t5, num_layers=1, num_decoder_layers=3)
    generate: Callable[..., torch.Tensor] = network.generate
    tokens = generate(tiny_batch["input_ids"], max_new_tokens=5, cache_implementation=cache_implementation)
    assert tokens.shape[0] == 2


def test_a_narrow_decoder_is_drawn_as_t5s_are() -> None:
    """New weights have the variance that T5 gives each, for the width that each reads."""
    fields = {"d_model": 128, "dec_d_model": 64, "d_kv": 16, "num_heads": 4, "d_ff": 256, "num_layers": 1}
    torch.manual_seed(0)
    decoder = TldrT5ForConditionalGeneration(TldrT5Config(**fields)).decoder
    block, read = decoder.block[0].layer, 128**-0.5
    expected = {
        block[0].SelfAttention.q: (64 * 16) ** -0.5,
        block[1].EncDecAttention.k: read,
        block[1].EncDecAttention.v: read,
        block[2].DenseReluDense.wi: 64**-0.5,
        decoder.in_proj: read,
        decoder.out_proj: 64**-0.5,
    }
    for linear, deviation in expected.items():
        assert linear.weight.std().item() == pytest.approx(deviation, rel=0.05)
