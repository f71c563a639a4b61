import copy
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import BartForConditionalGeneration, T5ForConditionalGeneration

from tldrkit.compression.layers import choose_layers, keep_layers

Batch = dict[str, torch.Tensor]


@pytest.mark.parametrize(
    ("present", "kept", "layers"),
    [(12, 6, [0, 2, 4, 7, 9, 11]), (12, 3, [0, 6, 11]), (12, 2, [0, 11]), (12, 1, [0]), (6, 4, [0, 2, 3, 5])],
)
def test_published_choices(present: int, kept: int, layers: list[int]) -> None:
    """The choices are those of Shleifer & Rush."""
    assert choose_layers(present, kept) == layers


@given(st.integers(1, 50).flatmap(lambda present: st.tuples(st.just(present), st.integers(1, present))))
def test_any_choice_is_spread_out(sizes: tuple[int, int]) -> None:
    """Layers are distinct, in order, from the first to the last, and no two gaps differ by more than one."""
    present, kept = sizes
    layers = choose_layers(present, kept)
    assert len(layers) == kept
    assert layers[0] == 0
    assert kept == 1 or layers[-1] == present - 1
    gaps = [after - before for before, after in pairwise(layers)]
    assert not gaps or (min(gaps) >= 1 and max(gaps) - min(gaps) <= 1)


@pytest.mark.parametrize("kept", [[0, 2, 3], [1, 3], [3]])
def test_t5_without_layers_is_t5_built_small(
    tiny_t5: T5ForConditionalGeneration, tiny_batch: Batch, kept: list[int]
) -> None:
    """Dropping decoder layers equals a T5 built with fewer, given the kept ones and the first one's bias."""
    config = copy.deepcopy(tiny_t5.config)
    config.num_decoder_layers = len(kept)
    reference = T5ForConditionalGeneration(config).eval()
    state = {
        name: value for name, value in tiny_t5.state_dict().items() if not name.startswith("decoder.block")
    }
    for new, old in enumerate(kept):
        for name, value in tiny_t5.decoder.block[old].state_dict().items():
            state[f"decoder.block.{new}.{name}"] = value
    bias = "layer.0.SelfAttention.relative_attention_bias.weight"
    state[f"decoder.block.0.{bias}"] = tiny_t5.decoder.block[0].state_dict()[bias]
    reference.load_state_dict(state)
    keep_layers(tiny_t5, "decoder", kept)
    assert torch.equal(tiny_t5(**tiny_batch).logits, reference(**tiny_batch).logits)
    assert tiny_t5.state_dict().keys() == reference.state_dict().keys()


@pytest.mark.parametrize("kept", [[0, 2, 3], [0, 3], [0]])
def test_bart_without_layers_is_bart_built_small(
    tiny_bart: BartForConditionalGeneration, tiny_batch: Batch, kept: list[int]
) -> None:
    """Dropping encoder layers equals a BART built with fewer, given the kept ones."""
    config = copy.deepcopy(tiny_bart.config)
    config.encoder_layers = len(kept)
    reference = BartForConditionalGeneration(config).eval()
    layers = "model.encoder.layers"
    state = {name: value for name, value in tiny_bart.state_dict().items() if not name.startswith(layers)}
    for new, old in enumerate(kept):
        for name, value in tiny_bart.model.encoder.layers[old].state_dict().items():
            state[f"{layers}.{new}.{name}"] = value
    reference.load_state_dict(state)
    keep_layers(tiny_bart, "encoder", kept)
    assert torch.equal(tiny_bart(**tiny_batch).logits, reference(**tiny_batch).logits)


@pytest.mark.parametrize("name", ["tiny_t5", "tiny_bart"])
def test_the_rest_generates_with_its_cache(
    name: str, request: pytest.FixtureRequest, tiny_batch: Batch
) -> None:
    """Layers are numbered anew, so growing, static and no cache give the same tokens."""
    network = request.getfixturevalue(name)
    keep_layers(network, "decoder", [0, 2, 3])
    ids = tiny_batch["input_ids"]
    cached = network.generate(ids, max_new_tokens=8, num_beams=2)
    for how in ({"use_cache": False}, {"cache_implementation": "static"}):
        assert torch.equal(network.generate(ids, max_new_tokens=8, num_beams=2, **how), cached)
