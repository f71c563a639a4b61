"""A summarizer as a folder that others load without tldrkit: Hugging Face's form, with the code it needs.

Knows what Hugging Face's loaders expect. Does not know artifacts or model cards.
"""

import copy
import shutil
from pathlib import Path

import torch
from transformers import PreTrainedModel

from tldrkit.models import handler
from tldrkit.models.modeling_tldr import TldrBartForConditionalGeneration, TldrT5ForConditionalGeneration
from tldrkit.models.summarizer import Summarizer, save_summarizer
from tldrkit.specs import ExportSpec


def is_custom(network: PreTrainedModel) -> bool:
    """Tell whether a network is of our own classes, and so needs code that others do not have."""
    return isinstance(network, TldrT5ForConditionalGeneration | TldrBartForConditionalGeneration)


def export_summarizer(summarizer: Summarizer, folder: Path, spec: ExportSpec) -> None:
    """Save a summarizer for others, with a handler for endpoints and the code that its classes need.

    Its network is in the number format of ``spec`` from then on.
    """
    network = copy.copy(summarizer.network)
    if spec.dtype == "bf16":
        network = network.to(torch.bfloat16)
    if is_custom(network):
        type(network).config_class.register_for_auto_class()
        type(network).register_for_auto_class("AutoModelForSeq2SeqLM")
    network.generation_config = copy.deepcopy(network.generation_config)
    network.generation_config.update(
        num_beams=spec.num_beams, max_new_tokens=spec.max_target_tokens, max_length=None
    )
    save_summarizer(Summarizer(network, summarizer.tokenizer), folder)
    shutil.copyfile(handler.__file__, folder / "handler.py")
