"""A summarizer: an encoder-decoder network and its tokenizer, loaded and saved in Hugging Face's form.

Knows folders and hub ids of T5, BART and ours; safetensors only. Knows neither artifacts nor generation.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils.logging import disable_progress_bar

from tldrkit.errors import ModelError
from tldrkit.metrics.footprint import count_parameters
from tldrkit.models.hub import fetch_from_hub
from tldrkit.models.kernel_cache import bound_kernel_cache
from tldrkit.models.modeling_tldr import TldrBartForConditionalGeneration, TldrT5ForConditionalGeneration
from tldrkit.tensors import check_whole, writing

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
WHOLE = "Copy or save the whole folder again; its weights must be safetensors."


@dataclass
class Summarizer:
    """A network and the tokenizer that belongs to it."""

    network: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    folder: Path | None = None
    """Where it was loaded from; a hub model's folder is named after its commit."""

    @property
    def parameters(self) -> int:
        """How many the network has, tied ones counted once."""
        return count_parameters(self.network)

    @property
    def device(self) -> str:
        """Where it runs, such as `cpu` or `cuda:0`."""
        return str(next(self.network.parameters()).device)


def register() -> None:
    """Teach the Auto classes our two networks; safe to call again."""
    for network in (TldrT5ForConditionalGeneration, TldrBartForConditionalGeneration):
        AutoConfig.register(network.config_class.model_type, network.config_class, exist_ok=True)
        AutoModelForSeq2SeqLM.register(network.config_class, network, exist_ok=True)


register()
bound_kernel_cache()
disable_progress_bar()  # libraries do not talk; the command line does


def load_summarizer(source: Path | str) -> Summarizer:
    """Load a summarizer from a folder or, by its id, from the Hugging Face hub; float32, ready to evaluate.

    A copy in the hub's local cache is used as it is, without asking the network.

    Raises:
        ModelError: There is no such model, it is damaged or incomplete, it has no safetensors, or it is no
            encoder-decoder.
    """
    folder = Path(source)
    if not folder.is_dir():
        folder = fetch_from_hub(str(source))
    if not (folder / "config.json").is_file():
        raise ModelError(f"{folder} holds no model: config.json is missing.", hint=WHOLE)
    check_weights(folder)
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # whatever a broken file makes the library raise
        raise ModelError(f"{folder} cannot be read: {describe_failure(error)}", hint=WHOLE) from error
    if not config.is_encoder_decoder:
        raise ModelError(
            f"{source} is no encoder-decoder but a {config.model_type} model.",
            hint="Use a T5 or BART checkpoint.",
        )
    return Summarizer(load_weights(AutoModelForSeq2SeqLM, folder), tokenizer, folder)


def save_summarizer(summarizer: Summarizer, folder: Path) -> None:
    """Save config, weights, generation defaults and tokenizer into ``folder``.

    The same summarizer gives the same bytes.
    """
    with writing():
        summarizer.network.save_pretrained(folder)
    save_tokenizer(summarizer.tokenizer, folder)


def save_tokenizer(tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Save a tokenizer into ``folder``; the same one gives the same bytes."""
    for how in ("is_local", "local_files_only"):  # transformers would write down how it was loaded
        tokenizer.init_kwargs.pop(how, None)
    if tokenizer.is_fast:  # and how it was last called
        tokenizer.backend_tokenizer.no_padding()
        tokenizer.backend_tokenizer.no_truncation()
    tokenizer.save_pretrained(folder)


def load_weights(kind: Any, folder: Path, spare: str = "") -> PreTrainedModel:  # noqa: ANN401  (an Auto class)
    """Load a network, float32, refusing to fill gaps with random numbers.

    Args:
        kind: The Auto class that loads it.
        folder: Where it is; no code of it is run.
        spare: Beginning of the names of weights that may be missing; empty where none may.

    Raises:
        ModelError: It cannot be loaded, or lacks weights.
    """
    try:
        network: PreTrainedModel
        network, info = kind.from_pretrained(
            folder,
            dtype=torch.float32,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except Exception as error:  # whatever a broken file makes the library raise
        raise ModelError(f"{folder} cannot be loaded: {describe_failure(error)}", hint=WHOLE) from error
    missing = sorted(key for key in info["missing_keys"] if not (spare and key.startswith(spare)))
    if missing:
        raise ModelError(
            f"{folder} lacks {len(missing)} of the weights its config.json names, among them {missing[0]}.",
            hint="Weights and config.json belong to different models.",
        )
    return network


def check_weights(folder: Path) -> None:
    """Check that a folder's weights are safetensors, and whole.

    Raises:
        ModelError: They are not.
    """
    if (folder / INDEX).is_file():
        try:
            names = set(json.loads((folder / INDEX).read_text(encoding="utf-8"))["weight_map"].values())
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(f"{folder / INDEX} cannot be read.", hint=WHOLE) from error
    elif (folder / WEIGHTS).is_file():
        names = {WEIGHTS}
    else:
        raise ModelError(
            f"{folder} holds no {WEIGHTS}.",
            hint="Pickled weights (.bin) are never read: convert them with transformers' save_pretrained.",
        )
    for name in sorted(names):
        check_whole(folder / name)


def describe_failure(error: Exception) -> str:
    """Tell in one line what a library raised."""
    return str(error).strip().split("\n", 1)[0]
