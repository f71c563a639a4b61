"""How many threads a real server computes with."""

import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.serving.conftest import start_server
from tldrkit.bases.scratch import build_base
from tldrkit.families.summarizer import save_summarizer
from tldrkit.specs import BaseSpec

SHARE = 0.2  # of all processor time: more is a thread that computes, less one that waits and passes on

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")


@pytest.fixture(scope="module")
def heavy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the model folder `heavy`, whose summaries take a while."""
    folder = tmp_path_factory.mktemp("heavy")
    spec = BaseSpec(vocab_size=300, d_model=128, num_heads=4, enc_num_layers=1, dec_num_layers=3)
    save_summarizer(build_base(spec, ["some text to begin with"]), folder / "heavy")
    return folder


def read_ticks(process: int) -> dict[str, int]:
    """Read the processor time of each thread of a process."""
    ticks = {}
    for task in Path(f"/proc/{process}/task").iterdir():
        try:
            fields = (task / "stat").read_text().rpartition(") ")[2].split()
        except OSError:  # it has ended
            continue
        ticks[task.name] = int(fields[11]) + int(fields[12])
    return ticks


@contextmanager
def watching(process: int) -> Iterator[Counter[str]]:
    """Count the processor time of every thread from here on, also of those that end within the block."""
    before, used, over = read_ticks(process), Counter[str](), threading.Event()

    def watch() -> None:
        while not over.wait(0.01):
            used.update(
                {task: now - before.get(task, 0) - used[task] for task, now in read_ticks(process).items()}
            )

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield used
    finally:
        over.set()
        watcher.join()


@pytest.mark.parametrize("threads", [1, 2])
def test_a_server_computes_with_the_threads_it_is_given(heavy: Path, threads: int) -> None:
    """With `serve --threads N` there are N threads that take nearly all of the processor time."""
    limits = ["--threads", str(threads), "--max-tokens", "100", "--num-beams", "4", "--timeout", "600"]
    documents = [f"Who mends lift {number}? " * 20 for number in range(16)]
    asked = {"inputs": documents, "parameters": {"min_new_tokens": 100, "max_new_tokens": 100}}
    with start_server(heavy, "heavy", *limits) as server, watching(server.process.pid) as used:
        answer = server.http.post("/", json=asked)

    assert answer.status_code == 200, answer.text
    assert len([ticks for ticks in used.values() if ticks > SHARE * sum(used.values())]) == threads, used
