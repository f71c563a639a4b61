"""A summarizer: an encoder-decoder network and its tokenizer, loaded and saved in Hugging Face's form.

Knows folders and hub ids of stock classes and ours; safetensors only. Knows neither artifacts nor generation.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils.logging import disable_progress_bar

from tldrkit.errors import ModelError
from tldrkit.families.drawing import draw_blueprint
from tldrkit.families.folder import WHOLE, check_memory, check_model_folder, check_rows
from tldrkit.families.footprint import count_parameters
from tldrkit.families.hub import fetch_from_hub
from tldrkit.families.hub_code.modeling_tldr import NETWORKS
from tldrkit.machine.kernel_cache import bound_kernel_cache
from tldrkit.tensors import describe_infinite, writing
from tldrkit.texts import say_reason


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
    """Teach the Auto classes our networks; safe to call again."""
    for network in NETWORKS:
        AutoConfig.register(network.config_class.model_type, network.config_class, exist_ok=True)
        AutoModelForSeq2SeqLM.register(network.config_class, network, exist_ok=True)


register()
bound_kernel_cache()
disable_progress_bar()  # libraries do not talk; the command line does


def load_summarizer(source: Path | str) -> Summarizer:
    """Load a summarizer from a folder or, by its id, from the Hugging Face hub; float32, ready to evaluate.

    A copy in the hub's local cache is used as it is, without asking the network.

    Raises:
        ModelError: There is no such model, it is damaged or incomplete, its parts do not fit together, it has
            no safetensors, or it is no encoder-decoder.
    """
    folder = Path(source)
    if not folder.is_dir():
        folder = fetch_from_hub(str(source))
    config, tokenizer = load_settings(folder)
    if not config.is_encoder_decoder:
        raise ModelError(
            f"{source} is no encoder-decoder but a {config.model_type} model.",
            hint="Use a T5, BART or Pegasus checkpoint; `tldrkit base --encoder` makes one of a BERT.",
        )
    _check_vocabulary(config, folder)
    network = load_weights(AutoModelForSeq2SeqLM, folder)
    check_tokens(network, tokenizer, folder)
    _check_language(network, folder)
    return Summarizer(network, tokenizer, folder)


def load_settings(folder: Path) -> tuple[PreTrainedConfig, PreTrainedTokenizerBase]:
    """Load the configuration and the tokenizer of a folder, once it is known to hold a whole model.

    Raises:
        ModelError: It does not, or they cannot be read.
    """
    check_model_folder(folder)
    how = {"local_files_only": True, "trust_remote_code": False}
    try:
        return AutoConfig.from_pretrained(folder, **how), AutoTokenizer.from_pretrained(folder, **how)
    except Exception as error:  # whatever a broken file makes the library raise
        raise ModelError(f"{folder} cannot be read: {describe_failure(error)}", hint=WHOLE) from error


def check_tokens(network: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Check that a network has embeddings for the tokens of its tokenizer and of its configuration.

    Raises:
        ModelError: It has not.
    """
    embeddings: Any = network.get_input_embeddings()
    defaults = getattr(network, "generation_config", None)  # an encoder has none
    settings = [said.to_dict() for said in (network.config, defaults) if said]
    check_rows(folder, max(tokenizer.get_vocab().values()), embeddings.num_embeddings, *settings)


def _check_vocabulary(config: PreTrainedConfig, folder: Path) -> None:
    """Check that a network reads and writes in one vocabulary: summaries are tokenized as documents are.

    Raises:
        ModelError: It has two, as some Marian and FSMT do, which translate.
    """
    if not getattr(config, "share_encoder_decoder_embeddings", True) or hasattr(config, "tgt_vocab_size"):
        raise ModelError(
            f"{folder}: it reads in one vocabulary and writes in another, as translators do.",
            hint="Use a T5, BART, Pegasus or other checkpoint with one vocabulary for both.",
        )


def _check_language(network: PreTrainedModel, folder: Path) -> None:
    """Check that a network which learns summaries behind their language says which one it writes.

    Raises:
        ModelError: It does not.
    """
    blueprint, defaults = draw_blueprint(network.config), network.generation_config
    if blueprint and blueprint.wraps and defaults.decoder_start_token_id is None:
        raise ModelError(
            f"{folder} does not say in which language it writes.",
            hint="Set decoder_start_token_id in its generation_config.json, such as the number of en_XX.",
        )


def check_finite(network: PreTrainedModel, place: Path | str) -> None:
    """Check that a network's weights are numbers.

    Args:
        network: What is checked.
        place: Where it is from, for the sentence.

    Raises:
        ModelError: One is not finite; it is named.
    """
    for name, tensor in network.state_dict().items():
        if not tensor.isfinite().all():
            raise describe_infinite(place, name)


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
        ModelError: It does not fit into memory, cannot be loaded, lacks weights, or holds some that are not
            finite.
    """
    check_memory(folder)
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
    filled = _find_computed(network)
    missing = sorted(
        key for key in info["missing_keys"] if key not in filled and not (spare and key.startswith(spare))
    )
    if missing:
        raise ModelError(
            f"{folder} lacks {len(missing):,} of the weights its config.json names, among them {missing[0]}.",
            hint="Weights and config.json belong to different models, or the weights are an encoder's alone.",
        )
    check_finite(network, folder)
    return network


def _find_computed(network: PreTrainedModel) -> set[str | None]:
    """Find the weights that transformers computes where a file lacks them: positions that do not train."""
    blueprint = draw_blueprint(network.config)
    return {side.positions for side in blueprint.sides if side.sinusoidal} if blueprint else set()


def describe_failure(error: Exception) -> str:
    """Tell in a sentence of one line what a library raised."""
    return f"{say_reason(error)}."
