"""Summaries told while they are written."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Iterator

import httpx
import pytest

from tests.cli.conftest import build_writer
from tests.serving.conftest import WORDS, Server, start_server
from tldrkit.families.summarizer import save_summarizer
from tldrkit.serving.streams import Growing, stream_threads, stream_tokens
from tldrkit.specs import BaseSpec
from tldrkit.writing.long_threads import Told

EVENTS = {"accept": "text/event-stream"}
THREAD = {
    "id": "t",
    "title": "Fan",
    "posts": [{"author": "a", "text": "It is loud. It is old."}, {"text": "Oil it."}],
}


def read_events(answer: httpx.Response) -> Iterator[dict]:
    """Read the events of an answer as they come."""
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    for line in answer.iter_lines():
        if line:
            assert line.startswith("data:")
            yield json.loads(line[5:])


def ask(server: Server, path: str, body: object, **headers: str) -> list[dict]:
    """Ask, and read all events."""
    with server.http.stream("POST", path, json=body, headers=headers) as answer:
        return list(read_events(answer))


@pytest.mark.parametrize("beams", [1, 4])
@pytest.mark.parametrize("path", ["/", "/summarization"])
def test_tokens_are_told_as_text_generation_inference_tells_them(
    server: Server, path: str, beams: int
) -> None:
    """Tokens add up to the summary, which the last event holds; asked for in the body or by `Accept`."""
    asked = {"inputs": "The fan is loud.", "parameters": {"num_beams": beams}}
    (whole,) = server.http.post(path, json=asked).json()
    events = ask(server, path, asked | {"stream": True})

    assert events == ask(server, path, asked, **EVENTS)
    assert [event["index"] for event in events] == list(range(1, 1 + len(events)))
    assert "".join(event["token"]["text"] for event in events) == whole["summary_text"]
    assert all(event["token"]["text"] and event["generated_text"] is None for event in events[:-1])
    assert events[-1]["generated_text"] == whole["summary_text"]
    assert events[-1]["details"]["finish_reason"] in ("eos_token", "length")
    assert events[-1]["details"]["generated_tokens"] <= 16
    assert len(events) > 2


@pytest.mark.parametrize(
    "render", [stream_tokens, lambda growing: stream_threads(growing, [0], lambda *_: {}, {})]
)
def test_a_stream_that_is_closed_closes_what_it_reads(
    render: Callable[[Growing], AsyncGenerator[bytes, None]],
) -> None:
    """Whoever closes a stream knows that nothing is written for it any more."""
    closed = []

    async def grow() -> Growing:
        try:
            for number in range(1, 9):
                yield 0, Told("word " * number, number)
        finally:
            closed.append(True)

    async def read() -> list[bool]:
        events = render(grow())
        await anext(events)
        await events.aclose()
        return list(closed)

    assert asyncio.run(read()) == [True]


def test_threads_are_told_side_by_side(server: Server) -> None:
    """Pieces have their thread's place; its record follows, as without a stream; others have their error."""
    lines = "\n".join(map(json.dumps, (THREAD, {"posts": 3}, THREAD | {"id": "u", "title": "Other"})))
    records = server.http.post("/threads?posts=true", content=lines).json()
    with server.http.stream("POST", "/threads?posts=true", content=lines, headers=EVENTS) as answer:
        events = list(read_events(answer))

    for place, record in enumerate(records):
        own = [event for event in events if event["place"] == place]
        assert own[-1] == {"place": place, **record}
        assert "".join(event["text"] for event in own[:-1]) == record.get("summary", "")
    assert len(events) > 2


def test_sources_and_posts_are_told(server: Server) -> None:
    """A record has the posts behind each sentence, and with `posts=true` the posts themselves."""
    (record,) = server.http.post("/threads?posts=true", json=THREAD).json()
    (plain,) = server.http.post("/threads", json=THREAD).json()

    assert " ".join(one["sentence"] for one in record["sources"]).split() == record["summary"].split()
    assert {place for one in record["sources"] for place in one["posts"]} <= {0, 1}
    assert [(post["author"], post["read"]) for post in record.pop("posts")] == [("a", True), ("", True)]
    assert record == plain


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [("/", {"inputs": ""}, 422), ("/?model=none", {"inputs": "x"}, 404), ("/threads", {"posts": 3}, 422),
     ("/threads?num_beams=99", THREAD, 422), ("/threads?beams=2", THREAD, 422)],
)  # fmt: skip
def test_what_is_refused_has_its_status(server: Server, path: str, body: object, status: int) -> None:
    """A stream that cannot begin is refused as any request is."""
    answer = server.http.post(path, json=body, headers=EVENTS)

    assert (answer.status_code, list(answer.json())) == (status, ["error"])


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A model whose longest summary takes far longer than a request may."""
    folder = tmp_path_factory.mktemp("slow")
    spec = BaseSpec(vocab_size=300, d_model=128, num_heads=4, enc_num_layers=1, dec_num_layers=6)
    save_summarizer(build_writer(spec), folder / "slow")
    limits = ["--max-tokens", "16000", "--num-beams", "4", "--batch-size", "1", "--timeout", "15"]
    with start_server(folder, "slow", *WORDS[2:], *limits) as running:
        yield running


LONG = {
    "inputs": "The fan is loud. " * 40,
    "parameters": {"min_new_tokens": 16000, "num_beams": 1},
    "stream": True,
}
SHORT = {"inputs": "x", "parameters": {"max_new_tokens": 2}}


def test_a_summary_is_given_up_when_its_client_goes_away(slow: Server) -> None:
    """Whoever comes next is answered, as they would not be if the summary before were written to its end."""
    with slow.http.stream("POST", "/", json=LONG) as answer:
        assert next(read_events(answer))["token"]["text"]

    assert slow.http.post("/", json=SHORT).status_code == 200


def test_a_stream_that_takes_too_long_ends_with_a_sentence(slow: Server) -> None:
    """After the time that a request may take its last event says so, and the next request is answered."""
    events = ask(slow, "/", LONG)

    assert "within 15 seconds" in events[-1]["error"]
    assert slow.http.post("/", json=SHORT).status_code == 200
