from pathlib import Path

import pytest
from torch import nn
from transformers import BartConfig, BartForConditionalGeneration, T5Config, T5ForConditionalGeneration

from tldrkit.families.footprint import PARTS, compute_bytes, count_by_part, count_parameters

T5 = T5Config(vocab_size=50, d_model=8, d_kv=4, d_ff=16, num_layers=1, num_heads=2)
BART = BartConfig(
    vocab_size=50, d_model=8, encoder_layers=1, decoder_layers=1, encoder_ffn_dim=16, decoder_ffn_dim=16,
    encoder_attention_heads=2, decoder_attention_heads=2, max_position_embeddings=10,
)  # fmt: skip


@pytest.mark.parametrize(
    ("network", "embeddings"),
    [(T5ForConditionalGeneration(T5), 400), (BartForConditionalGeneration(BART), 400 + 2 * 12 * 8)],
)
def test_tied_embeddings_count_once(network: nn.Module, embeddings: int) -> None:
    """A tied table is one table; the parts add up to the whole; a tied head weighs nothing."""
    parts = count_by_part(network)
    assert tuple(parts) == PARTS
    assert parts["embeddings"] == embeddings
    assert parts["head"] == parts["dendrites"] == 0
    assert sum(parts.values()) == count_parameters(network)


def test_an_untied_head_counts() -> None:
    """A head of its own is deployed, so it counts."""
    network = T5ForConditionalGeneration(T5)
    tied = count_parameters(network)
    network.lm_head.weight = nn.Parameter(network.lm_head.weight.detach().clone())
    assert count_by_part(network)["head"] == 400
    assert count_parameters(network) == tied + 400


def test_dendrites_are_a_part_of_their_own() -> None:
    """What dendrites add is counted apart from the layer they grow on."""
    network = nn.ModuleDict({"decoder": nn.Linear(3, 3, bias=False)})
    network["decoder"].register_parameter("dendrite_weight", nn.Parameter(nn.Linear(3, 3).weight.detach()))
    assert count_by_part(network) == {"embeddings": 0, "encoder": 0, "decoder": 9, "dendrites": 9, "head": 0}


def test_bytes_are_those_of_the_weights(tmp_path: Path) -> None:
    """Only safetensors files weigh; all of them do."""
    for name, size in {"model-1.safetensors": 10, "model-2.safetensors": 5, "config.json": 99}.items():
        (tmp_path / name).write_bytes(bytes(size))
    assert compute_bytes(tmp_path) == 15
