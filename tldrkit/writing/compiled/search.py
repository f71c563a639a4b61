"""Greedy decoding and beam search in the compiled engine; summaries that have ended cost nothing more.

They end with the tokens that transformers' ``generate`` ends with. Knows token ids alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tldrkit.specs.search import EarlyStopping
from tldrkit.writing.compiled.decoder import Decoder
from tldrkit.writing.compiled.kernels.arrays import Floats, Integers
from tldrkit.writing.compiled.kernels.choice import find_top, sum_exponentials
from tldrkit.writing.compiled.rules import Rules

_NEVER = np.float32(-1e9)
"""Score of beams that are not there, as transformers has it: worse than any other."""

Rows = list[list[int]]

Follow = Callable[[int, Integers], bool]
"""Told the index of a source and the tokens of its summary that will stay; answers if it is still wanted.

The tokens are a view of an array that changes later.
"""


def write_greedily(
    decoder: Decoder,
    sources: Sequence[Sequence[int]],
    max_tokens: int,
    rules: Rules,
    threads: int = 1,
    *,
    follow: Follow | None = None,
) -> Rows:
    """Write a summary of each source, with the most likely token at every place.

    Args:
        decoder: Reads and scores.
        sources: Token ids of each document.
        max_tokens: Longest summary.
        rules: What may come where; an end is part of its summary.
        threads: Processor threads that share the work.
        follow: Told after every token how far each summary is.

    Returns:
        Token ids of each summary; of one that is not wanted any more, those written so far.
    """
    batch = decoder.begin(sources, max_tokens, threads=threads)
    stops = np.array(sorted(rules.ends), np.int64)
    texts = np.full((len(sources), 1 + max_tokens), decoder.start)
    lengths = np.full(len(sources), max_tokens)
    rows = np.arange(len(sources))  # which source each row of the batch is of
    for place in range(max_tokens):
        logits = decoder.step(texts[rows, place], batch)
        rules.apply(logits, texts[rows, : place + 1], max_tokens)
        tokens = logits.argmax(-1)
        texts[rows, place + 1] = tokens
        ended = np.isin(tokens, stops)
        if follow:
            ended |= [not follow(source, texts[source, 1 : place + 2]) for source in rows.tolist()]
        lengths[rows[ended]] = place + 1
        if ended.all():
            break
        if ended.any():
            kept = (~ended).nonzero()[0]
            rows = rows[kept]
            batch.keep_sources(kept)
    return [text[1 : 1 + length].tolist() for text, length in zip(texts, lengths, strict=True)]


@dataclass(frozen=True)
class Beams:
    """How beams are searched.

    Args:
        count: Beams of each source.
        length_penalty: Power of the length that a summary's log-probability is divided by.
        early_stopping: When a source is done, of which `count` summaries have ended: at once (True), or as
            soon as the best beam that goes on would score no better than the worst of them. Its score is
            taken at its present length (False); or, where `length_penalty` is positive, at the longest
            length that a summary may have ("never").
    """

    count: int
    length_penalty: float = 1.0
    early_stopping: EarlyStopping = False


@dataclass
class _Search:
    """The state of a beam search: the beams that go on, and the best summaries that have ended.

    Shape:
        going: (sources, beams), log-probabilities of the beams that go on, in descending order.
        tokens: (sources, beams, 1 + longest summary), their tokens behind the start mark; -1 for none yet.
        ended: (sources, beams), scores of the best summaries that have ended, in descending order; `_NEVER`
            where fewer have. A score is a log-probability over a power of the length (``Beams``).
        texts: (sources, beams, 1 + longest summary), their tokens behind the start mark; -1 behind the end.
    """

    going: Floats
    tokens: Integers
    ended: Floats
    texts: Integers

    @classmethod
    def begin(cls, sources: int, beams: int, max_tokens: int, start: int) -> "_Search":
        """Begin with one beam of each source: others would choose the same tokens."""
        going, ended = (np.full((sources, beams), _NEVER) for _ in range(2))
        going[:, 0] = 0.0
        tokens, texts = (np.full((sources, beams, 1 + max_tokens), -1) for _ in range(2))
        tokens[..., 0] = start
        return cls(going, tokens, ended, texts)

    def keep(self, kept: Integers) -> None:
        """Drop all sources but some.

        Shape:
            kept: (sources kept,), their indices, ascending.
        """
        for name, array in vars(self).items():
            setattr(self, name, array[kept])


def write_by_beams(
    decoder: Decoder,
    sources: Sequence[Sequence[int]],
    max_tokens: int,
    rules: Rules,
    beams: Beams,
    threads: int = 1,
    *,
    follow: Follow | None = None,
) -> Rows:
    """Write a summary of each source: the best of a beam search.

    Args:
        decoder: Reads and scores.
        sources: Token ids of each document.
        max_tokens: Longest summary.
        rules: What may come where; an end is part of its summary.
        beams: The search.
        threads: Processor threads that share the work.
        follow: Told after every token how far each summary is: the tokens that all beams agree on which can
            still win.

    Returns:
        Token ids of each summary; of one that is not wanted any more, of the best that has ended, if any.
    """
    batch = decoder.begin(sources, max_tokens, beams.count, threads)
    search = _Search.begin(len(sources), beams.count, max_tokens, decoder.start)
    written: Rows = [[] for _ in sources]
    left = list(range(len(sources)))
    tokens = np.full(len(sources) * beams.count, decoder.start)
    for place in range(max_tokens):
        logits = decoder.step(tokens, batch)
        rows, tokens = _advance(search, logits, place, rules, beams)
        done = _find_done(search, place + 1, beams)
        if place + 1 == max_tokens:
            done[:] = True
        if follow:
            agreed = _find_agreed(search, place + 1)
            done |= [not follow(*told) for told in zip(left, agreed, strict=True)]
        for index in done.nonzero()[0].tolist():
            written[left[index]] = [token for token in search.texts[index, 0, 1:].tolist() if token >= 0]
        if done.all():
            break
        batch.take_rows(rows)
        if done.any():
            kept = (~done).nonzero()[0]
            left = [left[index] for index in kept.tolist()]
            tokens = tokens.reshape(-1, beams.count)[kept].ravel()
            search.keep(kept)
            batch.keep_sources(kept)
    return written


def _advance(
    search: _Search, logits: Floats, place: int, rules: Rules, beams: Beams
) -> tuple[Integers, Integers]:
    """Choose the next token of every beam, and take note of summaries that end.

    Args:
        search: The state, changed.
        logits: Of the next tokens, changed.
        place: Tokens that each beam has so far.
        rules: What may come where.
        beams: The search.

    Shape:
        logits: (sources * beams, vocabulary).

    Returns:
        The row each beam goes on from, and its new token. Shape of both: (sources * beams,).
    """
    count, longest = beams.count, search.texts.shape[-1] - 1
    stops = np.array(sorted(rules.ends), np.int64)
    total = np.empty(len(logits), np.float32)
    sum_exponentials(logits, logits.max(-1), total)
    rules.apply(logits, search.tokens[..., : place + 1].reshape(len(logits), -1), longest, total)
    # So many that enough go on even if every beam's best tokens are end marks, as in transformers.
    wanted = max(2, 1 + len(stops)) * count
    likely = np.empty((len(logits), min(wanted, logits.shape[1])), np.float32)
    token = np.empty(likely.shape, np.int64)
    find_top(logits, likely, token)
    shares = (likely - total[:, None]).reshape(*search.going.shape, -1) + search.going[..., None]
    best, flat = _take_top(shares.reshape(len(shares), -1), wanted)
    beam, token = flat // shares.shape[-1], np.take_along_axis(token.reshape(len(flat), -1), flat, 1)
    ending = np.isin(token, stops) | (place + 1 == longest)
    tokens = np.take_along_axis(search.tokens, beam[..., None], 1)
    tokens[:, :, place + 1] = token

    score = np.where(ending, best / (place + 1) ** beams.length_penalty, _NEVER)[:, :count]
    texts = np.concatenate([search.texts, tokens[:, :count]], 1)
    search.ended, order = _take_top(np.concatenate([search.ended, score], 1), count)
    search.texts = np.take_along_axis(texts, order[..., None], 1)

    search.going, order = _take_top(np.where(ending, _NEVER, best), count)
    search.tokens = np.take_along_axis(tokens, order[..., None], 1)
    rows = np.arange(len(beam))[:, None] * count + np.take_along_axis(beam, order, 1)
    return rows.ravel(), np.take_along_axis(token, order, 1).ravel()


def _find_agreed(search: _Search, length: int) -> list[Integers]:
    """Find the tokens of each source that its summary will begin with, whichever beam wins.

    That is what the beams that go on have in common with each other, and with the best that has ended.
    """
    written = (search.texts[:, :1, 1 : length + 1], search.tokens[..., 1 : length + 1])
    tokens = np.concatenate(written, 1)
    wins = np.concatenate([search.ended[:, :1], search.going], 1) > _NEVER / 2
    first = np.take_along_axis(tokens, wins.argmax(1)[:, None, None], 1)
    same = ((tokens == first) | ~wins[..., None]).all(1)
    counts = np.logical_and.accumulate(same & (first[:, 0] >= 0), 1).sum(1)
    return [row[:count] for row, count in zip(first[:, 0], counts, strict=True)]


def _take_top(scores: Floats, count: int) -> tuple[Floats, Integers]:
    """Take the largest few of each row, in descending order, and their places."""
    order = np.argsort(-scores, 1, kind="stable")[:, :count]
    return np.take_along_axis(scores, order, 1), order


def _find_done(search: _Search, length: int, beams: Beams) -> NDArray[np.bool_]:
    """Find the sources whose outcome is settled, as ``_check_early_stop_heuristic`` of transformers does.

    Args:
        search: Where the search of the sources stands.
        length: Tokens of each beam that goes on.
        beams: How beams are searched.

    Shape:
        result: (sources,).
    """
    done: NDArray[np.bool_] = search.ended[:, -1] > _NEVER
    if beams.early_stopping is not True:
        if beams.early_stopping == "never" and beams.length_penalty > 0:
            length = search.texts.shape[-1] - 1
        done &= search.going[:, 0] / length**beams.length_penalty <= search.ended[:, -1]
    return done
