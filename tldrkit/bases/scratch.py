"""A small T5 from nothing: its byte-level tokenizer is trained on a corpus, its weights are drawn at random.

Knows shapes and seeds. Does not know how the network is pretrained (engines) nor where it is stored.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from torch import Tensor, nn
from transformers import GenerationConfig, PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

from tldrkit.families.hub_code.configuration_tldr import TldrT5Config
from tldrkit.families.hub_code.modeling_tldr import TldrT5ForConditionalGeneration
from tldrkit.families.positions import find_buckets
from tldrkit.families.summarizer import Summarizer
from tldrkit.specs import BaseSpec

PAD, END, UNKNOWN = "<pad>", "</s>", "<unk>"  # ids 0, 1, 2, as in T5
DEFAULT_DROPOUT = 0.1  # Raffel et al. 2020, section 3.1.2

_SMALL = 0.1  # of T5's standard deviation: weights that add to the residual stream
_COPIED = 0.3  # of what cross-attention attends to is added as it is
_SHARP, _SLOPE = 4.0, 0.15  # of attention's logits: for a single neighbour, and a token's distance


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
        nn.init.normal_(network.shared.weight, std=config.d_model**-0.5)
        if spec.copy_steps:
            _ease_copying(network)
    network.generation_config = GenerationConfig(
        pad_token_id=0, eos_token_id=1, decoder_start_token_id=0, max_new_tokens=spec.taught.max_target_tokens
    )
    return Summarizer(network.eval(), tokenizer)


def _ease_copying(network: T5ForConditionalGeneration) -> None:
    """Change random weights so that a network learns to copy within hundreds of steps.

    Small tokens are drowned by what layers add; and Adam moves a relative bias by its rate at most in a
    step, so that a head which looks at neighbours takes thousands of steps. So what layers add is made
    small, cross-attention adds what it attends to, and each head begins with a view of positions. Without
    any one of these, 250 steps did not teach copying, which take 200 with all.

    The idea is that of "Mimetic Initialization of Self-Attention Layers", Trockman & Kolter, ICML 2023; the
    slopes are as in "Train Short, Test Long", Press et al., ICLR 2022; the numbers were found by trying.
    """
    config = network.config
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if name.endswith((".o.weight", ".wo.weight")):
                weight.mul_(_SMALL)
        for block in network.decoder.block:
            cross = block.layer[1].EncDecAttention
            values = nn.init.orthogonal_(torch.empty_like(cross.v.weight)) * _COPIED**0.5
            cross.v.weight.copy_(values)
            cross.o.weight.copy_(values.T)  # together: what is attended to, as it is
        for stack in (network.encoder, network.decoder):
            bias = stack.block[0].layer[0].SelfAttention.relative_attention_bias.weight
            bias.add_(_view_positions(config, causal=stack is network.decoder))


def _view_positions(config: T5Config, *, causal: bool) -> Tensor:
    """Compute how heads see positions at first: in turn one token back, one ahead, near ahead, near back.

    Shape:
        result: (buckets, heads), as a relative bias.
    """
    reach, buckets = config.relative_attention_max_distance, config.relative_attention_num_buckets
    offsets = np.arange(-reach, 1 if causal else reach + 1)  # of a key from its query
    views = np.stack(
        [
            _SHARP * (offsets == -1),
            _SHARP * (offsets == 1),
            np.where(offsets < 0, -_SHARP, -_SLOPE * offsets),
            np.where(offsets > 0, -_SHARP, _SLOPE * offsets),
        ]
    )
    member = np.eye(buckets)[find_buckets(offsets, buckets, reach, causal=causal)]
    means = views @ member / member.sum(axis=0).clip(min=1)  # (views, buckets)
    return torch.from_numpy(means[np.arange(config.num_heads) % len(views)].T)


def build_tokenizer(texts: Iterable[str], vocab_size: int) -> PreTrainedTokenizerFast:
    """Train a byte-level BPE tokenizer that ends every text with ``</s>``.

    Any text can be written and read back, since every byte is a token. Fewer tokens than asked come out where
    the texts hold no more pairs worth merging.

    Args:
        texts: The corpus.
        vocab_size: Most tokens, the 256 bytes and the three special ones included.
    """
    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN))
    # A word is the same token within a line and at its head, where names of authors stand. Otherwise a
    # network would have to learn two spellings of each name before it could copy one.
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend(" "), normalizers.Replace("\n", "\n ")])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.Sequence(
        [decoders.ByteLevel(), decoders.Fuse(), decoders.Replace("\n ", "\n"), decoders.Strip(" ", 1, 0)]
    )
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
