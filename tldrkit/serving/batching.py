"""Documents of many requests, written together: while one batch is written, the next one gathers.

Knows queues and one worker thread; knows nothing of HTTP or networks.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from tldrkit.errors import TldrkitError
from tldrkit.specs import AS_IT_IS, Search
from tldrkit.texts import count_noun
from tldrkit.writing.long_threads import Listener, Told

DocumentT = TypeVar("DocumentT")
"""What is summarized."""
SummaryT = TypeVar("SummaryT")
"""What is written of a document."""

GATHERING = 0.005
"""Seconds a batch that is not full waits: clients that were answered together ask again together."""


class Overloaded(TldrkitError):  # noqa: N818  (names the state, as its reader would)
    """More documents wait than may."""


@dataclass(frozen=True)
class Style:
    """What documents of one batch have in common."""

    model: str
    min_tokens: int
    max_tokens: int
    num_beams: int
    search: Search = AS_IT_IS
    whole: bool = False
    """Whether documents must be read whole."""


@dataclass(frozen=True)
class _Waiting(Generic[DocumentT, SummaryT]):
    """A document and who waits for its summary: for the whole, and for pieces where a queue is there."""

    style: Style
    document: DocumentT
    answer: asyncio.Future[SummaryT]
    place: int = 0
    growing: asyncio.Queue[tuple[int, Told | None]] | None = None

    @property
    def is_gone(self) -> bool:
        return self.answer.done()

    @property
    def listens(self) -> bool:
        return self.growing is not None

    def hear(self, told: Told) -> None:
        assert self.growing
        with suppress(RuntimeError):  # the loop is closed: the server has stopped
            self.answer.get_loop().call_soon_threadsafe(self.growing.put_nowait, (self.place, told))


class Batcher(Generic[DocumentT, SummaryT]):
    """Takes documents, and has those of one style written together by one thread, the oldest first.

    Args:
        write: Writes summaries of documents of one style, in their order, with a listener for each; called in
            a thread of its own.
        batch_size: Documents written together at most.
        most_waiting: Documents that may wait.
        watch: Told the number of documents of every batch.
    """

    def __init__(
        self,
        write: Callable[[Style, list[DocumentT], Sequence[Listener]], list[SummaryT]],
        *,
        batch_size: int,
        most_waiting: int,
        watch: Callable[[int], None],
    ) -> None:
        self._write = write
        self._batch_size = batch_size
        self._most_waiting = most_waiting
        self._watch = watch
        self._waiting: deque[_Waiting[DocumentT, SummaryT]] = deque()
        self._arrived = asyncio.Event()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writing")

    @property
    def waiting(self) -> int:
        """Documents that wait now; those whose request was given up do not."""
        return sum(not one.is_gone for one in self._waiting)

    async def submit(self, style: Style, documents: Sequence[DocumentT]) -> list[SummaryT]:
        """Wait for the summaries of documents; where the caller is cancelled, they are written no further.

        Raises:
            Overloaded: They would be more than may wait; none of them is taken.
        """
        own = self._put(style, documents)
        try:
            return list(await asyncio.gather(*(one.answer for one in own)))
        finally:
            for one in own:
                one.answer.cancel()

    async def follow(
        self, style: Style, documents: Sequence[DocumentT]
    ) -> AsyncGenerator[tuple[int, Told | SummaryT], None]:
        """Yield the summaries of documents as they grow, each with its place, and each once it is whole.

        Where it is closed before the end, what is not whole is written no further.

        Raises:
            Overloaded: They would be more than may wait; none of them is taken.
        """
        growing: asyncio.Queue[tuple[int, Told | None]] = asyncio.Queue()
        own = self._put(style, documents, growing)

        def end(place: int, _: asyncio.Future[SummaryT]) -> None:
            growing.put_nowait((place, None))

        for one in own:
            one.answer.add_done_callback(partial(end, one.place))
        left = len(own)
        try:
            while left:
                place, told = await growing.get()
                left -= told is None
                yield place, await own[place].answer if told is None else told
        finally:
            for one in own:
                one.answer.cancel()

    def _put(
        self,
        style: Style,
        documents: Sequence[DocumentT],
        growing: asyncio.Queue[tuple[int, Told | None]] | None = None,
    ) -> list[_Waiting[DocumentT, SummaryT]]:
        waiting = self.waiting
        if waiting + len(documents) > self._most_waiting:
            queue = count_noun(waiting, "document waits", "documents wait")
            raise Overloaded(f"The server is busy: {queue}. Try again in a moment.")
        loop = asyncio.get_running_loop()
        own = [
            _Waiting(style, one, loop.create_future(), place, growing) for place, one in enumerate(documents)
        ]
        self._waiting.extend(own)
        self._arrived.set()
        return own

    async def run(self) -> None:
        """Have what waits written, until cancelled."""
        try:
            while True:
                await self._arrived.wait()
                if len(self._waiting) < self._batch_size:
                    await asyncio.sleep(GATHERING)
                batch = self._take()
                if batch:
                    await self._answer(batch)
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)

    def _take(self) -> list[_Waiting[DocumentT, SummaryT]]:
        """Take the oldest document, and those of its style that may go with it."""
        batch: list[_Waiting[DocumentT, SummaryT]] = []
        left: deque[_Waiting[DocumentT, SummaryT]] = deque()
        for one in (one for one in self._waiting if not one.is_gone):
            fits = len(batch) < self._batch_size and (not batch or one.style == batch[0].style)
            (batch if fits else left).append(one)
        self._waiting = left
        if not left:
            self._arrived.clear()
        return batch

    async def _answer(self, batch: list[_Waiting[DocumentT, SummaryT]]) -> None:
        """Write a batch; where that fails, each document alone, so that one cannot fail the others."""
        documents = [one.document for one in batch]
        loop = asyncio.get_running_loop()
        try:
            texts = await loop.run_in_executor(self._thread, self._write, batch[0].style, documents, batch)
        except Exception as error:
            if len(batch) == 1:
                if not batch[0].is_gone:
                    batch[0].answer.set_exception(error)
                return
            for one in batch:
                await self._answer([one])
            return
        self._watch(len(batch))
        for one, text in zip(batch, texts, strict=True):
            if not one.is_gone:
                one.answer.set_result(text)
