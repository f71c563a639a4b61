import gzip
import json
from pathlib import Path

import pytest

from tldrkit.datasets.predictions import Prediction, read_outputs
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
        Prediction(id="x", prediction="a", references=("b",), document="d"),
        Prediction(id="2", prediction="", references=("b", "c")),
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


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("One.<n>Two.", "One.\nTwo."),
        ("<pad> One. Two.</s><pad><pad>", "One. Two."),
        ("</s><s>One.</s>and more", "One."),
        ("[CLS] one . two [SEP] [PAD]", "one . two"),
        ("one<q>two", "one\ntwo"),
        ("<|begin_of_text|>One.<|eot_id|><|eot_id|>", "One."),
        ("a < n > b, List<N>, [sep]", "a < n > b, List<N>, [sep]"),
        ("<extra_id_0> One <EOS> x", "One"),
        ("one [STOP] [UNK]", "one"),
        ("[unused0] one [unused3]two [unused1]", "one \ntwo"),
        ("one<0x0A>two", "one\ntwo"),
        ("</s>", ""),
    ],
)
def test_marks_of_tokenizers_are_read_as_they_are_meant(tmp_path: Path, text: str, meant: str) -> None:
    """A mark is a new line, the end of a text, or nothing, in predictions and references; never a word."""
    (output,) = read_outputs(write(tmp_path / "p.jsonl", {"prediction": text, "reference": f"Said: {text}"}))
    assert output.prediction == meant
    assert bool(output.marks) == (text != meant)
    if not text.startswith("<") and not text.startswith("["):
        assert output.references == (f"Said: {meant}",)


def test_a_reference_of_marks_alone_is_empty(tmp_path: Path) -> None:
    """What is empty without its marks is no reference."""
    with pytest.raises(DataError, match="has no reference, or an empty one"):
        read_outputs(write(tmp_path / "p.jsonl", {"prediction": "a", "reference": "<pad></s>"}))


def test_zero_is_an_id(tmp_path: Path) -> None:
    """Ids from 0 on are taken as they are; null and the empty text are none."""
    rows = [{"prediction": "a", "reference": "b", "id": one} for one in (0, 1, 2, "x", None, "")]
    found = [output.id for output in read_outputs(write(tmp_path / "p.jsonl", *rows))]
    assert found == ["0", "1", "2", "x", "5", "6"]
