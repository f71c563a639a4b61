"""The vocabularies of BERT-like encoders, trimmed."""

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from tests.wordpiece import LETTERS, LONGER, SPECIAL, UNUSED, build_summarizer, build_tokenizer
from tldrkit.compression.vocabulary import trim_by_use, trim_tokenizer
from tldrkit.errors import CompressionError
from tldrkit.families.summarizer import load_summarizer, save_summarizer

TEXTS = ("The cat, the landlord", "walking? The CAT", "the landlord's cat")
WORDS = st.text("abc", min_size=1, max_size=8)


@pytest.fixture
def full() -> PreTrainedTokenizerFast:
    return build_tokenizer((*LETTERS, *LONGER))


def list_letters(word: str, prefix: str) -> set[str]:
    return {word[0], *(prefix + character for character in word[1:])}


def is_known(tokenizer: PreTrainedTokenizerFast, word: str) -> bool:
    return "[UNK]" not in tokenizer.tokenize(word)


def test_used_pieces_stay_and_every_letter(full: PreTrainedTokenizerFast) -> None:
    """Rare words are spelled; BERT's unused tokens go before all others, though their numbers are lower."""
    texts = [*TEXTS, "deposit"]
    trimmed = trim_tokenizer(full, len(full) - len(UNUSED) - 1, texts)
    tokens = trimmed.tokenizer.get_vocab()

    assert full.get_vocab().keys() - tokens.keys() == {*UNUSED, "##rd"}
    assert [full.convert_ids_to_tokens(old) for old in trimmed.kept] == sorted(tokens, key=tokens.get)
    assert trimmed.tokenizer.tokenize("The CAT walking") == ["the", "cat", "walk", "##ing"]
    assert trimmed.tokenizer.tokenize("card") == ["ca", "##r", "##d"]


@pytest.mark.parametrize("text", ["The card isn't theirs, is it?", "depositing", "\u4e2d cat"])
def test_text_comes_back_as_before(full: PreTrainedTokenizerFast, text: str) -> None:
    """The decoder still joins what was cut."""
    trimmed = trim_tokenizer(full, len(full) - 15, TEXTS).tokenizer
    before, after = (
        tokenizer.decode(tokenizer(text).input_ids, skip_special_tokens=True) for tokenizer in (full, trimmed)
    )

    assert after == before


@settings(deadline=None)
@given(st.data(), st.sampled_from(["##", "@"]))
def test_known_words_stay_known(data: st.DataObject, prefix: str) -> None:
    """In a vocabulary whose letters all have tokens, however few of the longer ones are kept."""
    tokens = data.draw(st.sets(st.tuples(st.sampled_from(["", prefix]), WORDS).map("".join)))
    words = [token for token in tokens if not token.startswith(prefix)]
    inside = {letter for token in tokens for letter in token.removeprefix(prefix)}
    letters = {*"".join(word[0] for word in words), *(prefix + letter for letter in inside)}
    full = build_tokenizer([*sorted(letters), *sorted(tokens - letters)], prefix)
    size = data.draw(st.integers(len(SPECIAL) + len(letters), len(full)))
    trimmed = trim_tokenizer(full, size, data.draw(st.lists(WORDS, min_size=1))).tokenizer
    word = data.draw(WORDS)

    assert len(trimmed) == size
    assert is_known(trimmed, word) == is_known(full, word)


@settings(deadline=None)
@given(st.data())
def test_letters_without_a_piece_keep_all_that_hold_them(data: st.DataObject) -> None:
    """In any vocabulary: and a word whose letters all have tokens is known."""
    tokens = data.draw(st.sets(st.tuples(st.sampled_from(["", "##"]), WORDS).map("".join)))
    own = {token: list_letters(f"_{token[2:]}", "##") - {"_"} if "#" in token else list_letters(token, "##")
           for token in tokens}  # fmt: skip
    needed = {token for token in tokens if own[token] == {token} or not own[token] <= tokens}
    full = build_tokenizer(sorted(tokens))
    trimmed = trim_tokenizer(full, len(SPECIAL) + len(needed), ["a"]).tokenizer
    word = data.draw(WORDS)

    assert trimmed.get_vocab().keys() == needed.union(SPECIAL)
    assert is_known(trimmed, word) or not list_letters(word, "##") <= tokens


def test_what_is_lost_is_told() -> None:
    """Shares of unknown tokens before and after; here a shorter token ends before a letter without one."""
    full = build_tokenizer(["x", "##a", "##b", "xa", "##ab", "##bc"])
    summarizer = build_summarizer(full)
    held_out = ["xabc xab", "\u4e2d xab"]  # xa ##bc xa ##b [UNK] xa ##b
    report = trim_by_use(summarizer, len(full) - len(UNUSED) - 1, ["x" + 3 * "ab"], held_out)

    assert summarizer.tokenizer.tokenize(held_out[0]) == ["[UNK]", "x", "##ab"]
    assert report == {
        "before": len(full), "after": len(full) - 10, "changed": 0.5,
        "unknown_before": 1 / 7, "unknown_after": 2 / 6, "longer": 6 / 7,
    }  # fmt: skip


@pytest.mark.parametrize("ends", ["Bert", "Template"])
def test_the_rest_computes_as_before(ends: str, tmp_path: Path) -> None:
    """Logits of the kept tokens are those they had; the smaller model is saved and loaded whole."""
    full = build_tokenizer((*LETTERS, *LONGER), ends=ends)
    summarizer = build_summarizer(full)
    network, size = summarizer.network, len(full) - 15
    kept = trim_tokenizer(full, size, TEXTS).kept
    old = full("the cat", return_tensors="pt").input_ids
    before = network(input_ids=old, labels=old).logits[..., kept]
    report = trim_by_use(summarizer, size, TEXTS, TEXTS)
    ids = summarizer.tokenizer("the cat", return_tensors="pt").input_ids
    after = network(input_ids=ids, labels=ids).logits

    assert [kept[token] for token in ids[0]] == old[0].tolist()
    torch.testing.assert_close(after, before, atol=1e-5, rtol=0)
    assert (report["after"], network.config.vocab_size) == (size, size)
    assert (report["unknown_before"], report["unknown_after"], report["changed"]) == (0, 0, 0)
    save_summarizer(summarizer, tmp_path)
    loaded = load_summarizer(tmp_path)
    assert torch.equal(loaded.network(input_ids=ids, labels=ids).logits, after)
    assert loaded.tokenizer("the cat").input_ids == ids[0].tolist()
    assert loaded.tokenizer.decode(ids[0], skip_special_tokens=True) == "the cat"


def test_special_pieces_keep_their_meaning(full: PreTrainedTokenizerFast) -> None:
    """All five stay, and the numbers in the configs follow them; a token that a config names stays too."""
    summarizer = build_summarizer(full)
    network = summarizer.network
    network.generation_config.eos_token_id = [full.sep_token_id, full.convert_tokens_to_ids("##rd")]
    trim_by_use(summarizer, len(SPECIAL) + len(LETTERS) + 1, TEXTS, ())
    tokenizer = summarizer.tokenizer
    start, end, also = (tokenizer.get_vocab()[token] for token in ("[CLS]", "[SEP]", "##rd"))

    assert tokenizer.special_tokens_map == full.special_tokens_map
    assert set(tokenizer.all_special_ids) == {0, 1, 2, 3, 4}
    assert network.config.decoder_start_token_id == network.config.eos_token_id == end
    defaults = network.generation_config
    assert (defaults.decoder_start_token_id, defaults.forced_bos_token_id) == (end, start)
    assert (defaults.pad_token_id, defaults.eos_token_id) == (tokenizer.pad_token_id, [end, also])
    assert network.generate(torch.tensor([[start, 9, end]]), max_new_tokens=4)[0, :2].tolist() == [end, start]


@pytest.mark.parametrize("names", [["input_ids", "attention_mask"],
                                   ["input_ids", "token_type_ids", "attention_mask"]])  # fmt: skip
def test_a_call_returns_what_it_returned(
    names: list[str], full: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    """Those inputs that the full tokenizer's network takes, and whole texts whatever its file says."""
    full.model_input_names = names
    full.backend_tokenizer.enable_truncation(3)
    full.backend_tokenizer.enable_padding(length=3)
    trimmed = trim_tokenizer(full, len(full) - 3, TEXTS).tokenizer
    trimmed.save_pretrained(tmp_path)
    loaded = PreTrainedTokenizerFast.from_pretrained(tmp_path)
    written = json.loads((tmp_path / "tokenizer.json").read_text())

    assert [*loaded("the cat")] == [*trimmed("the cat")] == names
    assert (written["truncation"], written["padding"]) == (None, None)


def test_too_few_pieces_are_refused(full: PreTrainedTokenizerFast) -> None:
    """Letters and special tokens are the least."""
    least = len(SPECIAL) + len(LETTERS)
    with pytest.raises(CompressionError, match=f"that alone needs {least}"):
        trim_tokenizer(full, least - 1, TEXTS)


def test_room_for_all_changes_nothing(full: PreTrainedTokenizerFast) -> None:
    """No token goes, and nothing is measured."""
    summarizer = build_summarizer(full)

    assert trim_by_use(summarizer, 1000, (), TEXTS) == {"before": len(full), "after": len(full)}
    assert summarizer.tokenizer is full


def test_use_needs_texts(full: PreTrainedTokenizerFast) -> None:
    """Without texts there is no choosing."""
    with pytest.raises(CompressionError, match="there are none"):
        trim_by_use(build_summarizer(full), len(full) - 1, (), TEXTS)


@pytest.mark.parametrize("number", [5, 400])
def test_numbers_with_gaps_are_refused(full: PreTrainedTokenizerFast, number: int, tmp_path: Path) -> None:
    """Rows of embeddings would be taken for those of other tokens: one number twice, or one left out."""
    full.save_pretrained(tmp_path)
    content = json.loads((tmp_path / "tokenizer.json").read_text())
    content["model"]["vocab"]["cat"] = number
    (tmp_path / "tokenizer.json").write_text(json.dumps(content))
    tokenizer = PreTrainedTokenizerFast.from_pretrained(tmp_path)

    with pytest.raises(CompressionError, match="are not numbered from 0 to"):
        trim_tokenizer(tokenizer, len(full) - 5, TEXTS)
