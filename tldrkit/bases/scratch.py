"""A small T5 from nothing: its byte-level tokenizer is trained on a corpus, its weights are drawn at random.

Knows shapes and seeds. Does not know how the network is pretrained (engines) nor where it is stored.
"""

from collections.abc import Iterable
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from torch import nn
from transformers import GenerationConfig, PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

from tldrkit.families.hub_code.configuration_tldr import TldrT5Config
from tldrkit.families.hub_code.modeling_tldr import TldrT5ForConditionalGeneration
from tldrkit.families.summarizer import Summarizer
from tldrkit.specs import BaseSpec

PAD, END, UNKNOWN = "<pad>", "</s>", "<unk>"  # ids 0, 1, 2, as in T5
DEFAULT_DROPOUT = 0.1  # Raffel et al. 2020, section 3.1.2


def build_base(spec: BaseSpec, texts: Iterable[str]) -> Summarizer:
    """Build a random T5 and a tokenizer trained on ``texts``.

    The same spec and texts give the same bytes; the global random state is left alone.
    """
    tokenizer = build_tokenizer(texts, spec.vocab_size)
    # Plain T5's caches take the encoder's number of layers.
    plain = spec.enc_num_layers >= spec.dec_num_layers
    kind: Any = T5Config if plain else TldrT5Config
    config = kind(
        vocab_size=len(tokenizer),
        d_model=spec.d_model,
        d_kv=spec.d_kv,
        d_ff=spec.d_ff,
        num_heads=spec.num_heads,
        num_layers=spec.enc_num_layers,
        num_decoder_layers=spec.dec_num_layers,
        dropout_rate=DEFAULT_DROPOUT if spec.dropout is None else spec.dropout,
        pad_token_id=0,
        eos_token_id=1,
        decoder_start_token_id=0,
        tie_word_embeddings=False,  # transformers' way to say: outputs are not scaled; they stay tied
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(spec.seed)
        network = (T5ForConditionalGeneration if plain else TldrT5ForConditionalGeneration)(config)
        # T5's tokens of unit variance drown what attention adds for hundreds of steps; small ones do not.
        nn.init.normal_(network.shared.weight, std=spec.d_model**-0.5)
    network.generation_config = GenerationConfig(
        pad_token_id=0, eos_token_id=1, decoder_start_token_id=0, max_new_tokens=spec.taught.max_target_tokens
    )
    return Summarizer(network.eval(), tokenizer)


def build_tokenizer(texts: Iterable[str], vocab_size: int) -> PreTrainedTokenizerFast:
    """Train a byte-level BPE tokenizer that ends every text with ``</s>``.

    Any text can be written and read back, since every byte is a token. Fewer tokens than asked come out where
    the texts hold no more pairs worth merging.

    Args:
        texts: The corpus.
        vocab_size: Most tokens, the 256 bytes and the three special ones included.
    """
    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[PAD, END, UNKNOWN],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {END}", pair=f"$A {END} $B {END}", special_tokens=[(END, 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        unk_token=UNKNOWN,
        split_special_tokens=True,  # a post that speaks of "</s>" does not end there
        clean_up_tokenization_spaces=False,
    )
