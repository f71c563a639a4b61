import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.serving.conftest import Server, start_server

ANSWERED = 'tldrkit_requests_total{path="/",status="200"}'
TEXT = "The fan is loud. " * 5


@pytest.fixture(scope="module")
def guarded(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One model that writes long summaries one at a time for those with the token, and lets few wait."""
    arguments = ["one", "--threads", "1", "--batch-size", "1", "--max-waiting", "8", "--max-body", "2000"]
    file = tmp_path_factory.mktemp("secrets") / "token"
    file.write_text("sesame\n")
    secret = ["--token-file", str(file), "--cors-origin", "http://front.example", "--timeout", "300"]
    with start_server(models, *arguments, *secret, authorization="Bearer sesame") as running:
        yield running


def post(server: Server, count: int) -> list[httpx.Response]:
    """Post requests side by side, each on a connection of its own."""

    def ask(_: int) -> httpx.Response:
        headers = {"authorization": "Bearer sesame"}
        return httpx.post(
            server.address, json={"inputs": TEXT}, headers=headers, timeout=300, trust_env=False
        )

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(ask, range(count)))


@pytest.mark.parametrize("given", [None, "Bearer wrong", "sesame", "Bearer sésame"])
def test_the_token_opens_all_but_page_and_probe(guarded: Server, given: str | None) -> None:
    """Without the right token nothing is summarized or told; page and probe are open."""
    headers = {"authorization": (given or "").encode()} if given else {}
    ask = partial(httpx.request, headers=headers, trust_env=False)

    for method, path in (("POST", "/"), ("POST", "/threads"), ("GET", "/info"), ("GET", "/metrics")):
        answer = ask(method, guarded.address + path)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert "token" in answer.json()["error"]
    assert ask("GET", guarded.address + "/health").status_code == 200
    assert ask("GET", guarded.address + "/").status_code == 200


def test_a_body_that_is_too_large_is_refused(guarded: Server) -> None:
    """More bytes than allowed are refused with 413, whether announced or sent in chunks."""
    announced = guarded.http.post("/", content=b"x" * 2001)
    chunked = guarded.http.post("/", content=iter([b"x" * 1500] * 2))

    assert [announced.status_code, chunked.status_code] == [413, 413]
    assert "2,000 bytes" in chunked.json()["error"]


def test_a_page_of_an_allowed_origin_may_call(guarded: Server) -> None:
    """A browser's question is answered for the allowed origin only, and refusals can be read there."""
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    for origin, allowed in (("http://front.example", True), ("http://other.example", False)):
        answer = httpx.options(guarded.address, headers=asked | {"origin": origin}, trust_env=False)
        refusal = httpx.post(guarded.address, headers={"origin": origin}, trust_env=False)
        assert ("access-control-allow-origin" in answer.headers) is allowed
        assert ("access-control-allow-origin" in refusal.headers) is allowed


def test_an_overloaded_server_says_so_and_recovers(guarded: Server) -> None:
    """What does not fit the queue gets 429 and when to come back; the rest, and what follows, an answer."""
    answers = post(guarded, 24)
    refused = [answer for answer in answers if answer.status_code == 429]

    assert {answer.status_code for answer in answers} == {200, 429}
    assert {answer.headers["retry-after"] for answer in refused} == {"1"}
    assert "busy" in refused[0].json()["error"]
    assert guarded.http.post("/", json={"inputs": TEXT}).status_code == 200


def test_a_request_that_never_ends_holds_nobody_up(guarded: Server) -> None:
    """While a client sends no body others are answered."""
    host, port = httpx.URL(guarded.address).host, httpx.URL(guarded.address).port
    with socket.create_connection((host, port or 80)) as slow:
        slow.sendall(
            b"POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sesame\r\nContent-Length: 99\r\n\r\n{"
        )
        assert guarded.http.post("/", json={"inputs": TEXT}).status_code == 200


def test_a_stop_answers_what_was_accepted(guarded: Server) -> None:
    """After SIGTERM every accepted request gets its summary, and the process ends well."""
    before = guarded.count(ANSWERED)
    with ThreadPoolExecutor(1) as pool:
        answers = pool.submit(post, guarded, 8)
        while guarded.count("tldrkit_waiting_documents") + guarded.count(ANSWERED) - before < 7:
            assert not answers.done()
        guarded.process.send_signal(signal.SIGTERM)
        assert [answer.status_code for answer in answers.result()] == [200] * 8
    assert guarded.process.wait(30) == 0
