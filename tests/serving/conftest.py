"""The real server in a real process on loopback, with two tiny random models."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import build_environment
from tldrkit.bases.scratch import build_base
from tldrkit.families.summarizer import save_summarizer
from tldrkit.specs import BaseSpec

WORDS = ["--max-tokens", "16", "--threads", "1"]


class Server:
    """A running server: its process, its address, and a client of it."""

    def __init__(self, process: subprocess.Popen[str], address: str, **headers: str) -> None:
        self.process = process
        self.address = address
        self.http = httpx.Client(base_url=address, headers=headers, timeout=300, trust_env=False)

    def count(self, name: str) -> float:
        """Read one number of `/metrics`."""
        text = self.http.get("/metrics").text
        return sum(float(value) for value in re.findall(rf"^{re.escape(name)}\S* (\S+)$", text, re.M))


@contextmanager
def start_server(folder: Path, *arguments: str, **headers: str) -> Iterator[Server]:
    """Start `tldrkit serve ARGUMENTS` in a folder at a free port, and wait until it answers."""
    command = [sys.executable, "-m", "tldrkit", "serve", *arguments, "--port", "0"]
    with subprocess.Popen(
        command,
        cwd=folder,
        env=build_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        address = process.stdout.readline().strip()
        assert address, process.stderr and process.stderr.read()
        try:
            yield Server(process, address, **headers)
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the model folders `one` and `two`."""
    folder = tmp_path_factory.mktemp("served")
    shape = {"d_model": 16, "d_kv": 4, "num_heads": 2, "d_ff": 24, "enc_num_layers": 2, "dec_num_layers": 2}
    for name, seed in (("one", 13), ("two", 9)):  # beams agree early: a stream has several events
        spec = BaseSpec(vocab_size=300, seed=seed, **shape)
        save_summarizer(build_base(spec, ["some text to begin with"]), folder / name)
    return folder


@pytest.fixture(scope="session")
def server(models: Path) -> Iterator[Server]:
    """Both models, no token."""
    with start_server(models, "one", "two", *WORDS) as running:
        yield running
