import pytest
import torch
from transformers import PreTrainedModel

from tldrkit.compression.calibration import CalibrationExample
from tldrkit.compression.feed_forward import measure_neurons, narrow_feed_forwards, widen_feed_forwards
from tldrkit.families.anatomy import find_feed_forwards

Batch = dict[str, torch.Tensor]


@pytest.fixture(params=["tiny_t5", "tiny_flan", "tiny_bart"])
def network(request: pytest.FixtureRequest) -> PreTrainedModel:
    """Each family in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def examples() -> list[CalibrationExample]:
    """Enough random documents with summaries for every neuron to fire."""
    ids = torch.randint(3, 320, (8, 2, 1, 20), generator=torch.Generator().manual_seed(2))
    return [CalibrationExample(document, summary) for document, summary in ids]


def test_added_neurons_change_nothing(network: PreTrainedModel, tiny_batch: Batch) -> None:
    """A wider network gives the logits it gave before."""
    before = network(**tiny_batch).logits
    widen_feed_forwards(network, 80, seed=0)
    torch.testing.assert_close(network(**tiny_batch).logits, before, atol=1e-5, rtol=0)
    assert {feed_forward.width for feed_forward in find_feed_forwards(network)} == {80}


def test_added_neurons_learn(network: PreTrainedModel, tiny_batch: Batch) -> None:
    """Outgoing weights of added neurons get gradients that differ from neuron to neuron."""
    widen_feed_forwards(network, 80, seed=0)
    network(**tiny_batch).loss.backward()
    for feed_forward in find_feed_forwards(network):
        added = feed_forward.linear(feed_forward.writer).weight.grad[:, 48:]
        assert added.norm(dim=0).count_nonzero() > 16
        assert torch.unique(added, dim=1).shape[1] > 16


def test_neurons_that_write_nothing_go_first(
    network: PreTrainedModel, examples: list[CalibrationExample], tiny_batch: Batch
) -> None:
    """Taking away exactly the neurons that never matter changes nothing."""
    generator = torch.Generator().manual_seed(0)
    for feed_forward in find_feed_forwards(network):
        silent = torch.randperm(48, generator=generator)[:16]
        feed_forward.linear(feed_forward.writer).weight.data[:, silent] = 0
    before = network(**tiny_batch).logits
    narrow_feed_forwards(network, 32, examples)
    torch.testing.assert_close(network(**tiny_batch).logits, before, atol=1e-5, rtol=0)
    assert {feed_forward.width for feed_forward in find_feed_forwards(network)} == {32}


def test_importance_counts_use_and_effect(
    network: PreTrainedModel, examples: list[CalibrationExample]
) -> None:
    """Twice the outgoing weights are twice the importance; what never fires has none."""
    feed_forwards = find_feed_forwards(network)
    before = measure_neurons(network, feed_forwards, examples)[-1]
    last = feed_forwards[-1]
    last.linear(last.writer).weight.data[:, 3] *= 2
    last.linear(last.readers[0]).weight.data[5] = 0
    if last.linear(last.readers[0]).bias is not None:
        last.linear(last.readers[0]).bias.data[5] = 0
    after = measure_neurons(network, feed_forwards, examples)[-1]
    torch.testing.assert_close(after[3], 2 * before[3])
    assert after[5] == 0
