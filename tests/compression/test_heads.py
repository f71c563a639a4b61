import pytest
import torch
from transformers import PreTrainedModel

from tldrkit.compression.calibration import CalibrationExample
from tldrkit.compression.heads import measure_importance, narrow_attentions

Batch = dict[str, torch.Tensor]
WIDTH = 8


@pytest.fixture(params=["tiny_t5", "tiny_flan"])
def network(request: pytest.FixtureRequest) -> PreTrainedModel:
    """T5 of both kinds."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def examples() -> list[CalibrationExample]:
    """Random documents with summaries."""
    ids = torch.randint(3, 320, (4, 2, 1, 20), generator=torch.Generator().manual_seed(2))
    return [CalibrationExample(document, summary) for document, summary in ids]


def silence(attention: object, head: int) -> None:
    attention.o.weight.data[:, head * WIDTH : (head + 1) * WIDTH] = 0


def test_heads_that_write_nothing_go_first(
    network: PreTrainedModel, examples: list[CalibrationExample], tiny_batch: Batch
) -> None:
    """Taking away exactly the heads that never matter changes nothing: their position biases go with them."""
    for block in network.encoder.block:
        silence(block.layer[0].SelfAttention, 1)
    for number, block in enumerate(network.decoder.block):
        silence(block.layer[0].SelfAttention, 2)
        silence(block.layer[1].EncDecAttention, number)  # cross-attentions have no bias to share
    before = network(**tiny_batch).logits
    narrow_attentions(network, 3, examples)

    torch.testing.assert_close(network(**tiny_batch).logits, before, atol=1e-5, rtol=0)
    assert network.config.num_heads == network.encoder.config.num_heads == 3
    assert network.encoder.block[0].layer[0].SelfAttention.relative_attention_bias.weight.shape[1] == 3


def test_self_attentions_of_a_side_keep_the_same_heads(
    network: PreTrainedModel, examples: list[CalibrationExample]
) -> None:
    """They share the bias of the first one, head by head."""
    queries = [block.layer[0].SelfAttention.q.weight.detach().clone() for block in network.encoder.block]
    narrow_attentions(network, 2, examples)
    kept = []
    for before, block in zip(queries, network.encoder.block, strict=True):
        after = block.layer[0].SelfAttention.q.weight.view(2, WIDTH, -1)
        heads = before.view(4, WIDTH, -1)
        kept.append([next(h for h in range(4) if torch.equal(heads[h], one)) for one in after])

    assert len({tuple(heads) for heads in kept}) == 1


def test_importance_counts_use_and_effect(
    network: PreTrainedModel, examples: list[CalibrationExample]
) -> None:
    """Importances are shares; what writes nothing has none."""
    attention = network.decoder.block[1].layer[1].EncDecAttention
    silence(attention, 3)
    (importance,) = measure_importance(network, [attention], examples)

    assert importance.sum().item() == pytest.approx(1.0)
    assert importance[3] == 0
    assert (importance[:3] > 0).all()


def test_fewer_heads_still_write(
    network: PreTrainedModel, examples: list[CalibrationExample], tiny_batch: Batch
) -> None:
    """With and without its cache a network of fewer heads writes the same."""
    narrow_attentions(network, 1, examples)
    asked = {"input_ids": tiny_batch["input_ids"], "max_new_tokens": 6, "num_beams": 4}

    assert torch.equal(network.generate(**asked), network.generate(**asked, use_cache=False))
