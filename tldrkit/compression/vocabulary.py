"""A smaller vocabulary: tokenizer and embeddings lose the tokens that the corpus hardly uses.

Knows unigram (T5, mBART, Pegasus), byte-level BPE (BART, our bases) and WordPiece tokenizers (BERT); special
and added tokens always stay. Does not choose how many are kept.
"""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from tldrkit.compression.calibration import NAME
from tldrkit.errors import CompressionError
from tldrkit.families.anatomy import find_blueprint, find_configs
from tldrkit.families.summarizer import Summarizer
from tldrkit.texts import count_noun

_NUMBERED = ("pad_token_id", "eos_token_id", "bos_token_id", "decoder_start_token_id", "forced_bos_token_id",
             "forced_eos_token_id", "begin_suppress_tokens", "suppress_tokens", "bad_words_ids")  # fmt: skip
_SIZES = ("vocab_size", "decoder_vocab_size")
_BYTE = re.compile("<0x[0-9A-F]{2}>")

_CHUNK = 1000  # texts tokenized together


@dataclass(frozen=True)
class Trimmed:
    """What is left of a vocabulary.

    Args:
        tokenizer: Writes with the tokens kept.
        kept: The old numbers of the tokens kept, in order: token i was ``kept[i]``.
    """

    tokenizer: PreTrainedTokenizerFast
    kept: list[int]


@dataclass(frozen=True)
class _Inventory:
    """What a tokenizer's model can write with.

    Args:
        tokens: All of them, by number.
        needed: Numbers of those without which some word could no longer be written.
        makers: For BPE, the two tokens that a token is merged from.
        unwritten: Numbers of those that come of no text.
    """

    tokens: list[str]
    needed: set[int]
    makers: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    unwritten: set[int] = field(default_factory=set)


def trim_by_use(
    summarizer: Summarizer, size: int, texts: Sequence[str], held_out: Sequence[str]
) -> dict[str, float]:
    """Keep the tokens that texts use most, in place, and measure on others what that loses.

    Every character (unigram), byte (BPE) or letter (WordPiece: a character at the start of a word, or inside
    one) that was a token stays one. So no word becomes unknown, if each of its letters has a token. WordPiece
    keeps all tokens of texts that hold a letter without one, but a word of such letters may become unknown:
    tokens are taken longest first, and a shorter one may end before a letter with which none begins.
    (Vocabularies are trained from letters, so BERT's have a token for each.)

    Args:
        summarizer: Its network and tokenizer are changed, unless it has no more tokens than are to be kept.
        size: Tokens kept.
        texts: The corpus whose use counts.
        held_out: Others; without any, nothing is measured.

    Returns:
        Tokens ``before`` and ``after``, and what ``measure_coverage`` returns.

    Raises:
        CompressionError: There are no texts, the tokenizer is of another kind, or so few tokens cannot write
            every word.
    """
    full = summarizer.tokenizer
    if size >= len(full):
        return {"before": len(full), "after": len(full)}
    if not texts:
        raise CompressionError("Tokens are chosen by their use in documents, and there are none.", hint=NAME)
    named = [n for config, name in _list_named(summarizer.network) for n in _flatten(getattr(config, name))]
    trimmed = trim_tokenizer(full, size, texts, named)
    keep_pieces(summarizer.network, trimmed.kept)
    summarizer.tokenizer = trimmed.tokenizer
    lost = measure_coverage(full, trimmed.tokenizer, held_out) if held_out else {}
    return {"before": len(full), "after": len(trimmed.kept)} | lost


def trim_tokenizer(
    tokenizer: PreTrainedTokenizerBase, size: int, texts: Sequence[str], named: Collection[int] = ()
) -> Trimmed:
    """Build a tokenizer of fewer tokens, those ``named`` among them; see ``trim_by_use``."""
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise CompressionError(
            "The vocabulary of this tokenizer, which is written in Python, cannot be trimmed.",
            hint="Leave vocab_size out, or give the model a tokenizer.json.",
        )
    content: dict[str, Any] = json.loads(tokenizer.backend_tokenizer.to_str())
    inventory = _take_inventory(tokenizer.backend_tokenizer, content["model"])
    added = {entry["id"] for entry in content["added_tokens"]}
    beyond = sorted(number for number in added if number >= len(inventory.tokens))
    needed = inventory.needed | {i for i in added.union(named) if i < len(inventory.tokens)}
    uses = _count_pieces(tokenizer, texts)
    kept = _choose_pieces(inventory, needed, uses, size - len(beyond)) + beyond
    _renumber(content, inventory.tokens, {old: new for new, old in enumerate(kept)})
    return Trimmed(rebuild_tokenizer(tokenizer, content), kept)


def keep_pieces(network: PreTrainedModel, kept: Sequence[int]) -> None:
    """Keep the embeddings of some tokens, and the head's rows, in place; the config's numbers follow."""
    index = torch.tensor(kept, device=network.device)
    numbers = {old: new for new, old in enumerate(kept)}
    blueprint = find_blueprint(network)
    named = {blueprint.embeddings, f"{blueprint.head}.weight", *(side.embeddings for side in blueprint.sides)}
    tables = {name: network.get_parameter(name) for name in named}
    smaller = {id(table): nn.Parameter(table.detach().index_select(0, index)) for table in tables.values()}
    for module in network.modules():  # several may share one table
        if isinstance(module, nn.Embedding | nn.Linear) and id(module.weight) in smaller:
            module.weight = smaller[id(module.weight)]
            size = "num_embeddings" if isinstance(module, nn.Embedding) else "out_features"
            setattr(module, size, len(kept))
            if isinstance(module, nn.Embedding) and module.padding_idx is not None:
                module.padding_idx = numbers.get(module.padding_idx)
    if blueprint.logits_bias:
        bias = network.get_buffer(blueprint.logits_bias)
        setattr(network, blueprint.logits_bias, bias.index_select(1, index))
    for config in find_configs(network):
        for name in _SIZES:
            if hasattr(config, name):
                setattr(config, name, len(kept))
    for config, name in _list_named(network):
        setattr(config, name, _translate(getattr(config, name), numbers))


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


def _list_named(network: PreTrainedModel) -> Iterator[tuple[Any, str]]:
    """List the fields of configs that name tokens, and the config of each."""
    for config in (*find_configs(network), network.generation_config):
        yield from ((config, name) for name in _NUMBERED if getattr(config, name, None) is not None)


def _flatten(value: Any) -> list[int]:  # noqa: ANN401  (a number, a list of some, or lists of lists)
    return [n for one in value for n in _flatten(one)] if isinstance(value, list) else [value]


def _translate(value: Any, numbers: Mapping[int, int]) -> Any:  # noqa: ANN401  (as above)
    return [_translate(one, numbers) for one in value] if isinstance(value, list) else numbers[value]


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


def _take_inventory(tokenizer: Tokenizer, model: Mapping[str, Any]) -> _Inventory:
    """Find what the model of a tokenizer.json writes with."""
    kind, vocab = model["type"], model["vocab"]
    if kind == "Unigram":
        tokens = [token for token, _ in vocab]
        bytes_ = (
            i for i, token in enumerate(tokens) if model.get("byte_fallback") and _BYTE.fullmatch(token)
        )
        return _Inventory(tokens, {model["unk_id"], *_find_spelling(tokens), *bytes_})
    if kind not in ("BPE", "WordPiece"):
        raise CompressionError(
            f"A vocabulary of the kind {kind} cannot be trimmed.", hint="Leave vocab_size out."
        )
    tokens = sorted(vocab, key=vocab.__getitem__)
    if [vocab[token] for token in tokens] != list(range(len(tokens))):
        raise CompressionError(
            f"The tokens of the vocabulary are not numbered from 0 to {len(tokens) - 1:,}.",
            hint="Leave vocab_size out, or renumber tokenizer.json and the embeddings together.",
        )
    if kind == "BPE":
        makers = {"".join(pair): pair for pair in map(_split_merge, model["merges"])}
        return _Inventory(tokens, {i for i, token in enumerate(tokens) if token not in makers}, makers)
    prefix = model["continuing_subword_prefix"]
    unwritten = {i for i, token in enumerate(tokens) if _is_split(tokenizer, token.removeprefix(prefix))}
    letters = [_list_letters(token, prefix) for token in tokens]
    needed = {
        i
        for i, (token, own) in enumerate(zip(tokens, letters, strict=True))
        if i not in unwritten and ([token] == own or not vocab.keys() >= set(own))
    }
    return _Inventory(tokens, needed | {vocab[model["unk_token"]]}, unwritten=unwritten)


def _split_merge(merge: str | list[str]) -> tuple[str, str]:
    first, second = merge.split(" ") if isinstance(merge, str) else merge
    return first, second


def _find_spelling(tokens: Sequence[str]) -> list[int]:
    """Find the shortest token for every character that a token holds."""
    shortest: dict[str, int] = {}
    for number in sorted(range(len(tokens)), key=lambda i: (len(tokens[i]), i)):
        for character in tokens[number]:
            shortest.setdefault(character, number)
    return list(shortest.values())


def _list_letters(token: str, prefix: str) -> list[str]:
    """List the characters of a WordPiece as tokens: of ``ab`` these are ``a`` and ``##b``."""
    letters = [prefix + character for character in token.removeprefix(prefix)]
    if letters and not token.startswith(prefix):
        letters[0] = token[0]
    return letters


def _is_split(tokenizer: Tokenizer, word: str) -> bool:
    """Tell whether a text of this word alone is more than one word, as BERT's ``[unused1]`` is three."""
    return tokenizer.pre_tokenizer is not None and len(tokenizer.pre_tokenizer.pre_tokenize_str(word)) > 1


def _choose_pieces(inventory: _Inventory, needed: set[int], uses: Mapping[int, int], size: int) -> list[int]:
    """Choose the needed tokens and, most used first, others with all they are merged from."""
    if len(needed) > size:
        raise CompressionError(
            f"{count_noun(size, 'token')} cannot write every word: that alone needs {len(needed):,}.",
            hint=f"Ask for a vocab_size of at least {len(needed):,}.",
        )
    tokens = inventory.tokens
    numbers = {token: number for number, token in enumerate(tokens)}
    kept = set(needed)
    for number in sorted(range(len(tokens)), key=lambda i: (-uses.get(i, 0), i in inventory.unwritten, i)):
        added = _find_makers(number, tokens, numbers, inventory.makers, kept)
        if len(kept) + len(added) <= size:
            kept |= added
        if len(kept) == size:
            break
    return sorted(kept)


def _find_makers(
    number: int,
    tokens: Sequence[str],
    numbers: Mapping[str, int],
    makers: Mapping[str, tuple[str, str]],
    kept: set[int],
) -> set[int]:
    """Find a token and all it is merged from that is not kept yet."""
    found: set[int] = set()
    open_tokens = [number]
    while open_tokens:
        token = open_tokens.pop()
        if token not in kept and token not in found:
            found.add(token)
            open_tokens += [numbers[part] for part in makers.get(tokens[token], ())]
    return found


def _renumber(content: dict[str, Any], tokens: Sequence[str], numbers: Mapping[int, int]) -> None:
    """Rewrite the content of a tokenizer.json for the tokens kept."""
    model = content["model"]
    if model["type"] == "Unigram":
        model["vocab"] = [entry for i, entry in enumerate(model["vocab"]) if i in numbers]
        model["unk_id"] = numbers[model["unk_id"]]
    else:
        model["vocab"] = {token: numbers[i] for i, token in enumerate(tokens) if i in numbers}
    if model["type"] == "BPE":
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
    """Renumber the special tokens that a post-processor sets around a text."""
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


def rebuild_tokenizer(
    tokenizer: PreTrainedTokenizerBase,
    content: Mapping[str, Any],
    **changes: Any,  # noqa: ANN401  (arguments of transformers)
) -> PreTrainedTokenizerFast:
    """Build a tokenizer from the content of a tokenizer.json, set up as another but for ``changes``."""
    named = tokenizer.special_tokens_map
    settings = {
        "model_max_length": tokenizer.model_max_length,
        "model_input_names": tokenizer.model_input_names,
        "split_special_tokens": tokenizer.split_special_tokens,
        "clean_up_tokenization_spaces": tokenizer.clean_up_tokenization_spaces,
        "extra_special_tokens": [one for one in tokenizer.all_special_tokens if one not in named.values()],
    }
    backend = Tokenizer.from_str(json.dumps({**content, "truncation": None, "padding": None}))
    return PreTrainedTokenizerFast(tokenizer_object=backend, **(settings | named | changes))
