"""Threads in, summaries out, however long the threads are. Knows posts and tokens, not files.

Of a thread that the network cannot read at once it reads how the thread opens and ends, and the most central
posts between.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tldrkit.scoring.centrality import choose_central, trace_sentence
from tldrkit.specs import SummarizeSpec
from tldrkit.threads import Post, Thread
from tldrkit.writing.decoding import Decoding
from tldrkit.writing.generation import Generated
from tldrkit.writing.loaded import Loaded, build_generator
from tldrkit.writing.sentences import drop_unfinished, is_finished, split_sentences

CountTokens = Callable[[Sequence[str]], list[int]]
Ending = Literal["whole", "shortened", "cut"]

_BETWEEN = 2  # tokens that may stand between two posts
_TITLE = 0.25  # of the room, at most; a longer title is left out
_PIECE = 0.25  # of the room, at most; a longer post is taken apart
_SMALLEST = 16  # tokens of a piece that is not taken apart further


class Piece(NamedTuple):
    """A post, or a part of a long one: the place of the post from 0, its text, and its tokens."""

    place: int
    text: str
    tokens: int


@dataclass(frozen=True)
class Reading:
    """What the network reads of a thread, the places, from 0, of the posts in it, and whether that is all."""

    text: str
    posts: tuple[int, ...]
    whole: bool = True


@dataclass(frozen=True)
class Sentence:
    """A sentence of a summary, and the places of the posts it most likely came from, from 0."""

    text: str
    posts: tuple[int, ...]


@dataclass(frozen=True)
class Summary:
    """What a thread comes down to.

    Args:
        text: The summary.
        ending: Whether its last sentence is whole, an unfinished one was left out, or the only one is cut.
        posts: Places of the posts that were read, from 0: all, but of a long thread.
        sentences: Those of the text.
        unfamiliar: Why the thread is far from what the network knows, in a clause; empty where it is not.
        tokens: Written for it.
    """

    text: str
    ending: Ending
    posts: tuple[int, ...]
    sentences: tuple[Sentence, ...]
    unfamiliar: str = ""
    tokens: int = 0

    def describe(self) -> dict[str, Any]:
        """Describe it as JSON values, as records of threads have it."""
        sources = [{"sentence": one.text, "posts": list(one.posts)} for one in self.sentences]
        told = {
            "ending": self.ending,
            "summary": self.text,
            "sources": sources,
            "posts_used": len(self.posts),
        }
        return told | ({"unfamiliar": self.unfamiliar} if self.unfamiliar else {})

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Told:
    """A summary that is being written: the text so far, which stays, and the last token read for it."""

    text: str
    token: int


class Listener(Protocol):
    """Who waits for one summary while it is written; called from any thread."""

    @property
    def is_gone(self) -> bool:
        """Whether nobody waits any more; then it is not written further."""

    @property
    def listens(self) -> bool:
        """Whether to tell it the summary as it grows."""

    def hear(self, told: Told, /) -> None:
        """Hear how far it is; once more when it is done."""


class ThreadSummarizer:
    """Summarizes threads with one network.

    Args:
        summarizer: What writes: a network and its tokenizer, or what does without.
        spec: Lengths and search.
        threads: Processor threads that write; all where it is not said.
    """

    def __init__(
        self,
        summarizer: Loaded,
        spec: SummarizeSpec,
        threads: int | None = None,
    ) -> None:
        self.decoding = decode_threads(spec, threads)
        self.parameters = summarizer.parameters
        self._read = build_reader(summarizer.tokenizer, self.decoding)
        self._write = build_generator(summarizer, self.decoding)

    def with_decoding(self, decoding: Decoding) -> "ThreadSummarizer":
        """Summarize with the same network in another way; threads are read as before."""
        other = copy.copy(self)
        other.decoding = decoding
        other._write = self._write.with_decoding(decoding)
        return other

    def reads_whole(self, thread: Thread) -> bool:
        """Tell whether all of a thread is read, and nothing of it left out."""
        return self._read(thread).whole

    def __call__(self, threads: Sequence[Thread], listeners: Sequence[Listener] = ()) -> list[Summary]:
        """Summarize threads, results in the order given.

        Args:
            threads: Any number.
            listeners: One for each thread, or none at all.
        """
        readings = list(map(self._read, threads))
        texts = [reading.text for reading in readings]
        unfolding = {
            place: self._write.unfold(texts[place]) for place, one in enumerate(listeners) if one.listens
        }

        def follow(place: int, tokens: NDArray[np.int64]) -> bool:
            text = unfolding.get(place)
            if text and text.read(tokens):
                listeners[place].hear(Told(text.text, text.token))
            return not listeners[place].is_gone

        written = self._write(texts, follow=follow if listeners else None)
        summaries = [_complete(*given) for given in zip(threads, readings, written, strict=True)]
        for place, text in unfolding.items():
            listeners[place].hear(Told(summaries[place].text, text.token))
        return summaries


def build_reader(tokenizer: Callable[..., Any], decoding: Decoding) -> Callable[[Thread], Reading]:
    """Build what reads of a thread as much as a network does, beside prefix and marks."""
    room = measure_room(tokenizer, decoding.prefix, decoding.max_source_tokens)
    return partial(reduce_thread, count=count_with(tokenizer), room=room)


def measure_room(tokenizer: Callable[..., Any], prefix: str, max_source_tokens: int) -> int:
    """Measure how many tokens of a thread are read beside the prefix and the marks, of which BART has two."""
    return max(1, max_source_tokens - len(tokenizer([prefix])["input_ids"][0]))


def decode_threads(spec: SummarizeSpec, threads: int | None = None) -> Decoding:
    """Read from a spec how summaries of threads are written."""
    fewest, most = spec.token_range
    return Decoding(
        prefix=spec.taught.prefix,
        max_source_tokens=spec.taught.max_source_tokens,
        max_target_tokens=most,
        num_beams=spec.num_beams,
        batch_size=spec.batch_size,
        min_target_tokens=fewest,
        precision=spec.precision,
        threads=threads,
        restore_case=spec.restore_case,
        search=spec.search,
    )


def _complete(thread: Thread, reading: Reading, written: Generated) -> Summary:
    text, ending = drop_cut_sentence(written)
    texts = [thread.posts[place].text for place in reading.posts]
    sentences = (
        Sentence(one, tuple(reading.posts[found] for found in trace_sentence(one, texts)))
        for one in split_sentences(text)
    )
    return Summary(text, ending, reading.posts, tuple(sentences), written.unfamiliar, written.tokens)


def drop_cut_sentence(written: Generated) -> tuple[str, Ending]:
    """Leave out the last sentence where no tokens were left to end it, unless it is the only one."""
    if written.ended:
        return written.text, "whole"
    text = drop_unfinished(written.text)
    if text != written.text:
        return text, "shortened"
    return text, "whole" if is_finished(text) else "cut"


def count_with(tokenizer: Callable[..., Any]) -> CountTokens:
    """Build what counts the tokens of texts, without an end mark."""

    def count(texts: Sequence[str]) -> list[int]:
        if not texts:  # the tokenizer refuses an empty list
            return []
        ids = tokenizer(list(texts), add_special_tokens=False, truncation=False, verbose=False)["input_ids"]
        return [len(row) for row in ids]

    return count


def reduce_thread(thread: Thread, count: CountTokens, room: int) -> Reading:
    """Reduce a thread to ``room`` tokens: its title, its first and last posts, and its most central ones.

    The posts keep their order. Long ones are taken apart near their middles, at the end of a line, a sentence
    or a word, and count by their pieces.
    """
    document = thread.document()
    if count([document])[0] <= room:
        return Reading(document, tuple(range(len(thread.posts))))
    title = count([thread.title])[0] + _BETWEEN
    has_place = thread.title and title <= _TITLE * room and room - title >= _SMALLEST
    heads, room = ([thread.title], room - title) if has_place else ([], room)
    pieces = _split_posts(thread.posts, count, max(_SMALLEST, int(_PIECE * room)))
    texts, costs = [piece.text for piece in pieces], [piece.tokens for piece in pieces]
    chosen = choose_central(texts, costs, room, sure=(0, len(pieces) - 1))
    places = dict.fromkeys(pieces[number].place for number in chosen)
    text = "\n\n".join([*heads, *(texts[number] for number in chosen)])
    return Reading(text, tuple(places), whole=False)


def _split_posts(posts: Sequence[Post], count: CountTokens, most: int) -> list[Piece]:
    """Render posts, those of more than ``most`` tokens in pieces."""
    waiting = [(place, post.document()) for place, post in enumerate(posts)]
    done: list[tuple[int, int, Piece]] = []  # with where it begins in its post, which orders the pieces
    begins = [0] * len(waiting)
    while waiting:
        halves, starts = [], []
        costs = count([text for _, text in waiting])
        for (place, text), begin, cost in zip(waiting, begins, costs, strict=True):
            if cost + _BETWEEN <= most or len(text) < 2:
                done.append((place, begin, Piece(place, text.strip(), cost + _BETWEEN)))
                continue
            middle = _find_middle(text)
            halves += [(place, text[:middle]), (place, text[middle:])]
            starts += [begin, begin + middle]
        waiting, begins = halves, starts
    return [piece for _, _, piece in sorted(done) if piece.text]


def _find_middle(text: str) -> int:
    """Find where to split a text near its middle: behind a line, else a sentence, else a word."""
    middle = len(text) // 2
    for mark in ("\n", ". ", " "):
        before = text.rfind(mark, middle // 2, middle)
        behind = text.find(mark, middle, middle + middle // 2)
        ends = [place + len(mark) for place in (before, behind) if place >= 0]
        if ends:
            return min(ends, key=lambda end: abs(end - middle))
    return middle
