import logging
import warnings
from collections.abc import Iterator

import pytest
import torch
from transformers import BartConfig, BartForConditionalGeneration, GenerationConfig

from tldrkit.writing.decoding import Decoding
from tldrkit.writing.padded import PaddedWriter

SOURCES = [[7, 8, 9, 10, 2], [11, 12, 2], [20, 30, 40, 50, 60, 70, 80, 2]]
ENDS = {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 2}
CNN = ENDS | {  # of bart-large-cnn, its lengths by a seventh
    "forced_bos_token_id": 0, "forced_eos_token_id": 2, "max_length": 20, "min_length": 8, "num_beams": 4,
    "no_repeat_ngram_size": 3, "length_penalty": 2.0, "early_stopping": True,
}  # fmt: skip
NEW_TOKENS = ENDS | {"max_new_tokens": 15, "min_new_tokens": 5}
SAMPLING = ENDS | {"max_length": 20, "do_sample": True, "temperature": 0.7, "top_p": 0.9}


@pytest.fixture(scope="module")
def bart() -> BartForConditionalGeneration:
    """A tiny random BART that often wants to end, as trained ones do."""
    torch.manual_seed(3)
    config = BartConfig(
        vocab_size=120, d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=24, decoder_ffn_dim=24, max_position_embeddings=64,
        init_std=0.5,
    )  # fmt: skip
    network = BartForConditionalGeneration(config).eval()
    network.final_logits_bias[0, 2] = 4.0
    return network


@pytest.fixture
def notices() -> Iterator[list[str]]:
    """What transformers says, by its logger and by warnings, which are errors here."""
    said: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    logger, keep = logging.getLogger("transformers"), Keep(logging.WARNING)
    logger.addHandler(keep)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield said
    logger.removeHandler(keep)


@pytest.mark.parametrize("defaults", [CNN, NEW_TOKENS, SAMPLING], ids=["cnn", "new tokens", "sampling"])
@pytest.mark.parametrize("num_beams", [1, 3])
@pytest.mark.parametrize(("longest", "shortest"), [(12, 0), (6, 0), (12, 4), (30, 0)])
def test_lengths_contradict_no_defaults(
    bart: BartForConditionalGeneration,
    notices: list[str],
    defaults: dict[str, object],
    num_beams: int,
    longest: int,
    shortest: int,
) -> None:
    """A summary is what `generate` writes when it is given numbers of new tokens, and nothing is said."""
    bart.generation_config = GenerationConfig(**defaults)
    decoding = Decoding(
        prefix="", max_source_tokens=64, max_target_tokens=longest, min_target_tokens=shortest,
        num_beams=num_beams, batch_size=3,
    )  # fmt: skip
    written = PaddedWriter(bart, 1)(SOURCES, decoding, {})
    assert notices == []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for source, row in zip(SOURCES, written, strict=True):
            ids = bart.generate(
                input_ids=torch.tensor([source]), max_new_tokens=longest, num_beams=num_beams,
                do_sample=False, **({"min_new_tokens": shortest} if shortest else {}),
            )  # fmt: skip
            assert row == [token for token in ids[0, 1:].tolist() if token != 1]
    assert min(len(row) for row in written) < 30
