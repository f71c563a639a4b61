"""Packed training of BART against Hugging Face's own forward pass, on networks of every kind."""

import pytest
import torch
from torch import Tensor, nn
from transformers import BartConfig, BartForConditionalGeneration, PreTrainedModel

from tests.networks import BART_GROWTH, BART_SIZES, draw_norms
from tests.training.packed.test_t5 import collect_gradients, compute_reference, draw_rows, pack
from tldrkit.families.anatomy import draw_packable
from tldrkit.families.hub_code.configuration_tldr import TldrBartConfig
from tldrkit.families.hub_code.dendritic_linear import DendriticLinear
from tldrkit.families.hub_code.modeling_tldr import TldrBartForConditionalGeneration
from tldrkit.training.packed import layout
from tldrkit.training.packed.dropout import Dropout


def build_bart(**fields: object) -> PreTrainedModel:
    """Build a random BART whose biases, norms and dendrites all take part."""
    torch.manual_seed(0)
    network = (
        TldrBartForConditionalGeneration(TldrBartConfig(**BART_SIZES | fields))
        if "growth" in fields
        else BartForConditionalGeneration(BartConfig(**BART_SIZES | fields))
    )
    draw_norms(network)
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):
            parameter.data.normal_(std=0.2)
    for module in network.modules():
        if isinstance(module, DendriticLinear):
            nn.init.normal_(module.dendrite_to_output)
    network.set_attn_implementation("eager")
    return network.eval()


def build_biased() -> PreTrainedModel:
    """Build one whose logits have a bias, as some converted checkpoints have."""
    network = build_bart()
    network.final_logits_bias.normal_()
    return network


NETWORKS = {
    "plain": build_bart,
    "scaled embeddings, relu": lambda: build_bart(scale_embedding=True, activation_function="relu"),
    "bias of logits": build_biased,
    "untied": lambda: build_bart(tie_word_embeddings=False),
    "grown": lambda: build_bart(growth=BART_GROWTH, dendrite_activation="tanh"),
    "narrow decoder": lambda: build_bart(growth={}, dec_d_model=24, dec_d_kv=8, decoder_attention_heads=4),
    "fewer heads": lambda: build_bart(
        growth={}, enc_d_kv=8, dec_d_kv=16, encoder_attention_heads=3, decoder_attention_heads=1
    ),
}


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("chunk", [1, 2000, 1 << 19])
def test_loss_and_gradients_are_hugging_faces(kind: str, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the network and however attention is cut into chunks, nothing that is learned changes."""
    monkeypatch.setattr(layout, "_CHUNK", chunk)
    network = NETWORKS[kind]()
    sources, targets = draw_rows(7, 30), draw_rows(7, 12)[::-1]
    reference = compute_reference(network, sources, targets, 0.1)
    packed = pack(network)(sources, targets, 0.1)
    expected, gradients = collect_gradients(network, reference), collect_gradients(network, packed)

    torch.testing.assert_close(packed, reference, rtol=1e-5, atol=0)
    assert gradients.keys() == expected.keys()
    largest = max(float(gradient.abs().max()) for gradient in expected.values())
    for name, gradient in gradients.items():
        # A bias of keys moves all scores of a query alike: its gradient is rounding, in either way.
        scale = largest if name.endswith("k_proj.bias") else float(expected[name].abs().max()) + 1e-3
        torch.testing.assert_close(gradient / scale, expected[name] / scale, rtol=0, atol=2e-5, msg=name)


def test_bf16_stays_close() -> None:
    """In bf16 the loss differs by less than the eight bits that its products have."""
    network = build_bart()
    rows = draw_rows(7, 30), draw_rows(7, 12)
    exact, rounded = (pack(network, dtype)(*rows) for dtype in (torch.float32, torch.bfloat16))

    assert abs(rounded - exact) / exact < 2**-8
    rounded.backward()
    assert all(p.grad is None or p.grad.dtype == torch.float32 for p in network.parameters())


@pytest.mark.parametrize("place", range(3))
def test_each_place_has_dropout_of_its_own(place: int) -> None:
    """Hidden states, attention and activations drop out by their own rates, in training alone."""
    rates = tuple(0.5 if place == other else 0.0 for other in range(3))
    network, dropout = build_bart(), Dropout.build(rates, 1, torch.float32)
    assert dropout is not None
    loss = pack(network, torch.float32, dropout)
    rows = draw_rows(5, 20), draw_rows(5, 9)
    still = loss(*rows).item()
    network.train()
    drawn = []
    for step in (0, 0, 1):
        dropout.restart(step, 0)
        drawn.append(loss(*rows).item())

    assert still == pack(network.eval())(*rows).item()
    assert drawn[0] == drawn[1] != still
    assert drawn[2] != drawn[0]


def test_dropout_masks_the_gradient_as_the_value() -> None:
    """The directional derivative of the loss under fixed masks is what the gradient says."""
    network = build_bart().double().train()
    dropout = Dropout.build((0.3, 0.2, 0.1), 1, torch.float64)
    assert dropout is not None
    loss = pack(network, torch.float64, dropout)
    rows = draw_rows(5, 20), draw_rows(5, 9)

    def compute() -> Tensor:
        dropout.restart(0, 0)
        return loss(*rows)

    compute().backward()
    for name, parameter in network.named_parameters():
        direction = torch.randn_like(parameter)
        with torch.no_grad():
            parameter.add_(direction, alpha=1e-8)
            above = float(compute())
            parameter.sub_(direction, alpha=2e-8)
            below = float(compute())
            parameter.add_(direction, alpha=1e-8)
        expected = (above - below) / 2e-8

        assert float((parameter.grad * direction).sum()) == pytest.approx(expected, rel=1e-4, abs=1e-3), name


def test_layers_left_out_at_random_are_not_packed() -> None:
    """A BART trained with layer dropout goes through its own forward pass."""
    assert draw_packable(build_bart()) is not None
    assert draw_packable(build_bart(decoder_layerdrop=0.1)) is None
