"""Packed training of the families beside T5 and BART against their stock classes."""

import pytest
import torch

from tests.networks import KIN, KIN_NETWORKS, build_kin
from tests.training.packed.test_t5 import collect_gradients, compute_reference, draw_rows, pack
from tldrkit.datasets.batches import Tokens, collate
from tldrkit.training.packed import layout
from tldrkit.training.packed.dropout import Dropout


@pytest.mark.parametrize("kind", KIN_NETWORKS)
def test_loss_and_gradients_are_hugging_faces(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the family, with dendrites or without, nothing that is learned changes."""
    monkeypatch.setattr(layout, "_CHUNK", 2000)
    network = KIN_NETWORKS[kind]()
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


@pytest.mark.parametrize("kind", KIN_NETWORKS)
def test_what_is_read_and_written_is_hugging_faces(kind: str) -> None:
    """Hidden states behind the encoder, and logits, of every token."""
    network = KIN_NETWORKS[kind]()
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


@pytest.mark.parametrize("family", KIN)
@pytest.mark.parametrize("place", range(3))
def test_each_place_has_dropout_of_its_own(family: str, place: int) -> None:
    """Hidden states, attention and activations drop out by their own rates, in training alone."""
    rates = tuple(0.5 if place == other else 0.0 for other in range(3))
    network, dropout = build_kin(family), Dropout.build(rates, 1, torch.float32)
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


@pytest.mark.parametrize("family", KIN)
def test_bf16_stays_close(family: str) -> None:
    """In bf16 the loss differs by less than the eight bits that its products have."""
    network, rows = build_kin(family), (draw_rows(7, 30), draw_rows(7, 12))
    exact, rounded = (pack(network, dtype)(*rows) for dtype in (torch.float32, torch.bfloat16))

    assert abs(rounded - exact) / exact < 2**-8
    rounded.backward()
    assert all(p.grad is None or p.grad.dtype == torch.float32 for p in network.parameters())
