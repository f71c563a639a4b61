"""The program of the tutorial that makes pairs."""

import json
import re
from pathlib import Path

import pytest

from tests.docs.test_command_lines import ROOT
from tldrkit.datasets.folders import find_files

POSTS = [
    {"author": "marlow", "text": "My bike is gone."},
    {"author": "junia", "text": "It is in the boiler room.\nTL;DR: The caretaker moved Marlow's bike."},
]


def test_pairs_are_made_of_threads_that_have_a_tldr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows the mark is the summary, and what is before it stays; other threads are left out."""
    page = (ROOT / "docs/tutorial/index.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    Path("export").mkdir()
    for name, posts in (("bike", POSTS), ("lake", POSTS[:1])):
        thread = {"id": name, "title": "Bike gone?", "posts": posts}
        Path(f"export/{name}.json").write_text(json.dumps(thread), encoding="utf-8")

    exec(program, {})

    assert find_files(Path("pairs")) == {"train": [Path("pairs/threads.jsonl")]}  # --dataset pairs

    (row,) = Path("pairs/threads.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(row) == {
        "id": "bike",
        "document": "Bike gone?\n\nmarlow: My bike is gone.\n\njunia: It is in the boiler room.",
        "summary": "The caretaker moved Marlow's bike.",
    }
