"""Requests made to hurt: whatever is posted, the server answers others and stops when it is told to."""

import gzip
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from tests.serving.conftest import WORDS, Server, start_server

GZIP = {"content-encoding": "gzip", "content-type": "application/json"}


@pytest.fixture(scope="module")
def large(models: Path) -> Iterator[Server]:
    """One model behind a door for large bodies."""
    with start_server(models, "one", *WORDS, "--max-body", "30000000") as running:
        yield running


SLOW = [
    json.dumps([{"author": "a", "text": "<p>" * 6_000_000}]).encode(),
    b"[" + b'{"author":"a","text":"b"},' * 900_000 + b"{}]",
    b"# a\n" + b"`a*_[" * 4_000_000,
]


@pytest.mark.parametrize("body", SLOW, ids=["tags", "posts", "marks"])
def test_probes_are_answered_while_a_body_is_read(large: Server, body: bytes) -> None:
    """While bodies are read that take long or much memory, `/health` does not wait for them.

    If it did, the longest wait would be about as long as the body takes.
    """
    asked = [time.monotonic()]
    with ThreadPoolExecutor(1) as pool:
        posted = pool.submit(
            httpx.post, large.address + "/threads", content=body, timeout=300, trust_env=False
        )
        while not posted.done():
            assert large.http.get("/health").status_code == 200
            asked.append(time.monotonic())
            time.sleep(0.02)

    longest = max(after - before for before, after in pairwise(asked))
    assert longest < (asked[-1] - asked[0]) / 2
    assert posted.result().status_code in (200, 422)
    assert large.http.post("/", json={"inputs": "The fan is loud."}).status_code == 200


def test_a_body_that_takes_too_much_memory_is_refused_and_the_next_one_read(large: Server) -> None:
    """What would take more memory than a request may is refused in a sentence, and harms no other."""
    body = b"[" + b"[]," * 9_900_000 + b"[]]"

    refused = large.http.post("/threads", content=body)
    assert (refused.status_code, list(refused.json())) == (422, ["error"])
    assert large.http.post("/threads", content="It is loud.").status_code == 200


def test_many_wrong_inputs_are_refused_without_a_look_at_each(large: Server) -> None:
    """A list of more inputs than may wait is refused for its length."""
    answer = large.http.post(
        "/",
        content=b'{"inputs":[' + b"1," * 5_000_000 + b"1]}",
        headers=GZIP | {"content-encoding": "identity"},
    )

    assert (answer.status_code, "at most" in answer.json()["error"]) == (422, True)


def test_a_server_stops_while_a_body_is_read(models: Path) -> None:
    """SIGTERM ends the server in good time whatever is read, and leaves no reader behind."""
    with start_server(models, "one", *WORDS, "--max-body", "30000000", "--timeout", "5") as server:
        with ThreadPoolExecutor(1) as pool:
            posted = pool.submit(
                httpx.post, server.address + "/threads", content=SLOW[2], timeout=600, trust_env=False
            )
            time.sleep(1)
            server.process.terminate()
            posted.exception()
        server.process.wait(30)
    assert server.process.returncode is not None


def test_packed_bodies_are_read(server: Server) -> None:
    """A body in gzip, of one or several parts, is the body inside."""
    body = json.dumps({"inputs": "The fan is loud."}).encode()
    plain = server.http.post("/", content=body, headers=GZIP | {"content-encoding": "identity"})

    for packed in (gzip.compress(body), gzip.compress(body[:9]) + gzip.compress(body[9:])):
        answer = server.http.post("/summarization", content=packed, headers=GZIP)
        assert (answer.status_code, answer.json()) == (200, plain.json())


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{}", 400), (gzip.compress(b"{}")[:-9], 400), (gzip.compress(b" " * 50_000_000), 413), (b"", 400)],
    ids=["none", "cut", "bomb", "empty"],
)
def test_packed_bodies_are_refused_in_a_sentence(server: Server, body: bytes, status: int) -> None:
    """A body that is no gzip, is cut, or unpacks to more than a body may be is refused."""
    answer = server.http.post("/", content=body, headers=GZIP)

    assert (answer.status_code, list(answer.json())) == (status, ["error"])


@pytest.mark.parametrize("packing", ["br", "zstd", "deflate", "gzip, br"])
def test_other_packings_are_named(server: Server, packing: str) -> None:
    """A body packed in another way is refused with 415, naming it and what is read."""
    answer = server.http.post("/", content=b"x", headers=GZIP | {"content-encoding": packing})

    assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "gzip")
    assert packing in answer.json()["error"]


LOOPBACK = ["localhost", "LOCALHOST:8000", "127.0.0.1:1", "127.8.9.1", "[::1]:8000", "[::1]", "localhost."]


@pytest.mark.parametrize("host", LOOPBACK)
def test_a_server_on_loopback_is_called_by_names_of_loopback(server: Server, host: str) -> None:
    """The names and addresses of loopback mean the server, with any port."""
    assert server.http.get("/health", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io:80", "10.0.0.1", "a b"]
)
@pytest.mark.parametrize("path", ["/", "/health", "/info", "/threads"])
def test_a_server_on_loopback_answers_to_no_other_name(server: Server, host: str, path: str) -> None:
    """A page whose own name leads to loopback gets nothing but a sentence."""
    answer = server.http.request("POST" if path == "/threads" else "GET", path, headers={"host": host})

    assert (answer.status_code, "--allowed-host" in answer.json()["error"]) == (421, True)


def test_allowed_hosts_are_answered(models: Path) -> None:
    """Names that were allowed are answered, others not, wherever the server listens."""
    allowed = ["--allowed-host", "a.example", "--allowed-host", "B.example"]
    with start_server(models, "one", *WORDS, "--host", "0.0.0.0", *allowed) as server:
        asked = ("a.example", "b.example:8000", "localhost", "c.example")
        address = server.address.replace("0.0.0.0", "127.0.0.1")
        answers = [httpx.get(address + "/health", headers={"host": host}, trust_env=False) for host in asked]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 421]


def test_an_open_server_answers_to_any_name(models: Path) -> None:
    """Where it listens for others and no name is said, the server cannot know what it is called."""
    with start_server(models, "one", *WORDS, "--host", "0.0.0.0") as server:
        address = server.address.replace("0.0.0.0", "127.0.0.1")
        answer = httpx.get(address + "/health", headers={"host": "c.example"}, trust_env=False)

    assert answer.status_code == 200
