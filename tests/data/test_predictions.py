import gzip
import json
from pathlib import Path

import pytest

from tldrkit.data.predictions import Output, read_outputs
from tldrkit.errors import DataError


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_rows_become_outputs(tmp_path: Path) -> None:
    """One reference or several, with or without id and document; an empty prediction is one too."""
    rows = (
        {"prediction": " a ", "reference": "b", "id": "x", "document": "d", "more": 1},
        {"prediction": "", "references": ["b", "c"]},
    )
    assert read_outputs(write(tmp_path / "p.jsonl", *rows)) == (
        Output(id="x", prediction="a", references=("b",), document="d"),
        Output(id="2", prediction="", references=("b", "c")),
    )


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"reference": "b"}, "row 2 has no text `prediction`"),
        ({"prediction": None, "reference": "b"}, "row 2 has no text `prediction`"),
        ({"prediction": "a"}, "row 2 has no reference"),
        ({"prediction": "a", "references": []}, "row 2 has no reference"),
        ({"prediction": "a", "references": ["b", " "]}, "row 2 has no reference, or an empty one"),
        ({"prediction": "a", "reference": "b", "document": 3}, "document is no text"),
        ({"prediction": "a", "reference": "b", "id": "x"}, "'x' is there already"),
    ],
)
def test_unusable_rows_raise(tmp_path: Path, row: dict[str, object], words: str) -> None:
    """A row that cannot be scored is refused by its number."""
    good = {"id": "x", "prediction": "a", "reference": "b"}
    with pytest.raises(DataError, match=words):
        read_outputs(write(tmp_path / "p.jsonl", good, row))


def test_files_cut_short_raise(tmp_path: Path) -> None:
    """A file that ends in the middle of a line, or of its gzip stream, is refused, and so is an empty one."""
    whole = write(tmp_path / "p.jsonl", *[{"prediction": "a" * 99, "reference": f"{n}"} for n in range(99)])
    cut = tmp_path / "cut.jsonl"
    cut.write_bytes(whole.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"cut\.jsonl:99 cannot be read") as caught:
        read_outputs(cut)
    assert "cut short" in caught.value.hint
    packed = tmp_path / "cut.jsonl.gz"
    packed.write_bytes(gzip.compress(whole.read_bytes())[:-20])
    with pytest.raises(DataError, match="cut short"):
        read_outputs(packed)
    with pytest.raises(DataError, match="is empty"):
        read_outputs(write(tmp_path / "none.jsonl"))
