"""A tokenizer in the manner of BERT's, and a tiny random BART that reads and writes with it."""

from collections.abc import Sequence

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import BartConfig, BartForConditionalGeneration, PreTrainedTokenizerFast

from tldrkit.families.summarizer import Summarizer

UNUSED = tuple(f"[unused{number}]" for number in range(9))
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
ALPHABET = "abcdefghijklmnopqrstuvwxyz"
LETTERS = (*ALPHABET, *(f"##{letter}" for letter in ALPHABET), *"?,'")
LONGER = ("ca", "##rd", "deposit", "the", "cat", "landlord", "walk", "##ing")


def build_tokenizer(
    tokens: Sequence[str], prefix: str = "##", ends: str = "Bert", unused: Sequence[str] = UNUSED
) -> PreTrainedTokenizerFast:
    """Build one in the manner of BERT's: lower-casing, unused tokens first, then special ones, then these."""
    vocab = {token: number for number, token in enumerate((*unused, *SPECIAL, *dict.fromkeys(tokens)))}
    tokenizer = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]", continuing_subword_prefix=prefix))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix=prefix)
    end, start = [(token, vocab[token]) for token in ("[SEP]", "[CLS]")]
    if ends == "Bert":
        tokenizer.post_processor = processors.BertProcessing(end, start)
    else:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=[start, end]
        )
    named = {f"{token[1:-1].lower()}_token": token for token in SPECIAL}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **named)


def build_summarizer(tokenizer: PreTrainedTokenizerFast) -> Summarizer:
    """Build a tiny random BART that begins and ends with BERT's special tokens."""
    start, end = tokenizer.cls_token_id, tokenizer.sep_token_id
    torch.manual_seed(0)
    network = BartForConditionalGeneration(BartConfig(
        vocab_size=len(tokenizer), max_position_embeddings=64, d_model=16, encoder_layers=1, decoder_layers=2,
        encoder_ffn_dim=24, decoder_ffn_dim=24, encoder_attention_heads=2, decoder_attention_heads=2,
        pad_token_id=tokenizer.pad_token_id, bos_token_id=start, eos_token_id=end, decoder_start_token_id=end,
        forced_eos_token_id=end,
    ))  # fmt: skip
    network.generation_config.forced_bos_token_id = start
    network.final_logits_bias.normal_()
    return Summarizer(network.eval(), tokenizer)
