import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from contextlib import aclosing

import pytest

from tldrkit.serving.batching import Batcher, Overloaded, Style
from tldrkit.writing.long_threads import Listener, Told

Write = Callable[[Style, list[str], Sequence[Listener]], list[str]]

STYLE = Style("model", 0, 16, 4)
OTHER = Style("model", 0, 16, 1)


def shout(_: Style, documents: list[str], listeners: Sequence[Listener]) -> list[str]:
    """Write what no network has to write, and tell of it letter by letter."""
    for text, one in zip(documents, listeners, strict=True):
        for place in range(len(text) if one.listens else 0):
            one.hear(Told(text[: place + 1].upper(), place))
    if "broken" in documents:
        raise ValueError("this one cannot be written")
    return [text.upper() for text in documents]


def run(
    work: Callable[[Batcher], Coroutine[None, None, None]], write: Write = shout, most_waiting: int = 100
) -> list[int]:
    """Run work beside a batcher; return the sizes of the batches."""
    sizes: list[int] = []

    async def both() -> None:
        batcher = Batcher(write, batch_size=4, most_waiting=most_waiting, watch=sizes.append)
        running = asyncio.create_task(batcher.run())
        await work(batcher)
        running.cancel()

    asyncio.run(both())
    return sizes


def test_documents_of_many_requests_are_written_together() -> None:
    """Requests that wait at once share batches up to the size allowed, and each gets its own back."""

    async def work(batcher: Batcher) -> None:
        answers = await asyncio.gather(*(batcher.submit(STYLE, [f"text {n}"]) for n in range(6)))
        assert answers == [[f"TEXT {n}"] for n in range(6)]

    assert run(work) == [4, 2]


def test_only_documents_of_one_style_are_written_together() -> None:
    """Other beams, lengths or models make another batch."""

    async def work(batcher: Batcher) -> None:
        await asyncio.gather(*(batcher.submit(style, ["x"]) for style in (STYLE, OTHER, STYLE, OTHER)))

    assert run(work) == [2, 2]


def test_a_document_that_fails_fails_alone() -> None:
    """Where a batch cannot be written, its documents are written one by one."""

    async def work(batcher: Batcher) -> None:
        asked = [batcher.submit(STYLE, [text]) for text in ("a", "broken", "b")]
        first, second, third = await asyncio.gather(*asked, return_exceptions=True)
        assert (first, third) == (["A"], ["B"])
        assert isinstance(second, ValueError)

    assert run(work) == [1, 1]


def test_a_request_that_does_not_fit_is_refused_whole() -> None:
    """More documents than may wait are refused, and none of them is taken."""

    async def work(batcher: Batcher) -> None:
        with pytest.raises(Overloaded, match="busy"):
            await batcher.submit(STYLE, ["x"] * 4)
        assert await batcher.submit(STYLE, ["x"] * 3) == ["X"] * 3

    assert run(work, most_waiting=3) == [3]


def test_what_nobody_waits_for_is_not_written() -> None:
    """A request that was given up leaves the queue."""

    async def work(batcher: Batcher) -> None:
        given_up = asyncio.create_task(batcher.submit(STYLE, ["x"] * 3))
        await asyncio.sleep(0)
        given_up.cancel()
        assert await batcher.submit(STYLE, ["y"]) == ["Y"]
        assert batcher.waiting == 0

    assert run(work) == [1]


def test_a_summary_is_followed_while_it_is_written() -> None:
    """Each document's pieces come with its place, and its whole after them."""

    async def work(batcher: Batcher) -> None:
        found = [told async for told in batcher.follow(STYLE, ["ab", "c"])]
        assert [told for place, told in found if place == 0] == [Told("A", 0), Told("AB", 1), "AB"]
        assert [told for place, told in found if place == 1] == [Told("C", 0), "C"]

    assert run(work) == [2]


def test_one_that_is_followed_and_cannot_be_written_fails_alone() -> None:
    """Who follows another document of its batch gets that."""

    async def follow(batcher: Batcher, text: str) -> list[object]:
        return [told async for _, told in batcher.follow(STYLE, [text])]

    async def work(batcher: Batcher) -> None:
        first, second = await asyncio.gather(*(follow(batcher, text) for text in ("a", "broken")),
                                             return_exceptions=True)  # fmt: skip
        assert isinstance(first, list)
        assert first[-1] == "A"
        assert isinstance(second, ValueError)

    run(work)


def test_who_follows_no_longer_is_gone() -> None:
    """Once a stream is closed, what writes is told that nobody waits, while it writes."""
    told_of = threading.Event()

    def write(_: Style, documents: list[str], listeners: Sequence[Listener]) -> list[str]:
        (one,) = listeners
        while one.listens and not one.is_gone:
            one.hear(Told("A", 1))
        told_of.set()
        return documents

    async def work(batcher: Batcher) -> None:
        async with aclosing(batcher.follow(STYLE, ["endless"])) as growing:
            assert await anext(growing) == (0, Told("A", 1))
        assert await batcher.submit(STYLE, ["next"]) == ["next"]
        assert told_of.is_set()

    run(work, write)
