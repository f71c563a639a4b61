"""A smaller vocabulary: tokenizer and embeddings lose the pieces that the corpus hardly uses.

Knows the unigram and byte-level BPE tokenizers of T5, BART and our bases; special and added pieces always
stay. Does not choose how many are kept.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from tldrkit.errors import CompressionError
from tldrkit.models.anatomy import find_configs
from tldrkit.models.summarizer import Summarizer

_NUMBERED = ("pad_token_id", "eos_token_id", "bos_token_id", "decoder_start_token_id", "forced_bos_token_id",
             "forced_eos_token_id")  # fmt: skip

_TABLES = ("shared", "embed_tokens", "lm_head")  # with a row for every piece
_CHUNK = 1000  # texts tokenized together


@dataclass(frozen=True)
class Trimmed:
    """What is left of a vocabulary.

    Args:
        tokenizer: Writes with the pieces kept.
        kept: The old numbers of the pieces kept, in order: piece i was ``kept[i]``.
    """

    tokenizer: PreTrainedTokenizerFast
    kept: list[int]


def trim_vocabulary(summarizer: Summarizer, size: int, texts: Sequence[str]) -> dict[str, int]:
    """Keep the pieces that the texts use most, in place.

    Every character (unigram) or byte (BPE) that was a piece stays one, so that any word can still be written.

    Args:
        summarizer: Its network and tokenizer are changed.
        size: Pieces kept.
        texts: The corpus whose use counts.

    Returns:
        Pieces before and after.

    Raises:
        CompressionError: The tokenizer is of another kind, or so few pieces cannot write every word.
    """
    network, tokenizer = summarizer.network, summarizer.tokenizer
    trimmed = trim_tokenizer(tokenizer, size, texts)
    keep_pieces(network, trimmed.kept)
    summarizer.tokenizer = trimmed.tokenizer
    return {"before": len(tokenizer), "after": len(trimmed.kept)}


def trim_tokenizer(tokenizer: PreTrainedTokenizerBase, size: int, texts: Sequence[str]) -> Trimmed:
    """Build a tokenizer of fewer pieces; see ``trim_vocabulary``."""
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise CompressionError(
            f"The vocabulary of a {type(tokenizer).__name__} cannot be trimmed.",
            hint="Leave vocab_size out, or give the model a tokenizer.json.",
        )
    content: dict[str, Any] = json.loads(tokenizer.backend_tokenizer.to_str())
    model = content["model"]
    uses = _count_pieces(tokenizer, texts)
    if model["type"] == "Unigram":
        pieces = [piece for piece, _ in model["vocab"]]
        needed = {model["unk_id"], *_find_spelling(pieces)}
        makers: dict[str, tuple[str, str]] = {}
    elif model["type"] == "BPE":
        pieces = sorted(model["vocab"], key=model["vocab"].__getitem__)
        makers = {"".join(pair): pair for pair in map(_split_merge, model["merges"])}
        needed = {i for i, piece in enumerate(pieces) if piece not in makers}
    else:
        raise CompressionError(
            f"A vocabulary of the kind {model['type']} cannot be trimmed.", hint="Leave vocab_size out."
        )
    needed |= {entry["id"] for entry in content["added_tokens"] if entry["id"] < len(pieces)}
    beyond = sorted(entry["id"] for entry in content["added_tokens"] if entry["id"] >= len(pieces))
    kept = _choose_pieces(pieces, makers, needed, uses, size - len(beyond)) + beyond
    _renumber(content, pieces, {old: new for new, old in enumerate(kept)})
    return Trimmed(_rebuild_tokenizer(tokenizer, content), kept)


def keep_pieces(network: PreTrainedModel, kept: Sequence[int]) -> None:
    """Keep the embeddings of some pieces, and the head's rows, in place; the config's numbers follow."""
    index = torch.tensor(kept, device=network.device)
    done: dict[int, nn.Parameter] = {}
    for path, module in network.named_modules():
        if path.rpartition(".")[2] in _TABLES and isinstance(module, nn.Embedding | nn.Linear):
            weight = module.weight
            if id(weight) not in done:
                done[id(weight)] = nn.Parameter(weight.detach().index_select(0, index))
            module.weight = done[id(weight)]
            size = "num_embeddings" if isinstance(module, nn.Embedding) else "out_features"
            setattr(module, size, len(kept))
    if hasattr(network, "final_logits_bias"):  # BART's
        network.final_logits_bias = network.final_logits_bias.index_select(1, index)
    numbers = {old: new for new, old in enumerate(kept)}
    for config in (*find_configs(network), network.generation_config):
        if hasattr(config, "vocab_size"):
            config.vocab_size = len(kept)
        for name in _NUMBERED:
            old = getattr(config, name, None)
            if old is not None:
                new = [numbers[i] for i in old] if isinstance(old, list) else numbers[old]
                setattr(config, name, new)


def measure_coverage(
    before: PreTrainedTokenizerBase, after: PreTrainedTokenizerBase, texts: Sequence[str]
) -> dict[str, float]:
    """Measure on texts what a trimmed tokenizer loses.

    Returns:
        ``changed``: share of texts that come back otherwise than through the full tokenizer.
        ``unknown_before``, ``unknown_after``: share of the tokens that are unknown.
        ``longer``: tokens over those of the full tokenizer.
    """
    tokens = [_encode(tokenizer, texts) for tokenizer in (before, after)]
    back = [
        t.batch_decode(rows, skip_special_tokens=True)
        for t, rows in zip((before, after), tokens, strict=True)
    ]
    counts = [sum(map(len, rows)) for rows in tokens]
    unknown = [
        sum(row.count(tokenizer.unk_token_id) for row in rows)
        for tokenizer, rows in zip((before, after), tokens, strict=True)
    ]
    return {
        "changed": sum(one != other for one, other in zip(*back, strict=True)) / len(texts),
        "unknown_before": unknown[0] / counts[0],
        "unknown_after": unknown[1] / counts[1],
        "longer": counts[1] / counts[0],
    }


def _encode(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> list[list[int]]:
    tokenizer.backend_tokenizer.no_truncation()  # as its last caller may have left it
    tokenizer.backend_tokenizer.no_padding()
    encoded = tokenizer.backend_tokenizer.encode_batch(list(texts), add_special_tokens=False)
    return [one.ids for one in encoded]


def _count_pieces(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> Mapping[int, int]:
    counts: Counter[int] = Counter()
    for start in range(0, len(texts), _CHUNK):
        for ids in _encode(tokenizer, texts[start : start + _CHUNK]):
            counts.update(ids)
    return counts


def _split_merge(merge: str | list[str]) -> tuple[str, str]:
    first, second = merge.split(" ") if isinstance(merge, str) else merge
    return first, second


def _find_spelling(pieces: Sequence[str]) -> list[int]:
    """Find the shortest piece for every character that a piece holds."""
    shortest: dict[str, int] = {}
    for number in sorted(range(len(pieces)), key=lambda i: (len(pieces[i]), i)):
        for character in pieces[number]:
            shortest.setdefault(character, number)
    return list(shortest.values())


def _choose_pieces(
    pieces: Sequence[str],
    makers: Mapping[str, tuple[str, str]],
    needed: set[int],
    uses: Mapping[int, int],
    size: int,
) -> list[int]:
    """Choose the needed pieces and, most used first, others with all they are merged from."""
    if len(needed) > size:
        raise CompressionError(
            f"{size:,} pieces cannot write every word: {len(needed):,} are needed for that alone.",
            hint=f"Ask for a vocab_size of at least {len(needed):,}.",
        )
    numbers = {piece: number for number, piece in enumerate(pieces)}
    kept = set(needed)
    for number in sorted(range(len(pieces)), key=lambda i: (-uses.get(i, 0), i)):
        added = _find_makers(number, pieces, numbers, makers, kept)
        if len(kept) + len(added) <= size:
            kept |= added
        if len(kept) == size:
            break
    return sorted(kept)


def _find_makers(
    number: int,
    pieces: Sequence[str],
    numbers: Mapping[str, int],
    makers: Mapping[str, tuple[str, str]],
    kept: set[int],
) -> set[int]:
    """Find a piece and all it is merged from that is not kept yet."""
    found: set[int] = set()
    open_pieces = [number]
    while open_pieces:
        piece = open_pieces.pop()
        if piece not in kept and piece not in found:
            found.add(piece)
            open_pieces += [numbers[part] for part in makers.get(pieces[piece], ())]
    return found


def _renumber(content: dict[str, Any], pieces: Sequence[str], numbers: Mapping[int, int]) -> None:
    """Rewrite the content of a tokenizer.json for the pieces kept."""
    model = content["model"]
    if model["type"] == "Unigram":
        model["vocab"] = [entry for i, entry in enumerate(model["vocab"]) if i in numbers]
        model["unk_id"] = numbers[model["unk_id"]]
    else:
        model["vocab"] = {piece: numbers[i] for i, piece in enumerate(pieces) if i in numbers}
        known = model["vocab"]
        model["merges"] = [
            merge
            for merge in model["merges"]
            if all(part in known for part in (*_split_merge(merge), "".join(_split_merge(merge))))
        ]
    for entry in content["added_tokens"]:
        entry["id"] = numbers[entry["id"]]
    _renumber_ends(content.get("post_processor"), numbers)


def _renumber_ends(part: Any, numbers: Mapping[int, int]) -> None:  # noqa: ANN401  (any JSON value)
    """Renumber the special pieces that a post-processor sets around a text."""
    if not isinstance(part, dict):
        return
    for inner in part.get("processors", ()):
        _renumber_ends(inner, numbers)
    if part.get("type") == "TemplateProcessing":
        for special in part["special_tokens"].values():
            special["ids"] = [numbers[number] for number in special["ids"]]
    for end in ("sep", "cls"):  # RoBERTa's and BERT's
        if end in part:
            part[end][1] = numbers[part[end][1]]


def _rebuild_tokenizer(
    tokenizer: PreTrainedTokenizerFast, content: Mapping[str, Any]
) -> PreTrainedTokenizerFast:
    """Build a tokenizer of any class from the content of its tokenizer.json alone."""
    named = tokenizer.special_tokens_map
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(content)),
        model_max_length=tokenizer.model_max_length,
        split_special_tokens=tokenizer.split_special_tokens,
        clean_up_tokenization_spaces=tokenizer.clean_up_tokenization_spaces,
        extra_special_tokens=[token for token in tokenizer.all_special_tokens if token not in named.values()],
        **named,
    )
