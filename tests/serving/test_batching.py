import asyncio
from collections.abc import Callable, Coroutine

import pytest

from tldrkit.serving.batching import Batcher, Overloaded, Style

Write = Callable[[Style, list[str]], list[str]]

STYLE = Style("model", 0, 16, 4)
OTHER = Style("model", 0, 16, 1)


def shout(_: Style, documents: list[str]) -> list[str]:
    """Write what no network has to write."""
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
