import copy
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import BartConfig, BartForConditionalGeneration, GenerationConfig

from tests.lowercase import RESTORED, THREAD, WRITTEN, build_summarizer, build_tokenizer
from tldrkit.bases.scratch import build_base
from tldrkit.errors import DataError, ModelError
from tldrkit.families.hub_code.spelling import restore_writing
from tldrkit.families.summarizer import Summarizer
from tldrkit.specs import BaseSpec, EvalSpec, Search, SummarizeSpec
from tldrkit.writing.asking import translate_search
from tldrkit.writing.compiled.search import write_greedily
from tldrkit.writing.decoding import Decoding, read_decoding
from tldrkit.writing.generation import Generator, build_summaries, cut_batches
from tldrkit.writing.lean import LeanTokenizer
from tldrkit.writing.long_threads import decode_threads

DOCUMENTS = ["short", "a much longer document than the others, with more words in it", "middling words", ""]


@pytest.fixture(scope="module")
def summarizer() -> Summarizer:
    spec = BaseSpec(
        vocab_size=300, d_model=16, d_kv=4, num_heads=2, d_ff=24, enc_num_layers=1, dec_num_layers=1
    )
    return build_base(spec, DOCUMENTS)


def decode(
    summarizer: Summarizer, documents: list[str], *, num_beams: int = 1, batch_size: int = 2, threads: int = 1
) -> list[str]:
    decoding = Decoding(
        prefix="tl;dr: ",
        max_source_tokens=40,
        max_target_tokens=6,
        num_beams=num_beams,
        batch_size=batch_size,
        threads=threads,
    )
    generated = Generator(summarizer.network, summarizer.tokenizer, decoding)(documents)
    assert all(one.tokens <= 6 for one in generated)
    return [one.text for one in generated]


@pytest.mark.parametrize("num_beams", [1, 4])
def test_order_and_batch_size_change_nothing(summarizer: Summarizer, num_beams: int) -> None:
    """A document's summary is the same alone and in any batch, and results keep the order given."""
    together = decode(summarizer, DOCUMENTS, num_beams=num_beams)

    assert decode(summarizer, DOCUMENTS[::-1], num_beams=num_beams, batch_size=4) == together[::-1]
    assert [decode(summarizer, [document], num_beams=num_beams)[0] for document in DOCUMENTS] == together


SEARCHES = {
    "n-grams": {"no_repeat_ngram_size": 1},
    "penalty": {"repetition_penalty": 5.0},
    "lengths": {"length_penalty": -3.0, "num_beams": 4},
    "stopping": {"early_stopping": True, "length_penalty": 2.0, "num_beams": 3},
    "not stopping": {"early_stopping": "never", "length_penalty": 2.0, "num_beams": 3},
    "first": {"forced_bos_token_id": 70},
    "last": {"forced_eos_token_id": 80},
    "words": {"bad_words": "a, documents,, "},
}


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_is_as_asked_for(summarizer: Summarizer, name: str) -> None:
    """What is asked for wins over the network's defaults, packed as by `generate`, and leaves those alone."""
    before = summarizer.network.generation_config.to_dict()
    written = []
    for fields in (SEARCHES[name], {"num_beams": SEARCHES[name].get("num_beams", 1)}):
        spec = EvalSpec(max_target_tokens=9, max_source_tokens=40, batch_size=2, **fields)
        for packed in (True, False):
            generator = Generator(
                summarizer.network, summarizer.tokenizer, read_decoding(spec), packed=packed
            )
            written.append([one.text for one in generator(DOCUMENTS)])

    assert written[0] == written[1]
    assert written[2] == written[3]
    assert (written[0] != written[2]) == (name not in ("lengths", "stopping", "not stopping"))
    assert summarizer.network.generation_config.to_dict() == before


def test_words_that_defaults_forbid_stay_forbidden(summarizer: Summarizer) -> None:
    """What is asked for beside them is added; the tokens of a word are those that it begins a text with."""
    tokenizer, network = summarizer.tokenizer, summarizer.network
    defaults = GenerationConfig(bad_words_ids=[[5]])
    told = translate_search(Search(bad_words=" more ,words"), defaults, tokenizer, network.config)
    first, *words = told["bad_words_ids"]

    assert first == [5]
    assert {tokenizer.decode(ids).strip() for ids in words} == {"more", "words"}
    assert translate_search(Search(bad_words=" , "), defaults, tokenizer, network.config) == {}


@pytest.mark.parametrize("name", ["forced_bos_token_id", "forced_eos_token_id"])
def test_a_token_that_the_model_has_not_is_refused(summarizer: Summarizer, name: str) -> None:
    """Before anything is written, by the option's name."""
    decoding = read_decoding(EvalSpec(**{name: 300}))
    with pytest.raises(DataError, match=f"{name}: the model has no token 300"):
        Generator(summarizer.network, summarizer.tokenizer, decoding)


@pytest.mark.parametrize("packed", [True, False])
def test_no_summary_is_shorter_than_asked(summarizer: Summarizer, packed: bool) -> None:
    """However it is written, a summary has as many tokens as asked for, and says whether it ended itself."""
    decoding = Decoding(
        prefix="", max_source_tokens=40, max_target_tokens=9, num_beams=1, batch_size=3, min_target_tokens=7
    )
    written = Generator(summarizer.network, summarizer.tokenizer, decoding, packed=packed)(DOCUMENTS)
    assert all(7 <= one.tokens <= 9 for one in written)
    assert all(one.ended for one in written if one.tokens < 9)


def test_the_network_is_left_in_its_mode(summarizer: Summarizer) -> None:
    """Generation neither leaves a network in evaluation mode nor builds gradients."""
    summarizer.network.train()
    decode(summarizer, DOCUMENTS[:1])
    trained = summarizer.network.training
    summarizer.network.eval()

    assert trained
    assert torch.is_grad_enabled()


def test_progress_is_told(summarizer: Summarizer) -> None:
    """The caller learns how many documents are done after each batch."""
    told: list[int] = []
    decoding = Decoding(prefix="", max_source_tokens=16, max_target_tokens=2, num_beams=1, batch_size=3)
    Generator(summarizer.network, summarizer.tokenizer, decoding)(DOCUMENTS, told.append)

    assert told in ([1, 4], [2, 4], [3, 4])


def test_no_documents_no_summaries(summarizer: Summarizer) -> None:
    """Nothing in, nothing out."""
    assert decode(summarizer, []) == []


@pytest.mark.parametrize("defaults", [{}, {"no_repeat_ngram_size": 2}, {"forced_eos_token_id": 1}])
def test_a_networks_defaults_are_kept(summarizer: Summarizer, defaults: dict[str, int]) -> None:
    """However it is written, the outcome is that of the network's own `generate`, its defaults included."""
    network, tokenizer = summarizer.network, summarizer.tokenizer
    decoding = Decoding(prefix="", max_source_tokens=40, max_target_tokens=9, num_beams=1, batch_size=3)
    before = network.generation_config
    network.generation_config = GenerationConfig(**(before.to_diff_dict() | defaults))
    try:
        written = [one.text for one in Generator(network, tokenizer, decoding)(DOCUMENTS)]
        batch = tokenizer(DOCUMENTS, padding=True, return_tensors="pt")
        ids = network.generate(**batch, max_new_tokens=9, do_sample=False, num_beams=1)
    finally:
        network.generation_config = before

    assert written == [text.strip() for text in tokenizer.batch_decode(ids, skip_special_tokens=True)]


def test_defaults_that_never_stop_early_ask_no_generate(
    summarizer: Summarizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network whose generation defaults say so is written with by the compiled engine."""
    monkeypatch.setattr(summarizer.network, "generate", None)
    monkeypatch.setattr(summarizer.network.generation_config, "early_stopping", "never")

    assert len(decode(summarizer, DOCUMENTS, num_beams=3)) == len(DOCUMENTS)


MANY = [f"{number} " + "words " * (number % 11) for number in range(23)]


@pytest.mark.parametrize("num_beams", [1, 3])
@pytest.mark.parametrize("documents", [MANY, MANY[-1:]])
def test_two_threads_write_what_one_writes(
    summarizer: Summarizer, num_beams: int, documents: list[str]
) -> None:
    """Batches shared by threads have the same outcome, and so has a document that they share."""
    alone, shared = (
        decode(summarizer, documents, num_beams=num_beams, batch_size=4, threads=threads)
        for threads in (1, 2)
    )

    assert shared == alone


def test_what_fails_in_a_thread_is_told(summarizer: Summarizer, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error in one of the threads reaches the caller."""

    def fail(*arguments: object, **more: object) -> list[list[int]]:
        if len(arguments[1]) > 1:  # type: ignore[arg-type]
            raise RuntimeError("out of something")
        return write_greedily(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr("tldrkit.writing.generation.write_greedily", fail)
    with pytest.raises(RuntimeError, match="out of something"):
        decode(summarizer, MANY, batch_size=4, threads=2)


@given(
    lengths=st.lists(st.integers(1, 500), max_size=80),
    batch_size=st.integers(1, 20),
    workers=st.integers(1, 4),
)
def test_batches_hold_every_document_once(lengths: list[int], batch_size: int, workers: int) -> None:
    """Sorted by length; as many documents a batch on average as asked for; a batch for each worker."""
    decoding = Decoding(
        prefix="", max_source_tokens=500, max_target_tokens=64, num_beams=1, batch_size=batch_size
    )
    batches = cut_batches(lengths, decoding, workers)
    flat = [index for batch in batches for index in batch]

    assert sorted(flat) == list(range(len(lengths)))
    assert [lengths[index] for index in flat] == sorted(lengths, reverse=True)
    assert all(batches)
    assert len(batches) <= -(-len(lengths) // batch_size) + workers - 1
    costs = [sum(lengths[index] + 192 for index in batch) for batch in batches]
    assert not costs or max(costs) <= sum(costs) / len(costs) + 2 * (500 + 192)


def write(summarizer: Summarizer, precision: str) -> list[str]:
    decoding = Decoding(
        prefix="", max_source_tokens=40, max_target_tokens=6, num_beams=1, batch_size=2,
        precision=precision,  # type: ignore[arg-type]
    )  # fmt: skip
    return [one.text for one in Generator(summarizer.network, summarizer.tokenizer, decoding)(DOCUMENTS)]


@pytest.mark.parametrize("family", ["t5", "bart"])
@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
def test_each_precision_writes(summarizer: Summarizer, family: str, precision: str) -> None:
    """Of T5 and BART alike there is a text for each document, and no `generate` is asked."""
    config = BartConfig(
        vocab_size=300, d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=24, decoder_ffn_dim=24, max_position_embeddings=64,
    )  # fmt: skip
    bart = Summarizer(BartForConditionalGeneration(config).eval(), summarizer.tokenizer)
    chosen = bart if family == "bart" else summarizer
    chosen.network.generate = None

    assert len(write(chosen, precision)) == len(DOCUMENTS)


def test_other_processors_refuse_int8(summarizer: Summarizer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the instructions are missing, one sentence says so."""
    monkeypatch.setattr("tldrkit.writing.generation.has_int8", lambda: False)
    with pytest.raises(ModelError, match="processors with 8-bit products"):
        write(summarizer, "int8")


def test_a_t5_of_another_activation_is_written_by_generate(summarizer: Summarizer) -> None:
    """One that is not compiled goes through `generate`, and has no int8."""
    config = copy.deepcopy(summarizer.network.config)
    config.dense_act_fn = "relu6"
    strange = Summarizer(type(summarizer.network)(config).eval(), summarizer.tokenizer)

    assert len(write(strange, "fp32")) == len(DOCUMENTS)
    with pytest.raises(ModelError, match="usual activation"):
        write(strange, "int8")


SHORT = Decoding(prefix="", max_source_tokens=40, max_target_tokens=30, num_beams=1, batch_size=2)


@pytest.mark.parametrize("lean", [False, True])
def test_words_are_written_as_people_write_them(lean: bool) -> None:
    """What a tokenizer without case wrote takes case and spaces from the thread, if not switched off."""
    tokenizer = build_tokenizer()
    held = LeanTokenizer(tokenizer.backend_tokenizer) if lean else tokenizer
    written = [tokenizer(WRITTEN)["input_ids"]]
    defaults = GenerationConfig(eos_token_id=1)

    for decoding, text in ((SHORT, RESTORED), (replace(SHORT, restore_case=False), WRITTEN)):
        assert [one.text for one in build_summaries(written, [THREAD], held, defaults, decoding)] == [text]


def test_a_tokenizer_with_case_is_believed() -> None:
    """What it writes is left as it is, stray spaces too."""
    tokenizer = build_tokenizer(lowercase=False)
    written = [tokenizer("says Tim ' s open . It")["input_ids"]]
    (one,) = build_summaries(written, [THREAD], tokenizer, GenerationConfig(eos_token_id=1), SHORT)

    assert one.text == tokenizer.decode(written[0])


def test_each_summary_is_written_after_its_own_thread() -> None:
    """In batches, too, whose order is another one."""
    summarizer = build_summarizer()
    documents = [THREAD, THREAD.upper(), THREAD.lower(), "Zoë", f"{THREAD}\n\n{THREAD}"]
    wordy = replace(SHORT, min_target_tokens=6)
    raw, restored = (
        Generator(summarizer.network, summarizer.tokenizer, replace(wordy, restore_case=restore))(documents)
        for restore in (False, True)
    )

    assert [one.text for one in restored] != [one.text for one in raw]
    assert [one.text for one in restored] == [
        restore_writing(one.text, document) for one, document in zip(raw, documents, strict=True)
    ]
    assert [(one.tokens, one.ended) for one in restored] == [(one.tokens, one.ended) for one in raw]


def test_one_option_switches_it_off() -> None:
    """It is a field of the specs that decode, on by default; outputs are told apart by it."""
    for restore in (True, False):
        given = {} if restore else {"restore_case": False}
        assert read_decoding(EvalSpec(**given)).settings.get("restore_case", True) == restore
        assert decode_threads(SummarizeSpec(**given)).restore_case == restore
