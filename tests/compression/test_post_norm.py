import pytest
import torch
from transformers import PreTrainedModel

from tests.training.packed.references import build_bart
from tldrkit.compression.calibration import CalibrationExample
from tldrkit.compression.post_norm import narrow_post_norm

Batch = dict[str, torch.Tensor]


@pytest.fixture
def network() -> PreTrainedModel:
    """BART whose biases and norms all take part."""
    return build_bart(decoder_attention_heads=4)


@pytest.fixture
def examples() -> list[CalibrationExample]:
    """Twelve random documents with summaries."""
    ids = torch.randint(3, 320, (12, 2, 1, 20), generator=torch.Generator().manual_seed(2))
    return [CalibrationExample(document, summary) for document, summary in ids]


def flatten_stream(network: PreTrainedModel, rank: int) -> None:
    """Confine the decoder's stream to ``rank`` directions without mean, and free its norms.

    The mean of embeddings stays, which their norm takes away.
    """
    drawn = torch.randn(32, rank, generator=torch.Generator().manual_seed(0))
    axes = torch.linalg.qr(drawn - drawn.mean(0)).Q
    projection = axes @ axes.T
    decoder = network.model.decoder
    for table in (network.model.shared, decoder.embed_positions):
        table.weight.data = table.weight.data @ projection + 0.3
    for name, parameter in decoder.named_parameters():
        if "norm" in name:
            parameter.data.fill_(float(name.endswith("weight")))
        elif ".out_proj." in name or ".fc2." in name:
            parameter.data = projection @ parameter.data


@pytest.mark.parametrize("rank", [23, 15])
def test_directions_that_are_not_used_cost_nothing(
    network: PreTrainedModel, examples: list[CalibrationExample], tiny_batch: Batch, rank: int
) -> None:
    """A decoder that uses so many directions computes the same in one more, which stands for the mean."""
    flatten_stream(network, rank)
    expected = network(**tiny_batch).logits
    narrowed = narrow_post_norm(network, rank + 1, examples)

    torch.testing.assert_close(narrowed.network(**tiny_batch).logits, expected, atol=1e-3, rtol=0)
    assert narrowed.variance_kept == pytest.approx(1.0)
    assert narrowed.network.model.decoder.layers[0].final_layer_norm.weight.shape == (rank + 1,)


def test_narrowing_twice_is_narrowing_once(
    network: PreTrainedModel, examples: list[CalibrationExample], tiny_batch: Batch
) -> None:
    """A narrow decoder can be narrowed again: the projections compose."""
    flatten_stream(network, 15)
    expected = network(**tiny_batch).logits
    twice = narrow_post_norm(narrow_post_norm(network, 24, examples).network, 16, examples).network

    torch.testing.assert_close(twice(**tiny_batch).logits, expected, atol=1e-3, rtol=0)
    assert twice.model.decoder.out_proj.weight.shape == (32, 16)


def test_features_that_follow_from_others_cost_nothing(
    network: PreTrainedModel, examples: list[CalibrationExample], tiny_batch: Batch
) -> None:
    """By importance: a feature that is always the same goes first, and readers take note of its value."""
    idle = 5
    for name, parameter in network.model.decoder.named_parameters():
        if "norm" in name:
            parameter.data[idle] = 0.0 if name.endswith("weight") else 0.7
    expected = network(**tiny_batch).logits
    narrowed = narrow_post_norm(network, 31, examples, "importance")
    error = (narrowed.network(**tiny_batch).logits - expected).norm() / expected.norm()

    assert narrowed.variance_kept == pytest.approx(1.0)
    assert error < 0.05  # norms no longer see it: no more than that is lost


@pytest.mark.parametrize("by", ["pca", "importance"])
def test_more_width_is_more_of_the_teacher(
    network: PreTrainedModel, examples: list[CalibrationExample], tiny_batch: Batch, by: str
) -> None:
    """The share of variance grows with the width, and the logits come nearer to the teacher's."""
    expected = network(**tiny_batch).logits
    narrowed = [narrow_post_norm(network, width, examples, by) for width in (8, 20, 31)]  # type: ignore[arg-type]
    shares = [result.variance_kept for result in narrowed]
    errors = [(result.network(**tiny_batch).logits - expected).norm().item() for result in narrowed]

    assert shares == sorted(shares)
    assert shares[-1] < 1
    assert errors == sorted(errors, reverse=True)
