import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.datasets.test_sources import ids, resolve, write
from tldrkit.datasets.folders import find_files
from tldrkit.errors import DataError


def put(folder: Path, *names: str) -> Path:
    """Write a few rows under each name, with ids of their own."""
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write(folder / name, 30, start=number * 100)
    return folder


@pytest.mark.parametrize(
    "names",
    [
        [
            "data/train-00000-of-00002.jsonl",
            "data/train-00001-of-00002.jsonl",
            "data/test-00000-of-00001.jsonl",
        ],
        [
            "train-00000-of-00002-0a1b.jsonl",
            "train-00001-of-00002-2c3d.jsonl",
            "test-00000-of-00001-4e5f.jsonl",
        ],
        ["plain/train-00000-of-00002.jsonl", "plain/train-00001-of-00002.jsonl", "plain/test.jsonl"],
        ["train/0000.jsonl", "train/0001.jsonl", "test/0000.jsonl"],
        ["default/train/0000.jsonl", "default/train/0001.jsonl", "default/test/0000.jsonl"],
        ["set-train-00000-of-00002.jsonl", "set-train-00001-of-00002.jsonl", "set-test-00000-of-00001.jsonl"],
        ["training-00000-of-00002.jsonl", "training-00001-of-00002.jsonl", "testing.jsonl"],
    ],
)
def test_shards_of_a_hub_s_folder_are_one_split(tmp_path: Path, names: list[str]) -> None:
    """Files that the hub cuts into shards are read as one split, in order, in whatever folder they lie."""
    (tmp_path / "README.md").write_text("A card.")
    found = ids(resolve(put(tmp_path, *names)))

    assert len(found["train"]) + len(found["validation"]) == 60
    assert found["test"] == [str(number) for number in range(200, 230)]
    assert found["train"] == sorted(found["train"], key=int)


def test_one_file_has_the_identity_it_had(tmp_path: Path) -> None:
    """A split in one file is known by its digest, one in shards by theirs in order."""
    put(tmp_path, "a/train.jsonl", "b/train-00000-of-00002.jsonl", "b/train-00001-of-00002.jsonl")
    assert isinstance(resolve(tmp_path / "a").identity["files"]["train"], str)
    assert len(resolve(tmp_path / "b").identity["files"]["train"]) == 2


@pytest.mark.parametrize("name", ["threads.jsonl", "pairs.csv.gz"])
def test_the_only_file_of_a_folder_is_the_data_set(tmp_path: Path, name: str) -> None:
    """It is cut into splits as it would be where it is named itself."""
    (tmp_path / "README.md").write_text("Collected in May.")
    if name.endswith(".jsonl"):
        write(tmp_path / name, 60)
    else:
        rows = "".join(f"{number},text {number},sum\n" for number in range(60))
        (tmp_path / name).write_bytes(gzip.compress(b"id,document,summary\n" + rows.encode()))

    assert ids(resolve(tmp_path)) == ids(resolve(tmp_path / name))


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["train-00001-of-00003.jsonl", "train-00002-of-00003.jsonl"], "2 of the 3 shards of train"),
        (["train.jsonl", "train-00000-of-00001.jsonl"], "holds train-00000-of-00001.jsonl and train.jsonl"),
        (["val.jsonl", "validation.jsonl"], "holds val.jsonl and validation.jsonl"),
        (["a/train.jsonl", "b/train.jsonl"], "more than one data set: a, b"),
        (["notes/a.jsonl"], "holds no data set"),
        (["a.jsonl", "b.jsonl"], "holds no data set"),
    ],
)
def test_a_folder_that_is_not_whole_is_refused(tmp_path: Path, names: list[str], sentence: str) -> None:
    """Missing shards, a split twice and several data sets are one sentence."""
    with pytest.raises(DataError, match=sentence):
        resolve(put(tmp_path, *names))


@given(name=st.text(st.sampled_from("train-.0f12validonjsl/"), max_size=40))
def test_any_name_is_a_split_s_or_of_none(name: str) -> None:
    """Whatever a file is called, it is of one split."""
    (split,) = find_files(Path("/nowhere") / name.replace("/", ""))
    assert split in ("train", "validation", "test")


def test_documents_of_other_splits_in_train_are_counted(tmp_path: Path) -> None:
    """A test document that is in train or validation is counted, whatever its id, case and blanks."""
    write(tmp_path / "train.jsonl", 30)
    write(tmp_path / "validation.jsonl", 5, start=100)
    write(tmp_path / "test.jsonl", 4, start=200)
    test = tmp_path / "test.jsonl"
    for text in ("text  3", "TEXT 7", "text 100"):
        test.write_text(test.read_text() + f'{{"id": "x", "document": "{text}", "summary": "a"}}\n')

    assert resolve(tmp_path).load_corpus().repeated == {"test": 3}


def test_a_set_without_repeats_says_nothing(tmp_path: Path) -> None:
    """Splits that share no document are no news."""
    assert resolve(write(tmp_path / "a.jsonl", 200)).load_corpus().repeated == {}
