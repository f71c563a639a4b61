"""Summaries by a T5 on a processor: greedily, or by beam search; rows that have ended cost nothing more.

Writes what Hugging Face's ``generate`` writes. Knows token ids alone.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tldrkit.models.frozen.decoder import Decoder
from tldrkit.models.frozen.kernels.arrays import Floats, Integers
from tldrkit.models.frozen.kernels.choice import find_top, sum_exponentials

_NEVER = np.float32(-1e9)
"""Score of what cannot be chosen."""

Rows = list[list[int]]


def write_greedily(
    decoder: Decoder,
    sources: Sequence[Sequence[int]],
    max_tokens: int,
    ends: Collection[int],
    min_tokens: int = 0,
    threads: int = 1,
) -> Rows:
    """Write a summary of each source, with the most likely piece at every place.

    Args:
        decoder: Reads and scores.
        sources: Piece ids of each document.
        max_tokens: Longest summary.
        ends: Pieces that end a summary; the end is part of it.
        min_tokens: Pieces that come before the end at least.
        threads: Processor threads that share the work.

    Returns:
        Piece ids of each summary.
    """
    batch = decoder.begin(sources, max_tokens, threads=threads)
    stops = sorted(ends)
    written: Rows = [[] for _ in sources]
    rows = list(range(len(sources)))  # which source each row of the batch is of
    pieces = np.full(len(rows), decoder.start)
    for place in range(max_tokens):
        logits = decoder.step(pieces, batch)
        if place < min_tokens:
            logits[:, stops] = -np.inf
        pieces = logits.argmax(-1)
        for row, piece in zip(rows, pieces.tolist(), strict=True):
            written[row].append(piece)
        going = [index for index, row in enumerate(rows) if written[row][-1] not in ends]
        if not going:
            break
        if len(going) < len(rows):
            kept = np.array(going)
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

    going: Floats
    pieces: Integers
    ended: Floats
    texts: Integers

    @classmethod
    def begin(cls, sources: int, beams: int, max_tokens: int) -> "_Search":
        """Begin with one beam: the others would say the same."""
        going, ended = (np.full((sources, beams), _NEVER) for _ in range(2))
        going[:, 0] = 0.0
        pieces, texts = (np.full((sources, beams, max_tokens), -1) for _ in range(2))
        return cls(going, pieces, ended, texts)

    def keep(self, kept: Integers) -> None:
        """Keep some of the sources."""
        for name, array in vars(self).items():
            setattr(self, name, array[kept])


def write_by_beams(
    decoder: Decoder,
    sources: Sequence[Sequence[int]],
    max_tokens: int,
    ends: Collection[int],
    beams: Beams,
    threads: int = 1,
) -> Rows:
    """Write a summary of each source: the best of a beam search.

    Args:
        decoder: Reads and scores.
        sources: Piece ids of each document.
        max_tokens: Longest summary.
        ends: Pieces that end a summary; the end is part of it.
        beams: The search.
        threads: Processor threads that share the work.

    Returns:
        Piece ids of each summary.
    """
    batch = decoder.begin(sources, max_tokens, beams.count, threads)
    search = _Search.begin(len(sources), beams.count, max_tokens)
    written: Rows = [[] for _ in sources]
    left = list(range(len(sources)))
    stops = np.array(sorted(ends), np.int64)
    pieces = np.full(len(sources) * beams.count, decoder.start)
    for place in range(max_tokens):
        logits = decoder.step(pieces, batch)
        rows, pieces = _advance(search, logits, place, stops, beams)
        done = _find_done(search, place + 1, beams)
        if place + 1 == max_tokens:
            done[:] = True
        for index in done.nonzero()[0].tolist():
            written[left[index]] = [piece for piece in search.texts[index, 0].tolist() if piece >= 0]
        if done.all():
            break
        batch.take_rows(rows)
        if done.any():
            kept = (~done).nonzero()[0]
            left = [left[index] for index in kept.tolist()]
            pieces = pieces.reshape(-1, beams.count)[kept].ravel()
            search.keep(kept)
            batch.keep_sources(kept)
    return written


def _advance(
    search: _Search, logits: Floats, place: int, stops: Integers, beams: Beams
) -> tuple[Integers, Integers]:
    """Choose the continuations of every source.

    Returns:
        The row each beam goes on from, and its new piece. Shape of both: (sources * beams,).
    """
    count, last = beams.count, place + 1 == search.texts.shape[-1]
    total = np.empty(len(logits), np.float32)
    sum_exponentials(logits, logits.max(-1), total)
    if place < beams.min_tokens:
        logits[:, stops] = -np.inf
    # So many that beams enough are left where all the best ones end.
    wanted = max(2, 1 + len(stops)) * count
    likely = np.empty((len(logits), min(wanted, logits.shape[1])), np.float32)
    piece = np.empty(likely.shape, np.int64)
    find_top(logits, likely, piece)
    shares = (likely - total[:, None]).reshape(*search.going.shape, -1) + search.going[..., None]
    best, flat = _take_top(shares.reshape(len(shares), -1), wanted)
    beam, piece = flat // shares.shape[-1], np.take_along_axis(piece.reshape(len(flat), -1), flat, 1)
    ending = np.isin(piece, stops) | last
    pieces = np.take_along_axis(search.pieces, beam[..., None], 1)
    pieces[:, :, place] = piece

    score = np.where(ending, best / (place + 1) ** beams.length_penalty, _NEVER)[:, :count]
    texts = np.concatenate([search.texts, pieces[:, :count]], 1)
    search.ended, order = _take_top(np.concatenate([search.ended, score], 1), count)
    search.texts = np.take_along_axis(texts, order[..., None], 1)

    search.going, order = _take_top(np.where(ending, _NEVER, best), count)
    search.pieces = np.take_along_axis(pieces, order[..., None], 1)
    rows = np.arange(len(beam))[:, None] * count + np.take_along_axis(beam, order, 1)
    return rows.ravel(), np.take_along_axis(piece, order, 1).ravel()


def _take_top(scores: Floats, count: int) -> tuple[Floats, Integers]:
    """Take the largest few of each row, in descending order, and their places."""
    order = np.argsort(-scores, 1, kind="stable")[:, :count]
    return np.take_along_axis(scores, order, 1), order


def _find_done(search: _Search, length: int, beams: Beams) -> NDArray[np.bool_]:
    """Find the sources whose outcome is settled.

    Shape:
        result: (sources,).
    """
    done: NDArray[np.bool_] = search.ended[:, -1] > _NEVER
    if not beams.early_stopping:
        done &= search.going[:, 0] / length**beams.length_penalty <= search.ended[:, -1]
    return done
