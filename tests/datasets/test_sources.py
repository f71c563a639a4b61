import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tldrkit.datasets.hub import KNOWN
from tldrkit.datasets.sources import SPLITS, DataSource, assign_buckets, plan_splits, resolve_source
from tldrkit.errors import DataError
from tldrkit.specs import DataSpec


def write(path: Path, count: int = 100, *, start: int = 0) -> Path:
    rows = (
        {"id": f"{n}", "document": f"Text {n}", "summary": f"Sum {n}"} for n in range(start, start + count)
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def resolve(dataset: str | Path, folder: Path | None = None, **fields: str) -> DataSource:
    return resolve_source(DataSpec(dataset=str(dataset), **fields), folder)


def ids(source: DataSource) -> dict[str, list[str]]:
    return {split: [example.id for example in source.load(split)] for split in SPLITS}


def test_the_embedded_set_is_the_default() -> None:
    """Nothing named means the embedded data set, which has all three splits."""
    source = resolve_source(DataSpec())
    assert source.name == "synthetic"
    assert json.loads(json.dumps(source.identity))["source"] == "synthetic"
    assert len(source.load("test")) > 0


def test_a_single_file_is_split_by_id(tmp_path: Path) -> None:
    """One file gives three disjoint splits that hold all of it, the same ones every time."""
    source = resolve(write(tmp_path / "threads.jsonl", 400))
    found = ids(source)
    assert found == ids(source)
    assert sorted((name for names in found.values() for name in names), key=int) == [
        str(n) for n in range(400)
    ]
    assert 340 <= len(found["train"]) <= 380
    buckets = assign_buckets(map(str, range(400)))
    assert found["validation"] == [name for name, bucket in buckets.items() if bucket == 0]


@pytest.mark.parametrize(("count", "carved"), [(3, 1), (10, 1), (19, 2), (96, 10), (200, 20), (399, 20)])
def test_few_examples_give_each_split_some(tmp_path: Path, count: int, carved: int) -> None:
    """Of few examples validation and test have a tenth each, at most 20."""
    found = ids(resolve(write(tmp_path / "few.jsonl", count)))
    assert [len(found[split]) for split in SPLITS] == [count - 2 * carved, carved, carved]
    assert len({name for names in found.values() for name in names}) == count


def test_a_split_of_its_own_is_taken_whole(tmp_path: Path) -> None:
    """A folder with train, validation and test is taken as it is, in the order of its files."""
    for number, split in enumerate(SPLITS):
        write(tmp_path / f"{split}.jsonl", 5, start=number * 5)
    assert ids(resolve(tmp_path)) == {
        "train": ["0", "1", "2", "3", "4"],
        "validation": ["5", "6", "7", "8", "9"],
        "test": ["10", "11", "12", "13", "14"],
    }


def test_validation_stands_in_for_a_missing_test(tmp_path: Path) -> None:
    """Without a test split validation is the test, and a part of train becomes validation."""
    write(tmp_path / "x.train.jsonl")
    write(tmp_path / "x.validation.jsonl", 5, start=1000)
    source = resolve(tmp_path)
    found = ids(source)
    assert found["test"] == ["1000", "1001", "1002", "1003", "1004"]
    assert found["validation"]
    assert set(found["validation"]) < {str(n) for n in range(100)}
    assert source.identity["splits"]["test"] == "validation"


@given(present=st.sets(st.sampled_from(SPLITS)), ids=st.lists(st.text(max_size=3), max_size=30))
def test_no_example_is_in_two_splits(present: set[str], ids: list[str]) -> None:
    """Whatever splits are present, no example of any is taken for two; all of train's are taken."""
    parts, buckets = plan_splits(present), assign_buckets(ids)
    for origin in present:
        for name in ids:
            holders = [
                split
                for split, part in parts.items()
                if part.origin == origin and part.first <= buckets[name] < part.end
            ]
            assert len(holders) == 1


@pytest.mark.parametrize(
    ("files", "split"), [(["test"], "train"), (["test"], "validation"), (["validation"], "train")]
)
def test_only_train_is_carved(tmp_path: Path, files: list[str], split: str) -> None:
    """Where there is no train split, what is missing is refused."""
    for name in files:
        write(tmp_path / f"{name}.jsonl")
    with pytest.raises(DataError, match=f"no {split} split"):
        resolve(tmp_path).load(split)


def test_a_set_too_small_to_carve_is_refused(tmp_path: Path) -> None:
    """A carved split without an example is refused with the file that would mend it."""
    with pytest.raises(DataError, match="test split is empty") as refusal:
        resolve(write(tmp_path / "a.jsonl", 1)).load("test")
    assert "test.jsonl" in refusal.value.hint


def test_local_copies_win_over_the_hub(tmp_path: Path) -> None:
    """A known name with copies in the folder is read there, and so is any other name with copies."""
    for name in ("samsum", "mine.own"):
        write(tmp_path / f"{name}.train.jsonl", 200)
        assert resolve(name, tmp_path).identity["source"] == "local"
        assert len(resolve(name, tmp_path).load("train")) > 150
    assert resolve("xsum", tmp_path).identity["source"] == "hub"


@pytest.mark.parametrize("name", list(KNOWN))
def test_known_names_are_found_on_the_hub(name: str) -> None:
    """A known name tells its hub id, configuration and columns without loading anything."""
    identity = json.loads(json.dumps(resolve(name).identity))
    assert identity["id"] == KNOWN[name].id
    assert all(identity["columns"].values())


def test_any_hub_id_is_taken() -> None:
    """owner/name is a hub id; revision and columns of the spec are part of its identity."""
    identity = resolve("some/set", revision="v2", document_column="a", summary_column="b").identity
    assert identity["revision"] == "v2"
    assert identity["columns"] == {"document": "a", "summary": "b"}


@pytest.mark.parametrize(
    ("dataset", "hint"),
    [("samsun", "Did you mean samsum?"), ("my_treads", "my_threads"), ("a/b.jsonl", "synthetic")],
)
def test_an_unknown_name_is_refused_with_near_ones(tmp_path: Path, dataset: str, hint: str) -> None:
    """A name that is nothing is refused; the hint names the near ones, known or local."""
    write(tmp_path / "my_threads.train.jsonl")
    with pytest.raises(DataError, match="no data set") as refusal:
        resolve(dataset, tmp_path)
    assert hint in refusal.value.hint


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([], "holds no data set"),
        (["a.train.jsonl", "b.train.jsonl"], "more than one data set: a, b"),
        (["train.csv", "train.jsonl"], r"holds train.csv and train.jsonl"),
    ],
)
def test_a_folder_that_is_no_one_set_is_refused(tmp_path: Path, files: list[str], sentence: str) -> None:
    """A folder is one data set: none, several, or one split twice are refused."""
    for name in files:
        write(tmp_path / name)
    with pytest.raises(DataError, match=sentence):
        resolve(tmp_path)


def test_a_folder_of_copies_must_exist(tmp_path: Path) -> None:
    """Local copies in a folder that does not exist are refused, not looked for on the hub."""
    with pytest.raises(DataError, match="no folder"):
        resolve("samsum", tmp_path / "none")


def test_an_unknown_split_is_refused(tmp_path: Path) -> None:
    """Only train, validation and test are splits."""
    with pytest.raises(DataError, match="no split 'dev'"):
        resolve(write(tmp_path / "a.jsonl")).load("dev")


def test_identity_is_of_content(tmp_path: Path) -> None:
    """Identity changes with a file's bytes and with the columns, not with where the files are."""
    (tmp_path / "other").mkdir()
    first = resolve(write(tmp_path / "a.jsonl")).identity
    assert resolve(write(tmp_path / "other" / "b.jsonl")).identity == first
    assert resolve(write(tmp_path / "a.jsonl", 101)).identity != first
    assert resolve(tmp_path / "other" / "b.jsonl", summary_column="id").identity != first


def test_repeated_ids_are_numbered(tmp_path: Path) -> None:
    """Examples that share an id fall into one split, and are told apart there."""
    path = tmp_path / "train.jsonl"
    path.write_text('{"id": "a", "document": "b", "summary": "c"}\n' * 3, encoding="utf-8")
    write(tmp_path / "others.jsonl", 9)
    path.write_text(path.read_text() + (tmp_path / "others.jsonl").read_text())
    holders = [names for names in ids(resolve(path)).values() if "a" in names]
    assert [name for name in holders[0] if name.startswith("a")] == ["a", "a#2", "a#3"]
    assert len(holders) == 1


def test_dropped_rows_are_told(tmp_path: Path) -> None:
    """A loaded split tells how many rows of its file had no text."""
    path = write(tmp_path / "train.jsonl")
    path.write_text(path.read_text() + '{"document": "a", "summary": ""}\n', encoding="utf-8")
    assert resolve(tmp_path).load("train").dropped == 1


def test_resolving_imports_nothing_heavy(tmp_path: Path) -> None:
    """Finding a local data set and its identity loads no torch, datasets, transformers or pyarrow."""
    path = write(tmp_path / "a.jsonl")
    code = (
        "import sys; from tldrkit.specs import DataSpec; from tldrkit.datasets.sources import resolve_source;"
        f"resolve_source(DataSpec(dataset={str(path)!r})); resolve_source(DataSpec(dataset='xsum'));"
        "print({'torch', 'datasets', 'transformers', 'pyarrow', 'huggingface_hub'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=True
    )
    assert done.stdout.strip() == "set()"


def test_real_copies_are_read(shared_data: Path) -> None:
    """A folder of real data sets gives each by its name, gzipped or not."""
    source = resolve("samsum", shared_data)
    assert len(source.load("test")) == 767
    assert len(source.load("train")) + len(source.load("validation")) == 14199
    assert resolve("scitldr", shared_data).load("test")[0].summaries[1:]


def test_a_single_file_named_after_a_split_is_that_split(corpus: Path) -> None:
    """`toy.test.jsonl` is a test split whole, and no training data."""
    source = resolve_source(DataSpec(dataset=str(corpus / "toy.test.jsonl")))

    assert len(source.load("test")) == 12
    with pytest.raises(DataError):
        source.load("train")
