import copy
import os
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import (
    AutoTokenizer,
    BartConfig,
    BartForConditionalGeneration,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from tests.networks import TEXTS, VOCAB, build_t5
from tldrkit.compression.vocabulary import keep_pieces, measure_coverage, trim_by_use, trim_tokenizer
from tldrkit.errors import CompressionError
from tldrkit.families.summarizer import Summarizer, load_summarizer, save_summarizer

REAL = Path(os.environ.get("TLDRKIT_TEST_TOKENIZER", Path(__file__).parents[2] / "../shared/tokenizer-t5"))


@pytest.fixture
def unigram() -> PreTrainedTokenizerFast:
    """A unigram tokenizer in the manner of T5's: special tokens first, one added at the end."""
    letters = [("▁", -4.0), *((letter, -5.0) for letter in "abcdefghijklmnopqrstuvwxyz?,:")]
    words = [("▁the", -2.0), ("▁cat", -3.0), ("at", -3.5), ("▁deposit", -3.0), ("ç", -6.0), ("éa", -6.0)]
    vocab = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *letters, *words, ("<extra_id_0>", 0.0)]
    tokenizer = Tokenizer(models.Unigram(vocab, unk_id=2))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens(["<pad>", "</s>", "<unk>", "<extra_id_0>"])
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )


def read_back(tokenizer: PreTrainedTokenizerFast, text: str) -> str:
    return tokenizer.decode(tokenizer(text).input_ids, skip_special_tokens=True)


def test_used_pieces_stay_and_every_letter(unigram: PreTrainedTokenizerFast) -> None:
    """Of the words the used ones are kept; letters stay, and the only token that holds a letter."""
    trimmed = trim_tokenizer(unigram, len(unigram) - 2, ["the cat the cat"])
    tokens = trimmed.tokenizer.get_vocab()

    assert {"▁the", "▁cat", "a", "z", "ç", "éa", "<extra_id_0>"} <= tokens.keys()
    assert not {"▁deposit", "at"} & tokens.keys()
    assert read_back(trimmed.tokenizer, "the deposit, at?") == "the deposit, at?"
    assert trimmed.tokenizer("the").input_ids[-1] == trimmed.tokenizer.eos_token_id
    assert [unigram.convert_ids_to_tokens(old) for old in trimmed.kept] == sorted(tokens, key=tokens.get)


def test_a_merged_piece_stays_with_its_parts(tiny_tokenizer: PreTrainedTokenizerFast) -> None:
    """Byte-level BPE keeps what its tokens are merged from, so the kept ones can be reached."""
    trimmed = trim_tokenizer(tiny_tokenizer, 290, ["the cat sat on the mat"] * 5)
    tokens = trimmed.tokenizer.tokenize("the cat")

    assert len(trimmed.tokenizer) == len(trimmed.kept) == 290
    assert tokens == tiny_tokenizer.tokenize("the cat")


@given(text=st.text(max_size=40))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_bytes_write_anything(tiny_tokenizer: PreTrainedTokenizerFast, text: str) -> None:
    """What byte-level BPE reads back it reads back without its rare tokens too."""
    trimmed = trim_tokenizer(tiny_tokenizer, 270, TEXTS).tokenizer

    assert read_back(trimmed, text) == read_back(tiny_tokenizer, text)


def test_the_rest_computes_as_before(tiny_summarizer: Summarizer, tmp_path: Path) -> None:
    """Logits of the kept tokens are those they had, and the smaller model is saved and loaded whole."""
    network, tokenizer = tiny_summarizer.network, tiny_summarizer.tokenizer
    trimmed = trim_tokenizer(tokenizer, 300, TEXTS)
    ids = trimmed.tokenizer("the cat", return_tensors="pt").input_ids
    old = torch.tensor([[trimmed.kept[token] for token in ids[0]]])
    before = network(input_ids=old, labels=old).logits[..., trimmed.kept]
    assert trim_by_use(tiny_summarizer, 300, TEXTS, ()) == {"before": len(tokenizer), "after": 300}
    after = network(input_ids=ids, labels=ids).logits

    torch.testing.assert_close(after, before, atol=1e-5, rtol=0)
    assert network.config.vocab_size == 300
    assert network.lm_head.weight is network.shared.weight
    save_summarizer(tiny_summarizer, tmp_path)
    loaded = load_summarizer(tmp_path)
    assert torch.equal(loaded.network(input_ids=ids, labels=ids).logits, after)
    assert loaded.tokenizer("the cat").input_ids == ids[0].tolist()


def test_barts_special_pieces_keep_their_meaning(tiny_bart: PreTrainedModel) -> None:
    """Numbers in the configs follow their tokens, and the head's bias too."""
    keep_pieces(tiny_bart, [1, 0, *range(2, 200)])

    assert (tiny_bart.config.pad_token_id, tiny_bart.config.eos_token_id) == (1, 0)
    assert tiny_bart.generation_config.decoder_start_token_id == 0
    assert tiny_bart.final_logits_bias.shape == (1, 200)
    assert tiny_bart.generate(input_ids=torch.tensor([[5, 6, 0]]), max_new_tokens=3).shape[0] == 1


def test_tables_of_other_things_stay_whole() -> None:
    """A feed-forward or a table of positions with as many rows as there are tokens is no vocabulary."""
    t5 = build_t5(d_ff=VOCAB)
    keep_pieces(t5, range(200))
    assert t5(input_ids=torch.tensor([[5, 6]]), labels=torch.tensor([[7]])).logits.shape[-1] == 200
    bart = BartForConditionalGeneration(BartConfig(
        vocab_size=66, max_position_embeddings=64, d_model=8, encoder_layers=1, decoder_layers=1,
        encoder_ffn_dim=66, decoder_ffn_dim=8, encoder_attention_heads=2, decoder_attention_heads=2,
    ))  # fmt: skip
    keep_pieces(bart, range(60))
    assert len(bart.model.encoder.embed_positions.weight) == 66  # positions begin at 2
    assert len(bart.model.shared.weight) == 60


def test_what_stands_around_a_text_is_renumbered(tiny_tokenizer: PreTrainedTokenizerFast) -> None:
    """RoBERTa's and BART's post-processor writes the new numbers."""
    tokenizer = copy.deepcopy(tiny_tokenizer)
    words = {token: number for token, number in tokenizer.get_vocab().items() if token.startswith("\u0120")}
    end, last = max(words.items(), key=lambda word: word[1])
    tokenizer.backend_tokenizer.post_processor = processors.RobertaProcessing((end, last), ("<pad>", 0))
    trimmed = trim_tokenizer(tokenizer, 280, [end[1:]] * 9).tokenizer

    assert trimmed.convert_ids_to_tokens(trimmed("the").input_ids[-1]) == end
    assert trimmed("the").input_ids[-1] < 280


def test_too_few_pieces_are_refused(tiny_tokenizer: PreTrainedTokenizerFast) -> None:
    """Bytes and special tokens are the least."""
    with pytest.raises(CompressionError, match="that alone needs 259"):
        trim_tokenizer(tiny_tokenizer, 100, TEXTS)


def test_other_kinds_are_refused() -> None:
    """A tokenizer that is no unigram or BPE is named."""
    words = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel({"<unk>": 0, "a": 1}, unk_token="<unk>")),
        unk_token="<unk>",
    )
    with pytest.raises(CompressionError, match="WordLevel"):
        trim_tokenizer(words, 1, ["a"])


def test_losses_are_told(unigram: PreTrainedTokenizerFast) -> None:
    """Coverage counts changed texts, unknown tokens and how much longer texts become."""
    trimmed = trim_tokenizer(unigram, len(unigram) - 3, ["the"]).tokenizer
    found = measure_coverage(unigram, trimmed, ["the cat", "the", "über"])

    assert found["changed"] == 0
    assert found["unknown_before"] > 0
    assert found["longer"] > 1


@pytest.mark.skipif(not REAL.is_dir(), reason=f"there is no tokenizer at {REAL}")
def test_t5s_own_tokenizer_is_trimmed(tmp_path: Path) -> None:
    """A quarter of T5's tokens reads English back as all of them do, and is loaded as it was saved."""
    full = AutoTokenizer.from_pretrained(REAL)
    trimmed = trim_tokenizer(full, 8000, TEXTS).tokenizer
    texts = [*TEXTS, "Unusual words: zygote, quixotic — naïve café, 3.14 % of £5!", "<extra_id_5> </s>"]
    trimmed.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)

    found = measure_coverage(full, trimmed, texts)
    assert found["changed"] == 0
    assert found["unknown_after"] <= found["unknown_before"]
    assert loaded(texts).input_ids == trimmed(texts).input_ids
    assert len(loaded) == 8000
    assert sorted(loaded.all_special_tokens) == sorted(full.all_special_tokens)
