from pathlib import Path

import pytest

from tests.serving.conftest import Server, start_server
from tldrkit.families.summarizer import load_summarizer, save_summarizer
from tldrkit.families.taught import save_taught
from tldrkit.specs import SummarizeSpec, Taught
from tldrkit.threads import Post, Thread
from tldrkit.writing.long_threads import ThreadSummarizer

TAUGHT = {
    "first": Taught(prefix="tl;dr: ", max_source_tokens=16, max_target_tokens=8),
    "second": Taught(prefix="", max_source_tokens=64, max_target_tokens=24),
}
TEXT = "The fan is loud, and it is old. " * 8


@pytest.fixture(scope="module")
def folder(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same network twice, taught in two ways."""
    folder = tmp_path_factory.mktemp("taught")
    for name, taught in TAUGHT.items():
        save_summarizer(load_summarizer(models / "one"), folder / name)
        save_taught(taught, folder / name)
    return folder


def test_each_model_of_a_server_reads_as_it_was_taught(folder: Path) -> None:
    """Its own prefix and lengths, at most its own tokens, and `/info` tells them."""
    with start_server(folder, *TAUGHT, "--threads", "1", "--num-beams", "1") as server:
        answers = [ask(server, name) for name in TAUGHT]
        told = server.http.get("/info").json()["models"]
        refused = [ask(server, name, {"min_new_tokens": 12}, status) for name, status in
                   (("first", 422), ("second", 200))]  # fmt: skip

    thread = Thread(id="0", title="", posts=(Post(author="", text=TEXT),))
    for name, answer, one in zip(TAUGHT, answers, told, strict=True):
        spec = SummarizeSpec(num_beams=1, batch_size=1).complete(TAUGHT[name])
        assert answer == ThreadSummarizer(load_summarizer(folder / name), spec)([thread])[0].text
        assert {key: one["decoding"][key] for key in vars(TAUGHT[name])} == vars(TAUGHT[name])
    assert answers[0] != answers[1]
    assert "8 tokens at most" in refused[0]


def ask(server: Server, model: str, parameters: dict[str, int] | None = None, status: int = 200) -> str:
    """Ask a model for the text's summary; return it, or the sentence that refuses."""
    body = {"inputs": TEXT, "parameters": parameters or {}}
    answer = server.http.post("/", json=body, params={"model": model})
    assert answer.status_code == status, answer.text
    return str(answer.json()[0]["summary_text"] if status == 200 else answer.json()["error"])
