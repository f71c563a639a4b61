"""Summaries by a T5 on a processor: greedily, or by beam search; rows that have ended cost nothing more.

Writes what Hugging Face's ``generate`` writes. Knows token ids alone.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tldrkit.models.packed.decoder import PackedDecoder
from tldrkit.models.packed.kernels.choice import find_top, sum_exponentials

PLAIN_DEFAULTS = frozenset({
    "_from_model_config", "transformers_version", "decoder_start_token_id", "bos_token_id", "eos_token_id",
    "pad_token_id", "max_length", "max_new_tokens", "num_beams", "early_stopping", "length_penalty",
    "do_sample", "use_cache", "output_attentions", "output_hidden_states",
})  # fmt: skip
"""A network's generation defaults that are known here, or do not matter; with others it writes otherwise."""
_NEVER = -1e9
"""Score of what cannot be chosen."""

Rows = list[list[int]]


def write_greedily(
    decoder: PackedDecoder,
    sources: Sequence[Sequence[int]],
    max_tokens: int,
    ends: Collection[int],
    min_tokens: int = 0,
) -> Rows:
    """Write a summary of each source, with the most likely piece at every place.

    Args:
        decoder: Reads and scores.
        sources: Piece ids of each document.
        max_tokens: Longest summary.
        ends: Pieces that end a summary; the end is part of it.
        min_tokens: Pieces that come before the end at least.

    Returns:
        Piece ids of each summary.
    """
    batch = decoder.begin(sources, max_tokens)
    stops = sorted(ends)
    written: Rows = [[] for _ in sources]
    rows = list(range(len(sources)))  # which source each row of the batch is of
    pieces = torch.full((len(rows),), decoder.start)
    for place in range(max_tokens):
        logits = decoder.step(pieces, batch)
        if place < min_tokens:
            logits[:, stops] = float("-inf")
        pieces = torch.from_numpy(logits.float().numpy().argmax(-1))  # ten times as fast as torch's
        for row, piece in zip(rows, pieces.tolist(), strict=True):
            written[row].append(piece)
        going = [index for index, row in enumerate(rows) if written[row][-1] not in ends]
        if not going:
            break
        if len(going) < len(rows):
            kept = torch.tensor(going)
            rows, pieces = [rows[index] for index in going], pieces[kept]
            batch.keep_sources(kept)
    return written


@dataclass(frozen=True)
class Beams:
    """How beams are searched.

    Args:
        count: Beams of each source.
        length_penalty: Power of the length that a summary's log-probability is divided by.
        early_stopping: Whether a source is done once `count` summaries have ended, or only when none that
            goes on can become better.
        min_tokens: Pieces of a summary before its end at least.
    """

    count: int
    length_penalty: float = 1.0
    early_stopping: bool = False
    min_tokens: int = 0


@dataclass
class _Search:
    """Where the search of some sources stands.

    Shape:
        going: (sources, beams), log-probability of what goes on.
        pieces: (sources, beams, longest summary).
        ended: (sources, beams), score of the best that have ended, `_NEVER` where fewer have.
        texts: (sources, beams, longest summary), their pieces; -1 behind the end.
    """

    going: Tensor
    pieces: Tensor
    ended: Tensor
    texts: Tensor

    @classmethod
    def begin(cls, sources: int, beams: int, max_tokens: int) -> "_Search":
        """Begin with one beam: the others would say the same."""
        going = torch.full((sources, beams), _NEVER)
        going[:, 0] = 0.0
        texts = torch.full((sources, beams, max_tokens), -1)
        return cls(going, texts.clone(), torch.full((sources, beams), _NEVER), texts)

    def keep(self, kept: Tensor) -> None:
        """Keep some of the sources."""
        for name, tensor in vars(self).items():
            setattr(self, name, tensor[kept])


def write_by_beams(
    decoder: PackedDecoder,
    sources: Sequence[Sequence[int]],
    max_tokens: int,
    ends: Collection[int],
    beams: Beams,
) -> Rows:
    """Write a summary of each source: the best of a beam search.

    Args:
        decoder: Reads and scores.
        sources: Piece ids of each document.
        max_tokens: Longest summary.
        ends: Pieces that end a summary; the end is part of it.
        beams: The search.

    Returns:
        Piece ids of each summary.
    """
    batch = decoder.begin(sources, max_tokens, beams.count)
    search = _Search.begin(len(sources), beams.count, max_tokens)
    written: Rows = [[] for _ in sources]
    left = list(range(len(sources)))
    stops = torch.tensor(sorted(ends), dtype=torch.long)
    pieces = torch.full((len(sources) * beams.count,), decoder.start)
    for place in range(max_tokens):
        logits = decoder.step(pieces, batch)
        rows, pieces = _advance(search, logits, place, stops, beams)
        done = _find_done(search, place + 1, beams)
        if place + 1 == max_tokens:
            done[:] = True
        for index in done.nonzero().flatten().tolist():
            written[left[index]] = [piece for piece in search.texts[index, 0].tolist() if piece >= 0]
        if bool(done.all()):
            break
        batch.take_rows(rows)
        if bool(done.any()):
            kept = (~done).nonzero().flatten()
            left = [left[index] for index in kept.tolist()]
            pieces = pieces.view(-1, beams.count)[kept].flatten()
            search.keep(kept)
            batch.keep_sources(kept)
    return written


def _advance(
    search: _Search, logits: Tensor, place: int, stops: Tensor, beams: Beams
) -> tuple[Tensor, Tensor]:
    """Choose the continuations of every source.

    Returns:
        The row each beam goes on from, and its new piece. Shape of both: (sources * beams,).
    """
    count, last = beams.count, place + 1 == search.texts.shape[-1]
    logits = logits.float()
    total = torch.empty(len(logits))
    sum_exponentials(logits.numpy(), logits.amax(-1).numpy(), total.numpy())
    if place < beams.min_tokens:
        logits[:, stops] = float("-inf")
    # So many that beams enough are left where all the best ones end.
    wanted = max(2, 1 + len(stops)) * count
    likely = torch.empty(len(logits), min(wanted, logits.shape[1]))
    piece = torch.empty(likely.shape, dtype=torch.long)
    find_top(logits.numpy(), likely.numpy(), piece.numpy())
    shares = (likely - total[:, None]).view(*search.going.shape, -1) + search.going[..., None]
    best, flat = shares.flatten(1).topk(wanted)
    beam, piece = flat // shares.shape[-1], piece.view(len(flat), -1).gather(1, flat)
    ending = torch.isin(piece, stops) | last
    pieces = search.pieces.gather(1, beam[..., None].expand(-1, -1, search.pieces.shape[-1]))
    pieces[:, :, place] = piece

    score = best / (place + 1) ** beams.length_penalty
    score = score.masked_fill(~ending, _NEVER)[:, :count]
    ended, texts = torch.cat([search.ended, score], 1), torch.cat([search.texts, pieces[:, :count]], 1)
    search.ended, order = ended.topk(count)
    search.texts = _gather(texts, order)

    search.going, order = best.masked_fill(ending, _NEVER).topk(count)
    search.pieces = _gather(pieces, order)
    rows = torch.arange(len(beam))[:, None] * count + beam.gather(1, order)
    return rows.flatten(), piece.gather(1, order).flatten()


def _find_done(search: _Search, length: int, beams: Beams) -> Tensor:
    """Find the sources whose outcome is settled.

    Shape:
        result: (sources,).
    """
    done: Tensor = search.ended[:, -1] > _NEVER
    if not beams.early_stopping:
        done = done & (search.going[:, 0] / length**beams.length_penalty <= search.ended[:, -1])
    return done


def _gather(texts: Tensor, order: Tensor) -> Tensor:
    return texts.gather(1, order[..., None].expand(-1, -1, texts.shape[-1]))
