from pathlib import Path

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from tldrkit.bases.scratch import build_base, build_tokenizer
from tldrkit.families.summarizer import load_summarizer, save_summarizer
from tldrkit.specs import BaseSpec

TEXTS = ["the cat sat on the mat", "the dog sat on the log", "naïve café ☕"] * 5
SMALL = {"vocab_size": 300, "d_model": 16, "d_kv": 4, "num_heads": 2, "d_ff": 24}
TOKENIZER = build_tokenizer(TEXTS, 300)


@given(st.text())
@example("ends </s> not <pad> here <unk>")
def test_any_text_comes_back(text: str) -> None:
    """Byte-level tokens write and read every text, with nothing unknown, and end it with </s>."""
    ids = TOKENIZER(text).input_ids
    assert ids[-1] == 1
    assert not {0, 2} & set(ids)
    assert TOKENIZER.decode(ids[:-1], clean_up_tokenization_spaces=False) == text


def test_a_word_is_the_same_token_wherever_it_stands() -> None:
    """A name at the head of a text or line is the tokens that it is within a line."""
    tokenizer = build_tokenizer(["so says Ada", "Ada: yes\n\nAda: no"] * 9, 300)
    ada = tokenizer("x Ada").input_ids[len(tokenizer("x").input_ids) - 1 : -1]
    for text in ("Ada: x", "x\nAda: x", "x\n\nAda", "so Ada says"):
        ids = tokenizer(text).input_ids
        assert any(ids[at : at + len(ada)] == ada for at in range(len(ids)))


def test_a_base_begins_with_what_copying_needs() -> None:
    """Cross-attention adds what it attends to; one head looks a token back, one ahead; layers add little."""
    spec = BaseSpec(vocab_size=300, d_model=32, d_kv=8, num_heads=4, d_ff=48, copy_steps=1)
    network = build_base(spec, TEXTS).network
    for block in network.decoder.block:
        cross = block.layer[1].EncDecAttention
        torch.testing.assert_close(cross.o.weight @ cross.v.weight, 0.3 * torch.eye(32))
    attention = network.encoder.block[0].layer[0].SelfAttention
    bias = attention.compute_bias(9, 9)[0].detach()
    assert bias[0, 5].argmax() == 4
    assert bias[1, 5].argmax() == 6
    assert bias[2, 5, 6] > bias[2, 5, 8] > bias[2, 5, 3]
    assert bias[3, 5, 4] > bias[3, 5, 0] > bias[3, 5, 7]
    assert network.encoder.block[0].layer[1].DenseReluDense.wo.weight.std() < 0.1 * 48**-0.5 * 1.2


def test_same_texts_same_bytes(tmp_path: Path) -> None:
    """The tokenizer depends on its texts alone."""
    for name in ("first", "again"):
        build_tokenizer(TEXTS, 300).save_pretrained(tmp_path / name)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_the_tokenizer_loads_anywhere(tmp_path: Path) -> None:
    """AutoTokenizer brings the same tokens and marks back, beside a T5 config too."""
    save_summarizer(build_base(BaseSpec(**SMALL), TEXTS), tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    for text in ("the cat ☕", "<pad> </s>"):
        assert tokenizer(text).input_ids == TOKENIZER(text).input_ids
    assert (tokenizer.pad_token_id, tokenizer.eos_token_id, tokenizer.unk_token_id) == (0, 1, 2)


def test_same_seed_same_weights() -> None:
    """The seed alone decides the weights, and the global random state is left alone."""
    state = torch.get_rng_state()
    first, again, other = (build_base(BaseSpec(**SMALL, seed=seed), TEXTS).network for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    assert not torch.equal(first.shared.weight, other.shared.weight)


@pytest.mark.parametrize(("dropout", "rate"), [(None, 0.1), (0.0, 0.0), (0.3, 0.3)])
def test_dropout_is_what_was_asked(dropout: float | None, rate: float) -> None:
    """No dropout given means T5's 0.1; zero means zero."""
    assert build_base(BaseSpec(**SMALL, dropout=dropout), TEXTS).network.config.dropout_rate == rate


@pytest.mark.parametrize(("encoder", "decoder"), [(2, 2), (3, 1), (1, 3)])
def test_a_base_generates(tmp_path: Path, encoder: int, decoder: int) -> None:
    """A base of any depth generates within its limit, before and after saving."""
    spec = BaseSpec(**SMALL, enc_num_layers=encoder, dec_num_layers=decoder, max_target_tokens=6)
    base = build_base(spec, TEXTS)
    assert (len(base.network.encoder.block), len(base.network.decoder.block)) == (encoder, decoder)
    save_summarizer(base, tmp_path)
    inputs = base.tokenizer(["the cat"], return_tensors="pt")
    tokens = base.network.generate(inputs.input_ids)
    assert tokens.shape[1] <= 7
    assert torch.equal(load_summarizer(tmp_path).network.generate(inputs.input_ids), tokens)
