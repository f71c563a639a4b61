"""A summarizer as a folder that others load without tldrkit: Hugging Face's form, with the code it needs.

Knows what Hugging Face's loaders expect. Does not know artifacts or model cards.
"""

import copy
from pathlib import Path

from tldrkit.models.modeling_tldr import TldrBartForConditionalGeneration, TldrT5ForConditionalGeneration
from tldrkit.models.summarizer import Summarizer, save_summarizer

NUM_BEAMS = 4  # beam 4 and at most 128 new tokens: usual for summaries of this kind
MAX_NEW_TOKENS = 128


def export_summarizer(summarizer: Summarizer, folder: Path) -> None:
    """Save a summarizer for others; networks of our own classes bring the code that loads them."""
    network = copy.copy(summarizer.network)
    if isinstance(network, TldrT5ForConditionalGeneration | TldrBartForConditionalGeneration):
        type(network).config_class.register_for_auto_class()
        type(network).register_for_auto_class("AutoModelForSeq2SeqLM")
    network.generation_config = copy.deepcopy(network.generation_config)
    network.generation_config.update(num_beams=NUM_BEAMS, max_new_tokens=MAX_NEW_TOKENS, max_length=None)
    save_summarizer(Summarizer(network, summarizer.tokenizer), folder)
