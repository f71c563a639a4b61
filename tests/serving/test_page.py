import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.serving.browser import Browser
from tests.serving.conftest import Server, start_server

THREAD = {"title": "Fan", "posts": [{"author": "a", "text": "It is <b>loud</b>."}]}


@contextmanager
def open_page(server: Server, folder: Path) -> Iterator[Browser]:
    """Open a server's page in a headless Chromium; TLDRKIT_TEST_PICTURES names a folder for pictures."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("Chromium is not installed")
    browser = Browser(program, folder / "profile", server.address)
    yield browser
    browser.close()


@pytest.fixture
def page(server: Server, tmp_path: Path) -> Iterator[Browser]:
    """The page of two random networks."""
    with open_page(server, tmp_path) as browser:
        yield browser


@pytest.fixture(scope="module")
def sentences(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """The page of what takes sentences from posts, on a phone, with its first thread summarized."""
    folder = tmp_path_factory.mktemp("sentences")
    with start_server(folder, "central") as server, open_page(server, folder) as browser:
        browser.resize(390, 844)
        browser.run("document.querySelector('#examples button').click()")
        browser.run("document.getElementById('tokens').value = 40")
        browser.run("document.getElementById('go').click()")
        browser.wait_for("document.querySelector('.sentence')")
        yield browser


def summarize(page: Browser, text: str, picture: str) -> None:
    """Paste a text, press the button, and wait for the end."""
    page.run(f"document.getElementById('thread').value = {json.dumps(text)}")
    page.run("document.getElementById('go').click()")
    page.wait_for("!document.getElementById('go').disabled && document.querySelector('article, #problem')")
    folder = os.environ.get("TLDRKIT_TEST_PICTURES")
    if folder:
        page.take_picture(Path(folder) / f"{picture}.png")


def test_a_pasted_thread_is_summarized_by_every_model(page: Browser, server: Server) -> None:
    """Side by side stand the models' names, the thread's title and what each model writes."""
    summarize(page, json.dumps(THREAD), "side-by-side")
    told = page.run("[...document.querySelectorAll('article')].map(card => card.innerText)")

    assert len(told) == 2
    for card, name in zip(told, ("one", "two"), strict=True):
        summary = server.http.post(f"/threads?model={name}", json=THREAD).json()[0]["summary"]
        assert card.startswith(name)
        assert "Fan" in card
        assert " ".join(summary.split()) in " ".join(card.split())


def test_what_the_models_were_trained_on_is_said(page: Browser) -> None:
    """Before anything is pasted; beneath a summary that is likely made up it says why."""
    page.wait_for("document.querySelectorAll('#models li').length == 2")
    told = page.run("[...document.querySelectorAll('#models li')].map(line => line.innerText)")
    assert told == [f"It is not known what {name} was trained on." for name in ("one", "two")]

    summarize(page, "Ключ от подвала снова пропал, и никто не знает, у кого он сейчас. " * 3, "far")
    why = page.run("document.querySelector('article .unfamiliar').innerText")
    assert why.startswith("Likely made up: the model has no words for it")


def test_what_is_refused_is_shown_in_words(page: Browser) -> None:
    """A thread that cannot be read shows the server's sentence, and the next one is summarized."""
    summarize(page, '{"posts": 3}', "error")
    assert page.run("document.querySelectorAll('article p.error').length") == 2
    summarize(page, "A plain text.", "text")

    assert page.run("document.querySelectorAll('article p.error').length") == 0
    assert page.run("document.querySelectorAll('article p.summary').length") == 2


LIT = (
    "[...document.querySelectorAll('.posts li')]"
    ".flatMap((post, place) => post.matches('.lit') ? [place + 1] : [])"
)


def test_a_sentence_lights_up_its_posts(sentences: Browser) -> None:
    """By the keyboard: focused for a while, pressed until it is pressed again."""
    told = sentences.run("[...document.querySelectorAll('.sentence')].map(one => one.dataset.posts)")
    press = "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter'}))"
    assert len(told) > 1
    assert sentences.run(LIT) == []

    sentences.run("document.querySelector('.sentence').focus()")
    assert ", ".join(map(str, sentences.run(LIT))) == told[0]
    sentences.run(f"{press}; document.activeElement.blur()")
    assert ", ".join(map(str, sentences.run(LIT))) == told[0]
    sentences.run(f"document.querySelector('.sentence').focus(); {press}; document.activeElement.blur()")
    assert sentences.run(LIT) == []


def test_the_page_fits_a_phone_and_loads_nothing_else(sentences: Browser) -> None:
    """Nothing is wider than the screen, and but for the server's own answers nothing is fetched."""
    assert sentences.run("document.documentElement.scrollWidth") <= 390
    fetched = sentences.run("performance.getEntriesByType('resource').map(one => new URL(one.name).pathname)")
    assert set(fetched) <= {"/info", "/threads", "/favicon.ico"}
    assert sentences.run("document.querySelector('header a').getAttribute('href')") == "openapi.json"


def test_models_and_their_limits_are_told(page: Browser) -> None:
    """A table says what each model is; its numbers are the most that may be asked for."""
    page.wait_for("document.querySelectorAll('#facts tbody tr').length == 2")
    row = page.run("[...document.querySelector('#facts tbody tr').cells].map(cell => cell.innerText)")

    assert (row[0], row[2:]) == ("one", ["512 tokens at most", "16 tokens at most", "4"])
    assert page.run("[document.getElementById('tokens').max, document.getElementById('beams').max]") == [
        "16",
        "4",
    ]
