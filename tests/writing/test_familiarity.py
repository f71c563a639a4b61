"""Texts that a tokenizer was not made for."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from tldrkit.bases.scratch import build_tokenizer
from tldrkit.datasets.synthetic.threads import generate_examples
from tldrkit.writing.familiarity import find_unfamiliar
from tldrkit.writing.lean import LeanTokenizer

ENGLISH = [example.document for example in generate_examples("validation")[:60]]
CHINESE = "楼下的自行车棚又漏水了，管理员说下周会来修，但是没有人相信他。有人愿意一起写信吗？"
FAR = {
    "russian": "Ключ от подвала снова пропал, и никто не знает, у кого он сейчас. Кто видел его вчера?",
    "greek": "Το κλειδί του υπογείου χάθηκε ξανά και κανείς δεν ξέρει ποιος το έχει τώρα.",
    "hindi": "तहखाने की चाबी फिर से खो गई है और किसी को नहीं पता कि अब वह किसके पास है।",
    "chinese": CHINESE,
    "log": "2031-04-05T06:07:08.910Z WARN [io-17] q.r.S9 - 10.8.0.44:6379 refused (3/9) 0x7ffd2b10\n" * 4,
    "access log": '198.51.100.7 - - [05/Apr/2031:06:07:08] "GET /a/b?c=91 HTTP/1.1" 502 173\n' * 4,
    "hexadecimal": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" * 3,
}


def build_whole_words(texts: Sequence[str]) -> PreTrainedTokenizerFast:
    """Build a tokenizer that knows the words and marks of some texts, and nothing else."""
    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(texts, trainers.WordLevelTrainer(special_tokens=["[UNK]"]))
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]")


@pytest.fixture(scope="module")
def own() -> PreTrainedTokenizerFast:
    """The tokenizer of the embedded demonstration."""
    return build_tokenizer((example.document for example in generate_examples("train")[:400]), 1600)


@pytest.mark.parametrize("lean", [True, False])
def test_what_it_was_made_for_is_familiar(own: PreTrainedTokenizerFast, lean: bool) -> None:
    """Without torch and with it; short texts and empty ones are not judged."""
    tokenizer: Any = LeanTokenizer(own.backend_tokenizer) if lean else own

    assert set(find_unfamiliar([*ENGLISH, "", "Hi!", "OK :-)"], tokenizer)) == {""}
    assert find_unfamiliar([], tokenizer) == []


@pytest.mark.parametrize("kind", FAR)
def test_other_scripts_and_logs_are_not(own: PreTrainedTokenizerFast, kind: str) -> None:
    """Every byte has a token, so that none is unknown; but there are more tokens than words have."""
    (told,) = find_unfamiliar([FAR[kind]], own)

    assert told.startswith("the model has no words for it: ")


@pytest.mark.parametrize("kind", FAR)
def test_unknown_tokens_are_counted(kind: str) -> None:
    """Where a tokenizer has one token for all it does not know."""
    tokenizer = build_whole_words(ENGLISH)
    (told,) = find_unfamiliar([FAR[kind]], tokenizer)

    assert told.endswith("% of its tokens are unknown to the model") or told.startswith(
        "the model has no words"
    )
    assert set(find_unfamiliar(ENGLISH, tokenizer)) == {""}


def test_a_token_for_each_chinese_character_is_usual() -> None:
    """A character is a word there, or nearly one."""
    tokenizer = Tokenizer(models.WordLevel({one: n for n, one in enumerate(["?", *set(CHINESE)])}, "?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")

    assert find_unfamiliar([CHINESE], PreTrainedTokenizerFast(tokenizer_object=tokenizer)) == [""]


def test_who_reads_bytes_spells_everything() -> None:
    """Such as ByT5, whose tokenizer is none of the fast ones."""

    def read(texts: Sequence[str], **_: object) -> dict[str, list[list[int]]]:
        return {"input_ids": [list(text.encode()) for text in texts]}

    def build(fast: bool) -> Callable[..., Any]:
        class Bytes(SimpleNamespace):
            __call__ = staticmethod(read)

        return Bytes(is_fast=fast, unk_token_id=None)

    assert find_unfamiliar([ENGLISH[0]], build(fast=False)) == [""]
    assert find_unfamiliar([ENGLISH[0]], build(fast=True)) != [""]


def test_long_texts_are_looked_at_from_their_beginning(own: PreTrainedTokenizerFast) -> None:
    """What it costs does not grow with the text."""
    seen: list[int] = []

    class Watched(LeanTokenizer):
        def __call__(self, texts: Sequence[str], **how: Any) -> dict[str, list[list[int]]]:  # noqa: ANN401
            seen.extend(map(len, texts))
            return super().__call__(texts, **how)

    find_unfamiliar(["word " * 100_000], Watched(own.backend_tokenizer))
    assert seen == [2000]
