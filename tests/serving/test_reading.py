"""The processes that read requests."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tldrkit.serving import reading
from tldrkit.serving.reading import Readers


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

    assert [post["text"] for one in asyncio.run(read())["threads"] for post in one["posts"]] == ["The fan is loud."]
