"""Requests read in processes of their own, which are ended where they take too long or too much.

Whatever is posted, the process that answers stays free: bytes go to a reader, JSON comes back.
"""

import asyncio
import json
import resource
import signal
import struct
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import ValidationError

from tldrkit.errors import DataError, TldrkitError
from tldrkit.files import decode_json
from tldrkit.serving.contract import (
    Asked,
    Parameters,
    check_inputs,
    describe_request,
    read_inputs,
    read_thread_body,
)
from tldrkit.texts import count_noun, name_error
from tldrkit.threads import Post, Thread

READERS = 2
"""Processes that read: one that is slow leaves the other to those who ask for little."""
SECONDS = 10.0
"""The longest that a request may be read: fifty times as long as a usual one of a megabyte takes."""
MEMORY = 512 << 20
"""Bytes that a reader may take beside what it takes from the start."""

TOO_MUCH = "The body takes more memory to be read than a request may."

_READY = b"r"
_LENGTH = struct.Struct("!BQ")
_NAMES = ("inputs", "threads")
_BROKEN = (asyncio.IncompleteReadError, ConnectionError, OSError)


class BadJson(TldrkitError):  # noqa: N818  (names the state, as its reader would)
    """A body is no JSON."""


_ERRORS: Mapping[str, type[Exception]] = {"json": BadJson, "data": DataError, "unexpected": RuntimeError}


class Readers:
    """Processes that read requests; each is started when first needed, and anew after it was ended."""

    def __init__(self) -> None:
        self._idle: asyncio.LifoQueue[asyncio.subprocess.Process | None] = asyncio.LifoQueue()
        for _ in range(READERS):
            self._idle.put_nowait(None)

    async def start(self) -> None:
        """Start one, so that the first request does not wait for it."""
        await self._idle.get()
        self._idle.put_nowait(await _start())

    async def read(self, what: str, body: bytes, most: int) -> Any:  # noqa: ANN401  (JSON values)
        """Read a body as `inputs` or as `threads`.

        Raises:
            BadJson: It is no JSON.
            DataError: It asks for nothing that can be done, or takes too long or too much memory to be read.
        """
        reader = await self._idle.get()
        kept = None
        try:
            reader = reader if reader and reader.returncode is None else await _start()
            answer = await asyncio.wait_for(_ask(reader, what, body, most), SECONDS)
            kept = reader
        except asyncio.TimeoutError:
            raise DataError(
                f"The body takes longer than {count_noun(SECONDS, 'second')} to be read."
            ) from None
        except _BROKEN:
            raise DataError(TOO_MUCH) from None
        finally:
            if reader and not kept:
                _end(reader)
            self._idle.put_nowait(kept)
        if "error" in answer:
            raise _ERRORS[answer["kind"]](answer["error"])
        return answer["value"]

    async def close(self) -> None:
        """End them all."""
        for _ in range(READERS):
            reader = await self._idle.get()
            if reader:
                _end(reader)
                await reader.wait()


async def _start() -> asyncio.subprocess.Process:
    """Start a reader, which finds modules where this process does, and hears no signal of the terminal.

    It is waited for until it has imported what it needs: on a busy machine that takes longer than a body may.
    """
    code = f"import sys; sys.path[:] = {sys.path!r}; from tldrkit.serving.reading import main; main()"
    pipe = asyncio.subprocess.PIPE
    reader = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdin=pipe, stdout=pipe, start_new_session=True
    )
    assert reader.stdout
    try:
        await reader.stdout.readexactly(len(_READY))
    except BaseException:
        _end(reader)
        raise
    return reader


def _end(reader: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        reader.kill()


async def _ask(reader: asyncio.subprocess.Process, what: str, body: bytes, most: int) -> Any:  # noqa: ANN401
    assert reader.stdin
    assert reader.stdout
    reader.stdin.write(_LENGTH.pack(_NAMES.index(what), most) + _LENGTH.pack(0, len(body)))
    reader.stdin.write(body)
    await reader.stdin.drain()
    _, length = _LENGTH.unpack(await reader.stdout.readexactly(_LENGTH.size))
    return await asyncio.to_thread(json.loads, await reader.stdout.readexactly(length))


def main() -> None:
    """Read what comes on the standard input, until that is closed."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _limit_memory()
    given, told = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    told.write(_READY)
    told.flush()
    while head := given.read(_LENGTH.size):
        name, most = _LENGTH.unpack(head)
        _, length = _LENGTH.unpack(given.read(_LENGTH.size))
        _tell(told, _answer(_NAMES[name], given.read(length), most))


def _limit_memory() -> None:
    """Limit the memory of this process, where the system tells how much it has and can limit it."""
    with suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
        most = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _tell(told: BinaryIO, answer: Any) -> None:  # noqa: ANN401  (a JSON value)
    data = json.dumps(answer, ensure_ascii=False).encode(errors="replace")  # half surrogate pairs are no text
    told.write(_LENGTH.pack(0, len(data)) + data)
    told.flush()


def _answer(what: str, body: bytes, most: int) -> Any:  # noqa: ANN401  (a JSON value)
    read = {"inputs": _read_inputs, "threads": _read_threads}[what]
    try:
        return {"value": read(body, most)}
    except BadJson as error:
        return {"error": str(error), "kind": "json"}
    except DataError as error:
        return {"error": str(error), "kind": "data"}
    except (MemoryError, RecursionError):
        return {"error": TOO_MUCH, "kind": "data"}
    except Exception as error:
        traceback.print_exc()
        return {"error": f"A request could not be read: {name_error(error)}.", "kind": "unexpected"}


def _read_inputs(body: bytes, most: int) -> Any:  # noqa: ANN401  (a JSON value)
    """Read a request by the contract: its threads, how summaries are to be written, and if as a stream."""
    try:
        value = decode_json(body)
    except ValueError as error:
        raise BadJson("The body is no JSON.") from error
    check_inputs(value, most)
    try:
        asked = Asked.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise DataError(describe_request(first)) from None
    how = (asked.parameters or Parameters()).merge()
    threads = [asdict(thread) for thread in read_inputs(asked.inputs, most)]
    return {"threads": threads, "how": how.model_dump(exclude_none=True), "stream": bool(asked.stream)}


def _read_threads(body: bytes, most: int) -> Any:  # noqa: ANN401  (a JSON value)
    """Read the threads of a body, or why they are none."""
    return [
        asdict(item) if isinstance(item, Thread) else {"id": item.id, "line": item.line, "error": item.reason}
        for item in read_thread_body(body, most)
    ]


def rebuild_thread(fields: Mapping[str, Any]) -> Thread:
    """Rebuild a thread from what a reader answered."""
    return Thread(**{**fields, "posts": tuple([Post(**post) for post in fields["posts"]])})
