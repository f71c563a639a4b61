"""Documents of many requests, written together: while one batch is written, the next one gathers.

Knows queues and one worker thread; knows nothing of HTTP or networks.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from tldrkit.errors import TldrkitError
from tldrkit.specs import AS_IT_IS, Search
from tldrkit.texts import count_noun

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


@dataclass(frozen=True)
class _Waiting(Generic[SummaryT]):
    style: Style
    document: str
    answer: asyncio.Future[SummaryT]


class Batcher(Generic[SummaryT]):
    """Takes documents, and has those of one style written together by one thread, the oldest first.

    Args:
        write: Writes summaries of documents of one style, in their order; called in a thread of its own.
        batch_size: Documents written together at most.
        most_waiting: Documents that may wait.
        watch: Told the number of documents of every batch.
    """

    def __init__(
        self,
        write: Callable[[Style, list[str]], list[SummaryT]],
        *,
        batch_size: int,
        most_waiting: int,
        watch: Callable[[int], None],
    ) -> None:
        self._write = write
        self._batch_size = batch_size
        self._most_waiting = most_waiting
        self._watch = watch
        self._waiting: deque[_Waiting[SummaryT]] = deque()
        self._arrived = asyncio.Event()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writing")

    @property
    def waiting(self) -> int:
        """Documents that wait now; those whose request was given up do not."""
        return sum(not one.answer.done() for one in self._waiting)

    async def submit(self, style: Style, documents: Sequence[str]) -> list[SummaryT]:
        """Wait for the summaries of documents; where the caller is cancelled, they are no longer written.

        Raises:
            Overloaded: They would be more than may wait; none of them is taken.
        """
        waiting = self.waiting
        if waiting + len(documents) > self._most_waiting:
            queue = count_noun(waiting, "document waits", "documents wait")
            raise Overloaded(f"The server is busy: {queue}. Try again in a moment.")
        loop = asyncio.get_running_loop()
        own = [_Waiting(style, document, loop.create_future()) for document in documents]
        self._waiting.extend(own)
        self._arrived.set()
        try:
            return list(await asyncio.gather(*(one.answer for one in own)))
        finally:
            for one in own:
                one.answer.cancel()

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

    def _take(self) -> list[_Waiting[SummaryT]]:
        """Take the oldest document, and those of its style that may go with it."""
        batch: list[_Waiting[SummaryT]] = []
        left: deque[_Waiting[SummaryT]] = deque()
        for one in (one for one in self._waiting if not one.answer.done()):
            fits = len(batch) < self._batch_size and (not batch or one.style == batch[0].style)
            (batch if fits else left).append(one)
        self._waiting = left
        if not left:
            self._arrived.clear()
        return batch

    async def _answer(self, batch: list[_Waiting[SummaryT]]) -> None:
        """Write a batch; where that fails, each document alone, so that one cannot fail the others."""
        documents = [one.document for one in batch]
        loop = asyncio.get_running_loop()
        try:
            texts = await loop.run_in_executor(self._thread, self._write, batch[0].style, documents)
        except Exception as error:
            if len(batch) == 1:
                if not batch[0].answer.done():
                    batch[0].answer.set_exception(error)
                return
            for one in batch:
                await self._answer([one])
            return
        self._watch(len(batch))
        for one, text in zip(batch, texts, strict=True):
            if not one.answer.done():
                one.answer.set_result(text)
