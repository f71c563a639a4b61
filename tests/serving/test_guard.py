"""What stands before every route, without a server around it."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from tldrkit.serving.guard import App, Guard, Receive, Send
from tldrkit.serving.settings import Access, Limits

Message = MutableMapping[str, Any]
START = {"type": "http.response.start", "status": 200, "headers": []}


async def _answer(_: Message, receive: Receive, send: Send) -> None:
    await receive()
    await send(START)
    await send({"type": "http.response.body", "body": b"a", "more_body": True})
    await send({"type": "http.response.body", "body": b"b"})


async def _break(*_: object) -> None:
    raise RuntimeError


class _Asked:
    """A request to an app behind a guard, what was sent, and what was counted by then.

    Attributes:
        counts: Path and status, as they were told.
        sent: Each body or status, with how many requests were counted before it.
    """

    def __init__(self, app: App, body: bytes = b"") -> None:
        self.counts: list[tuple[str, int]] = []
        self.sent: list[tuple[Any, int]] = []
        self._waiting = [{"type": "http.request", "body": body, "more_body": False}]
        self._guard = Guard(app, limits=Limits(body=3), access=Access(), watch=self._count)

    def run(self) -> None:
        scope = {"type": "http", "method": "GET", "path": "/x", "headers": []}
        asyncio.run(self._guard(scope, self._receive, self._send))

    def _count(self, path: str, status: int, _: float) -> None:
        self.counts.append((path, status))

    async def _receive(self) -> Message:
        return self._waiting.pop() if self._waiting else await asyncio.get_running_loop().create_future()

    async def _send(self, message: Message) -> None:
        self.sent.append((message.get("body", message.get("status")), len(self.counts)))


def test_who_has_a_whole_answer_finds_it_counted() -> None:
    """A request is counted once, before the last piece of its answer is sent."""
    asked = _Asked(_answer)
    asked.run()
    assert asked.sent == [(200, 0), (b"a", 0), (b"b", 1)]
    assert asked.counts == [("/x", 200)]


def test_a_refusal_is_counted_before_it_is_read() -> None:
    """What the guard refuses is counted as what a route answers is."""
    asked = _Asked(_answer, b"long")
    asked.run()
    assert [before for _, before in asked.sent] == [0, 1]
    assert asked.counts == [("/x", 413)]


def test_a_route_that_breaks_is_counted() -> None:
    """What was never answered is counted as 500."""
    asked = _Asked(_break)
    with pytest.raises(RuntimeError):
        asked.run()
    assert asked.counts == [("/x", 500)]
