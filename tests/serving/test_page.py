import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.browser import Browser
from tests.serving.conftest import Server

THREAD = {"title": "Fan", "posts": [{"author": "a", "text": "It is <b>loud</b>."}]}


@pytest.fixture
def page(server: Server, tmp_path: Path) -> Iterator[Browser]:
    """The server's page in a headless Chromium; TLDRKIT_TEST_PICTURES names a folder for pictures of it."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("Chromium is not installed")
    browser = Browser(program, tmp_path / "profile", server.address)
    yield browser
    browser.close()


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
