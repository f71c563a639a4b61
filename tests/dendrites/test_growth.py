import torch
from transformers import T5ForConditionalGeneration

from tldrkit.dendrites.growth import FixedShape


def test_a_fixed_shape_changes_nothing(tiny_t5: T5ForConditionalGeneration) -> None:
    """Without dendrites the network goes through untouched, with nothing to log and nothing to rebuild."""
    policy = FixedShape()
    policy.use_optimizer(torch.optim.AdamW(tiny_t5.parameters()))
    growth = policy.after_validation(policy.attach(tiny_t5), 0.3)
    assert growth.network is tiny_t5
    assert not growth.restructured
    assert not growth.finished
    assert growth.event == {}


def test_a_fixed_shape_detaches_a_copy(tiny_t5: T5ForConditionalGeneration) -> None:
    """The deployed network is equal, ready to use, and shares no memory with the one in training."""
    deployed = FixedShape().detach(tiny_t5.train())
    held = {parameter.data_ptr() for parameter in tiny_t5.parameters()}
    assert not deployed.training
    assert tiny_t5.training
    assert all(parameter.data_ptr() not in held for parameter in deployed.parameters())
    assert all(torch.equal(a, b) for a, b in zip(deployed.parameters(), tiny_t5.parameters(), strict=True))


def test_a_fixed_shape_counts_tied_weights_once(tiny_t5: T5ForConditionalGeneration) -> None:
    """The shared embedding is one table, however many names it has."""
    tied = sum(tensor.numel() for tensor in tiny_t5.state_dict().values()) - 3 * tiny_t5.shared.weight.numel()
    assert FixedShape().count_deployed(tiny_t5) == tied
