"""Summaries as events while they are written (server-sent events). Knows values; knows nothing of HTTP.

An event is a line `data:` with a JSON object, and an empty line. There are two forms: that of
text-generation-inference, which Hugging Face's clients read, and one for threads.
"""

import json
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from tldrkit.writing.long_threads import Summary, Told

MEDIA_TYPE = "text/event-stream"

Growing = AsyncGenerator[tuple[int, Told | Summary], None]
"""Summaries of several threads as they grow, each with the place of its thread, and each once it is whole."""


def render_event(value: Mapping[str, Any]) -> bytes:
    """Render one event."""
    return b"data:" + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def render_error(sentence: str) -> bytes:
    """Render what ends a stream that went wrong."""
    return render_event({"error": sentence, "error_type": "generation"})


async def stream_tokens(growing: Growing) -> AsyncGenerator[bytes, None]:
    """Render the events of one summary as text-generation-inference does; the last one holds the whole.

    The text of a token is what is new, of one token or of several; its log-probability is not known.
    """
    index = 0
    token = {"id": 0, "text": "", "logprob": None, "special": False}
    async with aclosing(_cut(growing)) as pieces:
        async for _, text, told in pieces:
            index += 1
            event: dict[str, Any] = {"index": index, "token": token, "generated_text": None, "details": None}
            if isinstance(told, Told):
                token |= {"id": told.token, "text": text}
            else:
                token |= {"text": "", "special": True}
                reason = "eos_token" if told.ending == "whole" else "length"
                details = {"finish_reason": reason, "generated_tokens": told.tokens, "seed": None}
                event |= {"generated_text": told.text, "details": details}
            yield render_event(event)


async def stream_threads(
    growing: Growing,
    places: Sequence[int],
    describe: Callable[[int, Summary], Mapping[str, Any]],
    broken: Mapping[int, Mapping[str, Any]],
) -> AsyncGenerator[bytes, None]:
    """Render events of threads: pieces of their summaries as they come, and each thread's record at its end.

    Args:
        growing: The summaries.
        places: Of their threads in the request.
        describe: Builds the record of the thread at a place.
        broken: Records of what is no thread, by their places.
    """
    async with aclosing(_cut(growing)) as pieces:
        async for number, text, told in pieces:
            place = places[number]
            new = {"text": text} if isinstance(told, Told) else describe(place, told)
            yield render_event({"place": place, **new})
    for place, record in broken.items():
        yield render_event({"place": place, **record})


async def _cut(growing: Growing) -> AsyncGenerator[tuple[int, str, Told | Summary], None]:
    """Yield with the place of a thread what is new of its summary, and what that was cut from."""
    lengths = defaultdict[int, int](int)
    async with aclosing(growing):
        async for place, told in growing:
            text = told.text[lengths[place] :]
            lengths[place] += len(text)
            if text or isinstance(told, Summary):  # one that is written again tells again what it told
                yield place, text, told
