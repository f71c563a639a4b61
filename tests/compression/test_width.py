import pytest
import torch
from transformers import PreTrainedModel

from tldrkit.compression.calibration import CalibrationExample
from tldrkit.compression.width import compute_basis, narrow_decoder
from tldrkit.families.rebuilding import rebuild, resize

Batch = dict[str, torch.Tensor]


@pytest.fixture(params=["tiny_t5", "tiny_flan"])
def network(request: pytest.FixtureRequest) -> PreTrainedModel:
    """Each kind of T5 in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def examples() -> list[CalibrationExample]:
    """Six random documents with summaries."""
    generator = torch.Generator().manual_seed(2)
    ids = torch.randint(3, 320, (6, 2, 1, 9), generator=generator)
    return [CalibrationExample(document, summary) for document, summary in ids]


def flatten_stream(network: PreTrainedModel, rank: int) -> None:
    """Confine the decoder's residual stream to ``rank`` directions that no axis shows."""
    axes = torch.linalg.qr(torch.randn(32, rank, generator=torch.Generator().manual_seed(0))).Q
    projection = axes @ axes.T
    network.shared.weight.data @= projection
    for name, parameter in network.decoder.named_parameters():
        if name.endswith((".o.weight", ".wo.weight")):
            parameter.data = projection @ parameter.data


@pytest.mark.parametrize("rank", [24, 16])
def test_directions_that_are_not_used_cost_nothing(
    network: PreTrainedModel, examples: list[CalibrationExample], tiny_batch: Batch, rank: int
) -> None:
    """A decoder that uses only so many directions computes the same in that width."""
    flatten_stream(network, rank)
    narrowed = narrow_decoder(network, rank, examples)
    expected = network(**tiny_batch).logits
    torch.testing.assert_close(narrowed.network(**tiny_batch).logits, expected, atol=1e-4, rtol=0)
    assert narrowed.variance_kept == pytest.approx(1.0)
    assert narrowed.network.decoder.block[0].layer[2].layer_norm.weight.shape == (rank,)


def test_narrowing_twice_is_narrowing_once(
    network: PreTrainedModel, examples: list[CalibrationExample], tiny_batch: Batch
) -> None:
    """A narrow decoder can be narrowed again: the projections compose."""
    flatten_stream(network, 16)
    twice = narrow_decoder(narrow_decoder(network, 24, examples).network, 16, examples).network
    expected = network(**tiny_batch).logits
    torch.testing.assert_close(twice(**tiny_batch).logits, expected, atol=1e-4, rtol=0)
    assert twice.decoder.in_proj.weight.shape == (16, 32)


def test_more_width_is_more_of_the_teacher(
    network: PreTrainedModel, examples: list[CalibrationExample], tiny_batch: Batch
) -> None:
    """The share of variance grows with the width, and the logits come nearer to the teacher's."""
    expected = network(**tiny_batch).logits
    narrowed = [narrow_decoder(network, width, examples) for width in (8, 20, 31)]
    shares = [result.variance_kept for result in narrowed]
    errors = [(result.network(**tiny_batch).logits - expected).norm().item() for result in narrowed]
    assert shares == sorted(shares)
    assert shares[-1] < 1
    assert errors == sorted(errors, reverse=True)


def test_a_basis_is_orthonormal_and_principal() -> None:
    """The directions are the leading eigenvectors, with a fixed sign."""
    moment = torch.diag(torch.tensor([1.0, 5.0, 3.0], dtype=torch.float64))
    expected = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    torch.testing.assert_close(compute_basis(moment, 2), expected)


def test_rebuilding_keeps_everything(network: PreTrainedModel, tiny_batch: Batch) -> None:
    """The same weights in our class give the same logits, the head tied or of its own."""
    state = torch.get_rng_state()
    rebuilt = rebuild(network, *resize(network, ours=True), network.state_dict())
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(rebuilt(**tiny_batch).logits, network(**tiny_batch).logits)
    tied = network.lm_head.weight is network.shared.weight
    assert (rebuilt.lm_head.weight is rebuilt.shared.weight) == tied
