import pytest
import torch
from transformers import PreTrainedModel

from tests.training.packed.references import build_bart
from tldrkit.compression.calibration import CalibrationExample
from tldrkit.compression.heads import measure_heads, narrow_attentions
from tldrkit.families.anatomy import find_blueprint
from tldrkit.families.blueprint import AttentionPaths

Batch = dict[str, torch.Tensor]
WIDTH = 8


@pytest.fixture(params=["tiny_t5", "tiny_flan", "tiny_bart"])
def network(request: pytest.FixtureRequest) -> PreTrainedModel:
    """T5 of both kinds, and BART with biases that count."""
    network: PreTrainedModel = request.getfixturevalue(request.param)
    for name, parameter in network.named_parameters():
        if name.endswith("proj.bias"):
            parameter.data.normal_(std=0.2, generator=torch.Generator().manual_seed(len(name)))
    return network


@pytest.fixture
def examples() -> list[CalibrationExample]:
    """Random documents with summaries."""
    ids = torch.randint(3, 320, (4, 2, 1, 20), generator=torch.Generator().manual_seed(2))
    return [CalibrationExample(document, summary) for document, summary in ids]


def silence(network: PreTrainedModel, attention: AttentionPaths, head: int) -> None:
    writer = network.get_submodule(attention.out)
    writer.weight.data[:, head * WIDTH : (head + 1) * WIDTH] = 0


def test_heads_that_write_nothing_go_first(
    network: PreTrainedModel, examples: list[CalibrationExample], tiny_batch: Batch
) -> None:
    """Taking away exactly the heads that never matter changes nothing: their position biases go with them."""
    encoder, decoder = find_blueprint(network).sides
    for layer in encoder.layers:
        silence(network, layer.own, 1)
    for number, layer in enumerate(decoder.layers):
        silence(network, layer.own, 2)
        silence(network, layer.cross, number)  # cross-attentions have no bias to share
    before = network(**tiny_batch).logits
    narrowed = narrow_attentions(network, 3, examples)

    torch.testing.assert_close(narrowed(**tiny_batch).logits, before, atol=1e-5, rtol=0)
    assert [(side.heads, side.head_width) for side in find_blueprint(narrowed).sides] == [(3, WIDTH)] * 2
    assert torch.equal(network(**tiny_batch).logits, before)


def test_heads_that_share_a_bias_are_kept_together(
    network: PreTrainedModel, examples: list[CalibrationExample]
) -> None:
    """T5's self-attentions of a side keep the same heads, since they share the first one's bias by head."""
    narrowed = narrow_attentions(network, 2, examples)
    encoder = find_blueprint(network).encoder
    kept = []
    for layer in encoder.layers:
        before, after = (one.get_submodule(layer.own.query).weight for one in (network, narrowed))
        heads = before.view(4, WIDTH, -1)
        kept.append(
            [next(h for h in range(4) if torch.equal(heads[h], one)) for one in after.view(2, WIDTH, -1)]
        )

    assert (len({tuple(heads) for heads in kept}) == 1) == bool(encoder.bias)


def test_importance_counts_use_and_effect(
    network: PreTrainedModel, examples: list[CalibrationExample]
) -> None:
    """Importances are shares; what writes nothing has none."""
    side = find_blueprint(network).decoder
    attention = side.layers[1].cross
    assert attention
    silence(network, attention, 3)
    (importance,) = measure_heads(network, [(side, attention)], examples)

    assert importance.sum().item() == pytest.approx(1.0)
    assert importance[3] == 0
    assert (importance[:3] > 0).all()


def test_fewer_heads_still_write(
    network: PreTrainedModel, examples: list[CalibrationExample], tiny_batch: Batch
) -> None:
    """With and without its cache a network of fewer heads writes the same."""
    network = narrow_attentions(network, 1, examples)
    asked = {"input_ids": tiny_batch["input_ids"], "max_new_tokens": 6, "num_beams": 4}

    assert torch.equal(network.generate(**asked), network.generate(**asked, use_cache=False))


def test_sides_may_have_heads_of_their_own(examples: list[CalibrationExample], tiny_batch: Batch) -> None:
    """A BART whose decoder has few wide heads keeps them while its encoder's go; numbers need not divide."""
    network = build_bart(encoder_attention_heads=4, decoder_attention_heads=2)
    narrowed = narrow_attentions(network, 3, examples)
    sides = find_blueprint(narrowed).sides

    assert [(side.heads, side.head_width) for side in sides] == [(3, 8), (2, 16)]
    decoder = [(a, b) for a, b in both(network, narrowed) if a.startswith("model.decoder")]
    assert decoder
    assert all(torch.equal(network.get_parameter(a), b) for a, b in decoder)
    assert narrowed(**tiny_batch).logits.isfinite().all()


def both(network: PreTrainedModel, other: PreTrainedModel) -> list[tuple[str, torch.Tensor]]:
    return [(name, other.get_parameter(name)) for name, _ in network.named_parameters()]
