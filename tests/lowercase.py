"""A summarizer whose tokenizer knows lower case alone, with random weights."""

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import BartConfig, BartForConditionalGeneration, PreTrainedTokenizerFast

from tldrkit.families.summarizer import Summarizer

THREAD = "Zoë: NASA's café can't open, says Tim.\n\nTim: It did at 3.5 km."
"""A thread of words that the tokenizer knows."""

WRITTEN = "zoe says nasa ' s cafe can ' t open . it did at 3 . 5 km"
RESTORED = "Zoë says NASA's café can't open. It did at 3.5 km"


def build_tokenizer(*, lowercase: bool = True) -> PreTrainedTokenizerFast:
    """Build a WordPiece tokenizer of BERT's kind that knows the words of ``THREAD``."""
    normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    words = dict.fromkeys(
        word
        for word, _ in pre_tokenizers.BertPreTokenizer().pre_tokenize_str(normalizer.normalize_str(THREAD))
    )
    vocabulary = {word: number for number, word in enumerate(["[PAD]", "[SEP]", "[UNK]", *words])}
    backend = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    backend.normalizer = normalizer
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.decoder = decoders.WordPiece(cleanup=False)
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="[PAD]", eos_token="[SEP]", unk_token="[UNK]"
    )


def build_summarizer() -> Summarizer:
    """Build the summarizer."""
    tokenizer = build_tokenizer()
    torch.manual_seed(0)
    config = BartConfig(
        vocab_size=len(tokenizer), d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=24, decoder_ffn_dim=24, max_position_embeddings=64,
        pad_token_id=0, eos_token_id=1, bos_token_id=1, decoder_start_token_id=1, forced_eos_token_id=None,
    )  # fmt: skip
    return Summarizer(BartForConditionalGeneration(config).eval(), tokenizer)
