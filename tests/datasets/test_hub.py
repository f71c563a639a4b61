import socket
from pathlib import Path
from typing import Any

import pytest

from tldrkit.datasets.hub import KNOWN, PARQUET_REVISION, HubSet, is_reachable, load_hub
from tldrkit.datasets.sources import resolve_source
from tldrkit.errors import DataError
from tldrkit.specs import DataSpec

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ROWS = [{"documents": f"Text {number}", "tldr": f"Sum {number}"} for number in range(50)]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of `datasets`."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def conversion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder the hub's client keeps of a conversion, empty."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    repository = tmp_path / "hub" / "datasets--ctr4si--reddit_tifu"
    (repository / "refs" / "refs" / "convert").mkdir(parents=True)
    (repository / PARQUET_REVISION.replace("refs", "refs/refs", 1)).write_text(COMMIT)
    (repository / "snapshots" / COMMIT).mkdir(parents=True)
    return repository / "snapshots" / COMMIT


def write_parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.Table.from_pylist(rows), path)


@pytest.mark.usefixtures("cache")
def test_a_repository_of_parquet_is_loaded(tmp_path: Path) -> None:
    """Files laid out as on the hub give their splits and rows."""
    for split in ("train", "test"):
        write_parquet(tmp_path / "set" / "data" / f"{split}-00000-of-00001.parquet", ROWS)
    loaded = load_hub(HubSet(id=str(tmp_path / "set")))
    assert set(loaded.splits) == {"train", "test"}
    assert list(loaded.splits["test"]) == ROWS
    assert loaded.revision == ""


@pytest.mark.usefixtures("cache")
def test_the_conversion_is_loaded_by_folder(conversion: Path) -> None:
    """In the hub's own conversion a configuration is a folder of splits; it tells its commit."""
    write_parquet(conversion / "long" / "partial-train" / "0000.parquet", ROWS)
    write_parquet(conversion / "short" / "train" / "0000.parquet", ROWS[:3])
    loaded = load_hub(KNOWN["reddit_tifu"])
    assert list(loaded.splits["train"]) == ROWS
    assert loaded.revision == conversion.name


@pytest.mark.usefixtures("cache")
def test_a_loading_script_leads_to_the_conversion(
    conversion: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A set with a loading script, which is never run, is read from its conversion."""
    (tmp_path / "ctr4si" / "reddit_tifu").mkdir(parents=True)
    (tmp_path / "ctr4si" / "reddit_tifu" / "reddit_tifu.py").write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path)
    write_parquet(conversion / "default" / "train" / "0000.parquet", ROWS)
    assert list(load_hub(HubSet(id="ctr4si/reddit_tifu")).splits["train"]) == ROWS


@pytest.mark.usefixtures("cache")
def test_examples_come_from_a_loaded_set(conversion: Path) -> None:
    """A set of the hub gives examples: columns known, splits carved, its commit told."""
    write_parquet(conversion / "long" / "train" / "0000.parquet", ROWS * 4)
    source = resolve_source(DataSpec(dataset="reddit_tifu"))
    split = source.load("train")
    assert len(split) + len(source.load("validation")) + len(source.load("test")) == 200
    assert split[0].summaries[0].startswith("Sum")
    assert split.revision == conversion.name


def test_a_copy_kept_before_is_used(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without network, the copy `datasets` keeps of a set is loaded, and its commit told."""
    write_parquet(tmp_path / "knkarthick" / "samsum" / "train.parquet", ROWS)
    monkeypatch.chdir(tmp_path)
    load_hub(KNOWN["samsum"])
    (kept,) = cache.glob("samsum/*/*/*/")
    (cache / "knkarthick___samsum" / "default" / "0.0.0").mkdir(parents=True)
    kept.rename(cache / "knkarthick___samsum" / "default" / "0.0.0" / COMMIT)
    monkeypatch.chdir(cache)
    loaded = load_hub(KNOWN["samsum"])
    assert list(loaded.splits["train"]) == ROWS
    assert loaded.revision == COMMIT


@pytest.mark.usefixtures("cache")
def test_without_a_hub_the_refusal_is_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without network, a set that is not kept here is one DataError that names what can be used instead."""
    import datasets
    from huggingface_hub import constants

    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: refuses
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{closed.getsockname()[1]}")
        assert not is_reachable()
        with pytest.raises(DataError, match="cannot be reached") as refusal:
            load_hub(KNOWN["samsum"])
    assert "synthetic" in refusal.value.hint
    assert constants.HF_HUB_OFFLINE is False
    assert datasets.config.HF_HUB_OFFLINE is True  # as tests are run
