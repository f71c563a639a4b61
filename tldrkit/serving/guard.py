"""What stands before every route: the name it is called by, the token, the body's size, the time.

Where a client goes away, what is done for it is given up.

A packed body is unpacked here.

Plain ASGI; knows bytes and seconds, not what a request asks for.
"""

import asyncio
import hmac
import json
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from tldrkit.errors import DataError
from tldrkit.files import unpack_gzip
from tldrkit.serving.settings import Access, Limits, is_loopback
from tldrkit.serving.streams import MEDIA_TYPE, render_error
from tldrkit.texts import count_noun

AsgiMessage = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[AsgiMessage]]
Send = Callable[[AsgiMessage], Awaitable[None]]
App = Callable[[AsgiMessage, Receive, Send], Awaitable[None]]

_HOST = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[^\[\]:\s]{1,253}?)\.?(?::\d{0,5})?", re.IGNORECASE)

_CLOSED = 499
"""Counted where a client went away before it was answered, as other servers do; never sent."""
OPEN = {("GET", "/"), ("GET", "/health"), ("GET", "/openapi.json")}
"""What is answered without a token: page and description hold no secret, and a probe has none."""


class Guard:
    """Refuses what must not reach the routes, with `{"error": sentence}`.

    Args:
        app: What is guarded.
        limits: Of bytes and seconds.
        access: Whom to answer.
        watch: Told path, status and seconds of every answer.
    """

    def __init__(
        self, app: App, *, limits: Limits, access: Access, watch: Callable[[str, int, float], None]
    ) -> None:
        self._app = app
        self._limits = limits
        self._expected = f"Bearer {access.token}".encode() if access.token else None
        self._hosts = None if access.is_open else frozenset(map(str.lower, access.hosts))
        self._watch = watch

    async def __call__(self, scope: AsgiMessage, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        answer = _Answer(send, lambda status: self._watch(scope["path"], status, time.perf_counter() - start))
        try:
            await asyncio.wait_for(self._admit(scope, receive, answer), self._limits.seconds)
        except asyncio.TimeoutError:
            what, status = ("answer", 504) if answer.due else ("whole request", 408)
            await answer.give_up(
                status, f"There was no {what} within {count_noun(self._limits.seconds, 'second')}."
            )
        except _GoneError:
            answer.status = answer.status or _CLOSED
        finally:
            answer.count()

    async def _admit(self, scope: AsgiMessage, receive: Receive, answer: "_Answer") -> None:
        host = _read_header(scope, b"host").decode("latin-1")
        if not self._is_called(host):
            sentence = "This server is not called by that name: `tldrkit serve --allowed-host` lets it be."
            await answer.refuse(421, sentence)
            return
        if not self._is_allowed(scope):
            await answer.refuse(
                401, "This server asks for a token: Authorization: Bearer …", ("www-authenticate", "Bearer")
            )
            return
        body = await _read_body(receive, self._limits.body)
        if body is None:
            await answer.refuse(413, f"The body is larger than {count_noun(self._limits.body, 'byte')}.")
            return
        packing = _read_header(scope, b"content-encoding").decode("latin-1").strip().lower()
        if packing not in ("", "identity"):
            if packing not in ("gzip", "x-gzip"):
                sentence = f"The body is packed as {packing[:40]!r}; this server knows gzip and no packing."
                await answer.refuse(415, sentence, ("accept-encoding", "gzip"))
                return
            try:
                body = await asyncio.to_thread(unpack_gzip, body, self._limits.body)
            except DataError as error:
                await answer.refuse(400, str(error))
                return
            if len(body) > self._limits.body:
                await answer.refuse(
                    413, f"The body unpacks to more than {count_noun(self._limits.body, 'byte')}."
                )
                return
        answer.due = True
        await _run_while_wanted(self._app(scope, _replay(body), answer), receive)

    def _is_called(self, host: str) -> bool:
        """Tell whether a request means this server: a page elsewhere may have its own name lead here."""
        name = _HOST.fullmatch(host)
        if self._hosts is None or not host:  # browsers always name whom they ask
            return True
        return name is not None and (is_loopback(name[1]) or name[1].lower() in self._hosts)

    def _is_allowed(self, scope: AsgiMessage) -> bool:
        if self._expected is None or (scope["method"], scope["path"]) in OPEN:
            return True
        return hmac.compare_digest(_read_header(scope, b"authorization"), self._expected)


def _read_header(scope: AsgiMessage, wanted: bytes) -> bytes:
    return next((value for name, value in scope["headers"] if name == wanted), b"")


class _GoneError(Exception):
    """The client has closed its connection."""


async def _run_while_wanted(work: Awaitable[None], receive: Receive) -> None:
    """Run what answers a request that was read to its end; cancel it where the client goes away.

    Raises:
        _GoneError: The client went away first.
    """
    running, gone = asyncio.ensure_future(work), asyncio.ensure_future(receive())
    try:
        await asyncio.wait((running, gone), return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            raise _GoneError
        await running
    finally:
        gone.cancel()
        running.cancel()
        await asyncio.wait((running, gone))


class _Answer:
    """Sends, and remembers the status, whether events are sent, and if the request has come to its end.

    Args:
        send: Sends a message.
        watch: Told the status, once.
    """

    def __init__(self, send: Send, watch: Callable[[int], None]) -> None:
        self._send = send
        self._watch = watch
        self._counted = False
        self.status: int | None = None
        self.due = False
        self._streams = False

    async def __call__(self, message: AsgiMessage) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._streams = _read_header(message, b"content-type").startswith(MEDIA_TYPE.encode())
        elif not message.get("more_body"):
            self.count()  # before its end is sent: who has an answer finds it counted
        await self._send(message)

    def count(self) -> None:
        """Tell the status, unless it was told."""
        if not self._counted:
            self._counted = True
            self._watch(self.status or 500)

    async def give_up(self, status: int, sentence: str) -> None:
        """Refuse what was not answered, and end what is answered by events."""
        if self.status is None:
            await self.refuse(status, sentence)
        elif self._streams:
            await self({"type": "http.response.body", "body": render_error(sentence)})

    async def refuse(self, status: int, sentence: str, *more: tuple[str, str]) -> None:
        body = json.dumps({"error": sentence}, ensure_ascii=False).encode()
        named = (("content-type", "application/json"), ("content-length", str(len(body))), *more)
        headers = [(name.encode(), value.encode()) for name, value in named]
        await self({"type": "http.response.start", "status": status, "headers": headers})
        await self({"type": "http.response.body", "body": body})


async def _read_body(receive: Receive, most: int) -> bytes | None:
    """Read a body to its end, which lets its sender hear the answer; None where it is too large."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            parts.clear()
        else:
            parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts) if size <= most else None


def _replay(body: bytes) -> Receive:
    """Give a body that was read once more, then nothing: whether the client is there is looked at here."""
    waiting = [body]

    async def give() -> AsgiMessage:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    return give
