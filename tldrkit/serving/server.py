"""The process that listens: a socket, uvicorn, and a stop that answers what it took.

The only room that knows uvicorn.
"""

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import uvicorn

from tldrkit.errors import TldrkitError
from tldrkit.serving.settings import Access

_IDLE = (
    65  # seconds a connection may idle: longer than clients keep theirs, so that they are the ones to close
)
_GRACE = 5  # seconds beyond the time limit of the last request


class _Announcing(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()


def listen(access: Access) -> socket.socket:
    """Take the address to listen at.

    Raises:
        TldrkitError: It cannot be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            access.host, access.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError as error:
        raise TldrkitError(
            f"{access.host}:{access.port} cannot be listened at: {error.strerror}.",
            hint="Choose another --port, or --host 127.0.0.1.",
        ) from error
    return listening


def describe_address(listening: socket.socket) -> str:
    """Describe a listening socket as a URL."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run_server(app: Any, listening: socket.socket, *, seconds: float, announce: Callable[[], None]) -> None:  # noqa: ANN401  (any ASGI application)
    """Serve until SIGTERM or SIGINT, then answer what was accepted, and return.

    Args:
        app: The application.
        listening: From ``listen``; closed at the end.
        seconds: Longest that a request may take.
        announce: Called when requests are answered.
    """
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        http="h11",
        lifespan="on",
        timeout_keep_alive=_IDLE,
        timeout_graceful_shutdown=round(seconds) + _GRACE,
    )
    with suppress(KeyboardInterrupt):  # uvicorn raises the signal again once it has stopped
        _Announcing(config, announce).run(sockets=[listening])
