"""A summarizer as a folder that others load without tldrkit: Hugging Face's form, with the code it needs.

Knows what Hugging Face's loaders expect. Does not know artifacts or model cards.
"""

import copy
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from transformers import PreTrainedModel

from tldrkit.families.hub_code import handler, spelling
from tldrkit.families.hub_code.modeling_tldr import NETWORKS
from tldrkit.families.summarizer import Summarizer, save_summarizer
from tldrkit.specs import ExportSpec


def is_custom(network: PreTrainedModel) -> bool:
    """Tell whether a network is of our own classes, and so needs code that others do not have."""
    return isinstance(network, NETWORKS)


def export_summarizer(summarizer: Summarizer, folder: Path, spec: ExportSpec) -> None:
    """Save a summarizer for others, with a handler for endpoints and the code that its classes need.

    Its network is in the number format of ``spec`` from then on.
    """
    network = copy.copy(summarizer.network)
    if spec.dtype == "bf16":
        network = network.to(torch.bfloat16)
    network.generation_config = copy.deepcopy(network.generation_config)
    longest, defaults = spec.taught.max_target_tokens, network.generation_config
    defaults.update(num_beams=spec.num_beams, max_new_tokens=longest, max_length=None)
    if defaults.min_length:
        defaults.min_length = min(defaults.min_length, longest + 1)  # it counts the start mark
    with _code_beside(network):
        save_summarizer(Summarizer(network, summarizer.tokenizer), folder)
    for code in (handler.__file__, spelling.__file__):
        shutil.copyfile(code, folder / Path(code).name)


@contextmanager
def _code_beside(network: PreTrainedModel) -> Iterator[None]:
    """Let the code of a network of our own classes be saved beside it; what is saved later has none."""
    if not is_custom(network):
        yield
        return
    kinds = type(network), type(network).config_class
    try:
        kinds[0].register_for_auto_class("AutoModelForSeq2SeqLM")
        kinds[1].register_for_auto_class()
        yield
    finally:
        for kind in kinds:
            kind._auto_class = None
