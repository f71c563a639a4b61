"""Packed training against Hugging Face's own forward pass, on networks of every kind."""

import copy
import random

import pytest
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from tests.networks import VOCAB, build_t5
from tldrkit.datasets.batches import IGNORED, Tokens, collate
from tldrkit.dendrites.perforated import read_linear
from tldrkit.families.anatomy import find_blueprint
from tldrkit.families.hub_code.configuration_tldr import TldrT5Config
from tldrkit.families.hub_code.dendritic_linear import DendriticLinear
from tldrkit.families.hub_code.modeling_tldr import TldrT5ForConditionalGeneration
from tldrkit.training.packed import layout
from tldrkit.training.packed.dropout import Dropout
from tldrkit.training.packed.linear import Trained
from tldrkit.training.packed.network import PackedNetwork

Rows = list[list[int]]
GROWTH = {
    "encoder.block.0.layer.0.SelfAttention.k": 1,
    "decoder.block.1.layer.2.DenseReluDense.wi": 2,
    "decoder.block.0.layer.2.DenseReluDense.wo": 1,
}


def build_ours(**fields: object) -> PreTrainedModel:
    """Build an asymmetric or grown T5 whose dendrites take part."""
    torch.manual_seed(0)
    config = TldrT5Config(
        vocab_size=VOCAB, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_decoder_layers=3, num_heads=4,
        decoder_start_token_id=0, **fields,
    )  # fmt: skip
    network = TldrT5ForConditionalGeneration(config)
    network.shared.weight.data.mul_(0.1)  # else attention saturates, and rounding grows a thousandfold
    for module in network.modules():
        if isinstance(module, DendriticLinear):
            nn.init.normal_(module.dendrite_to_output)
    return network


NETWORKS = {
    "plain": build_t5,
    "gated": lambda: build_t5(feed_forward_proj="gated-gelu", tie_word_embeddings=False),
    "gelu": lambda: build_t5(feed_forward_proj="gelu"),
    "asymmetric": lambda: build_ours(dec_d_model=16),
    "grown": lambda: build_ours(growth=GROWTH, dendrite_activation="tanh"),
    "asymmetric and grown": lambda: build_ours(dec_d_model=16, growth=GROWTH),
}


def pack(
    network: PreTrainedModel, dtype: torch.dtype = torch.float32, dropout: Dropout | None = None
) -> PackedNetwork:
    """Run a network over packed tokens, by its blueprint."""
    return PackedNetwork(network, find_blueprint(network), Trained(read_linear), dtype, dropout)


def draw_rows(count: int, longest: int) -> Rows:
    """Draw rows of random lengths, shortest first."""
    generator = random.Random(count)
    lengths = sorted(generator.randrange(1, longest) for _ in range(count))
    return [[generator.randrange(3, VOCAB) for _ in range(length)] for length in lengths]


def compute_reference(network: PreTrainedModel, sources: Rows, targets: Rows, smoothing: float) -> Tensor:
    """Sum the loss the usual way, over padded tensors."""
    batch = collate([Tokens(*row) for row in zip(sources, targets, strict=True)], 0)
    logits = network(
        input_ids=batch.source,
        attention_mask=batch.mask,
        decoder_input_ids=network.prepare_decoder_input_ids_from_labels(batch.labels),
        use_cache=False,
    ).logits
    function = nn.CrossEntropyLoss(ignore_index=IGNORED, reduction="sum", label_smoothing=smoothing)
    return function(logits.flatten(0, 1), batch.labels.flatten())


def collect_gradients(network: PreTrainedModel, loss: Tensor) -> dict[str, Tensor]:
    """Collect the gradient of every parameter, and clear it."""
    loss.backward()
    gradients = {name: p.grad.clone() for name, p in network.named_parameters() if p.grad is not None}
    network.zero_grad()
    return gradients


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
    for name, gradient in gradients.items():
        scale = float(expected[name].abs().max()) + 1e-3
        torch.testing.assert_close(gradient / scale, expected[name] / scale, rtol=0, atol=2e-5, msg=name)


def test_bf16_stays_close() -> None:
    """In bf16 the loss differs by less than the eight bits that its products have."""
    network = build_t5().eval()
    rows = draw_rows(7, 30), draw_rows(7, 12)
    exact, rounded = (pack(network, dtype)(*rows) for dtype in (torch.float32, torch.bfloat16))

    assert abs(rounded - exact) / exact < 2**-8
    rounded.backward()
    assert all(p.grad is None or p.grad.dtype == torch.float32 for p in network.parameters())


def test_dropout_is_on_in_training_alone_and_everywhere() -> None:
    """In evaluation mode no mask is used; in training a step has its own, the same ones each time."""
    network, dropout = build_t5(), Dropout.build((0.5, 0.5, 0.5), 1, torch.float32)
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
    network, dropout = build_t5().double().train(), Dropout.build((0.3, 0.3, 0.3), 1, torch.float64)
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

        assert float((parameter.grad * direction).sum()) == pytest.approx(expected, rel=1e-4, abs=1e-4), name


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
