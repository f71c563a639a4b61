"""The processes that read requests."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tldrkit.serving import reading
from tldrkit.serving.reading import Readers


def test_a_reader_loads_no_loops() -> None:
    """A process that reads bodies starts without the libraries that write summaries."""
    code = "import tldrkit.serving.reading, sys; print(*{'numba', 'numpy', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_reader_that_starts_slowly_has_its_time_to_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine imports take longer than a body may: they are no part of a body's time."""
    (tmp_path / "sitecustomize.py").write_text("import time; time.sleep(5.5)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(reading, "SECONDS", 5.0)

    async def read() -> Any:  # noqa: ANN401  (JSON values)
        readers = Readers()
        try:
            return await readers.read("inputs", b'{"inputs": "The fan is loud."}', 1)
        finally:
            await readers.close()

    (thread,) = asyncio.run(read())["threads"]
    assert [post["text"] for post in thread["posts"]] == ["The fan is loud."]
