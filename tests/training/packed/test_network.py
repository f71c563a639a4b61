"""Packed training against Hugging Face's own forward pass, on networks of every kind."""

import copy
from functools import partial

import pytest
import torch
from torch import Tensor

from tests.networks import KIN, build_kin, build_t5
from tests.training.packed.references import (
    NETWORKS,
    build_bart,
    collect_gradients,
    compute_reference,
    draw_rows,
    pack,
)
from tldrkit.datasets.batches import Tokens, collate
from tldrkit.families.anatomy import draw_packable
from tldrkit.training.packed import layout
from tldrkit.training.packed.dropout import Dropout

FAMILIES = {"T5": build_t5, "BART": build_bart, **{family: partial(build_kin, family) for family in KIN}}
"""A plain network of each."""


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("chunk", [1, 2000, 1 << 19])
def test_loss_and_gradients_are_hugging_faces(kind: str, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the network and however attention is cut into chunks, nothing that is learned changes."""
    monkeypatch.setattr(layout, "_CHUNK", chunk)
    network = NETWORKS[kind]().eval()
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


@pytest.mark.parametrize("kind", NETWORKS)
def test_what_is_read_and_written_is_hugging_faces(kind: str) -> None:
    """Hidden states behind the encoder, and logits, of every token."""
    network = NETWORKS[kind]().eval()
    sources, targets = draw_rows(5, 30), draw_rows(5, 12)
    batch = collate([Tokens(*row) for row in zip(sources, targets, strict=True)], 0)
    with torch.no_grad():
        whole = network(
            input_ids=batch.source, attention_mask=batch.mask,
            decoder_input_ids=network.prepare_decoder_input_ids_from_labels(batch.labels),
        )  # fmt: skip
        read, logits = pack(network).encode(sources), pack(network).compute_logits(sources, targets)

    expected = whole.encoder_last_hidden_state[batch.mask.bool()]
    torch.testing.assert_close(read, expected, rtol=0, atol=1e-5 * float(expected.abs().max()))
    expected = whole.logits[batch.labels >= 0]
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-5 * float(expected.abs().max()))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("rates", [(0.5, 0, 0), (0, 0.5, 0), (0, 0, 0.5), (0.5, 0.5, 0.5)])
def test_each_place_has_dropout_of_its_own(family: str, rates: tuple[float, float, float]) -> None:
    """Hidden states, attention and activations drop out by their own rates, in training alone.

    A step has its own masks, the same ones each time.
    """
    network, dropout = FAMILIES[family](), Dropout.build(rates, 1, torch.float32)
    assert dropout is not None
    loss = pack(network, dropout=dropout)
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


@pytest.mark.parametrize("family", FAMILIES)
def test_bf16_stays_close(family: str) -> None:
    """In bf16 the loss differs by less than the eight bits that its products have."""
    network, rows = FAMILIES[family]().eval(), (draw_rows(7, 30), draw_rows(7, 12))
    exact, rounded = (pack(network, dtype)(*rows) for dtype in (torch.float32, torch.bfloat16))

    assert abs(rounded - exact) / exact < 2**-8
    rounded.backward()
    assert all(p.grad is None or p.grad.dtype == torch.float32 for p in network.parameters())


@pytest.mark.parametrize(
    ("family", "rates", "near"), [("T5", (0.3, 0.3, 0.3), 1e-4), ("BART", (0.3, 0.2, 0.1), 1e-3)]
)
def test_dropout_masks_the_gradient_as_the_value(
    family: str, rates: tuple[float, float, float], near: float
) -> None:
    """The directional derivative of the loss under fixed masks is what the gradient says."""
    network, dropout = FAMILIES[family]().double().train(), Dropout.build(rates, 1, torch.float64)
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

        assert float((parameter.grad * direction).sum()) == pytest.approx(expected, rel=1e-4, abs=near), name


def test_a_copy_computes_the_same() -> None:
    """Converted weights belong to one network: a deep copy trained on does not disturb the first."""
    network = build_t5().eval()
    rows = draw_rows(3, 9), draw_rows(3, 5)
    first = pack(network, torch.bfloat16)
    before = first(*rows).item()
    other = copy.deepcopy(network)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.mul_(0.5)

    assert pack(other, torch.bfloat16)(*rows).item() != before
    assert first(*rows).item() == before


def test_layers_left_out_at_random_are_not_packed() -> None:
    """A BART trained with layer dropout goes through its own forward pass."""
    assert draw_packable(build_bart()) is not None
    assert draw_packable(build_bart(decoder_layerdrop=0.1)) is None
