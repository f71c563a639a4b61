"""A summarizer as a folder that others load without tldrkit: Hugging Face's form, with the code it needs.

Knows what Hugging Face's loaders expect. Does not know artifacts or model cards.
"""

import copy
from pathlib import Path

from transformers import GenerationConfig

from tldrkit.models.modeling_tldr import TldrBartForConditionalGeneration, TldrT5ForConditionalGeneration
from tldrkit.models.summarizer import Summarizer, save_summarizer

NUM_BEAMS = 4  # the guide's decoding: beam 4, at most 128 new tokens
MAX_NEW_TOKENS = 128


def export_summarizer(summarizer: Summarizer, folder: Path) -> None:
    """Save a summarizer for others; networks of our own classes bring the code that loads them."""
    network = copy.copy(summarizer.network)
    if isinstance(network, TldrT5ForConditionalGeneration | TldrBartForConditionalGeneration):
        type(network).config_class.register_for_auto_class()
        type(network).register_for_auto_class("AutoModelForSeq2SeqLM")
    ids = ("pad_token_id", "eos_token_id", "bos_token_id", "decoder_start_token_id", "forced_eos_token_id")
    known = {name: getattr(network.generation_config, name, None) for name in ids}
    network.generation_config = GenerationConfig(
        num_beams=NUM_BEAMS,
        max_new_tokens=MAX_NEW_TOKENS,
        **{name: value for name, value in known.items() if value is not None},
    )
    save_summarizer(Summarizer(network, summarizer.tokenizer), folder)
