import pytest
import torch
from transformers import GenerationConfig

from tldrkit.engines.generation import Decoding, Generator
from tldrkit.models.scratch import build_base
from tldrkit.models.summarizer import Summarizer
from tldrkit.specs import BaseSpec

DOCUMENTS = ["short", "a much longer document than the others, with more words in it", "middling words", ""]


@pytest.fixture(scope="module")
def summarizer() -> Summarizer:
    spec = BaseSpec(
        vocab_size=300, d_model=16, d_kv=4, num_heads=2, d_ff=24, enc_num_layers=1, dec_num_layers=1
    )
    return build_base(spec, DOCUMENTS)


def decode(
    summarizer: Summarizer, documents: list[str], *, num_beams: int = 1, batch_size: int = 2
) -> list[str]:
    decoding = Decoding(
        prefix="tl;dr: ",
        max_source_tokens=40,
        max_target_tokens=6,
        num_beams=num_beams,
        batch_size=batch_size,
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

    assert told == [3, 4]


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
