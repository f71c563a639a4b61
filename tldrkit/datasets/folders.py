"""Files of data sets in folders: named after splits, whole or in shards, as people and the hub keep them.

Knows names alone, never what a file holds.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tldrkit.datasets.local import FILE_KINDS, PACKED, find_kind
from tldrkit.errors import DataError
from tldrkit.texts import count_noun

SPLITS = ("train", "validation", "test")
_SYNONYMS = {
    "training": "train",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "testing": "test",
}
_SPLIT = "|".join((*SPLITS, *_SYNONYMS))
_SHARD = r"(?:-(?P<number>\d{5})-of-(?P<count>\d{5})(?:-[0-9a-f]+)?)?"
_NAME = re.compile(
    rf"(?:(?P<name>.+)\.|(?P<stem>.+)-(?=\w+-\d{{5}}-of-))?(?P<split>{_SPLIT}){_SHARD}"
    rf"(?:{'|'.join(map(re.escape, FILE_KINDS))})(?:{'|'.join(map(re.escape, PACKED))})?"
)

SplitFiles = Mapping[str, Sequence[Path]]
"""The files of each split, in order."""


class _Named(NamedTuple):
    """What a file's name says: a data set's name, the split, and for a shard its number, of how many."""

    name: str
    split: str
    number: int
    shards: int


def find_files(path: Path) -> SplitFiles:
    """Find the files of a data set by split; a single file is of the split it is named after, or of train.

    A folder is looked into, then its folder `data`, or the only one that holds data files, as sets of the hub
    have it; there, files may also lie in a folder for each split. The only data file of a folder is taken
    whatever it is called.

    Raises:
        DataError: The folder holds no data set, several, one split twice, or not all shards of one.
    """
    if not path.is_dir():
        named = _parse(path.name)
        return {named.split if named else "train": [path]}
    found = find_sets(path) or _find_below(path)
    if "" in found:
        return found[""]
    if len(found) > 1:
        raise DataError(
            f"{path} holds more than one data set: {', '.join(found)}.",
            hint=f"Name one of them, with --data {path}.",
        )
    if not found:
        files = _list_data(path)
        if len(files) == 1:
            return {"train": files}
        raise DataError(
            f"{path} holds no data set.",
            hint="It, or a folder data in it, should hold train, validation and test as "
            f"{', '.join(FILE_KINDS)}, or as shards such as train-00000-of-00002.parquet; or one file alone.",
        )
    return next(iter(found.values()))


def find_sets(folder: Path) -> dict[str, SplitFiles]:
    """Find the data sets in a folder, by their names; files that are named after splits alone are of "".

    Raises:
        DataError: There is no such folder, or it holds one split twice, or not all shards of one.
    """
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}.", hint="Name the folder of local copies with --data.")
    found: dict[str, dict[str, dict[_Named, Path]]] = {}
    for path in sorted(folder.iterdir()):
        if (named := _parse(path.name)) and path.is_file():
            files = found.setdefault(named.name, {}).setdefault(named.split, {})
            other = next(
                (file for one, file in files.items() if one == named or one.shards != named.shards), None
            )
            if other is not None:
                raise DataError(
                    f"{folder} holds {other.name} and {path.name}.", hint="Keep one file a split."
                )
            files[named] = path
    return {
        name: {split: _put_in_order(folder, files) for split, files in splits.items()}
        for name, splits in found.items()
    }


def _find_below(path: Path) -> dict[str, SplitFiles]:
    """Find data sets in the folders of a folder."""
    if by_split := _find_split_folders(path):
        return by_split
    folders = [path / "data"] if (path / "data").is_dir() else sorted(path.iterdir())
    sets = {
        folder.name: found
        for folder in folders
        if folder.is_dir() and (found := find_sets(folder) or _find_split_folders(folder))
    }
    if len(sets) > 1:
        raise DataError(
            f"{path} holds more than one data set: {', '.join(sets)}.",
            hint=f"Name one of its folders, such as {path / next(iter(sets))}.",
        )
    return next(iter(sets.values()), {})


def _find_split_folders(path: Path) -> dict[str, SplitFiles]:
    found = {
        _SYNONYMS.get(folder.name, folder.name): files
        for folder in sorted(path.iterdir())
        if re.fullmatch(_SPLIT, folder.name) and (files := _list_data(folder))
    }
    return {"": found} if found else {}


def _list_data(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if find_kind(path.name)) if folder.is_dir() else []


def _parse(name: str) -> _Named | None:
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    split = _SYNONYMS.get(match["split"], match["split"])
    return _Named(
        match["name"] or match["stem"] or "", split, int(match["number"] or 0), int(match["count"] or 0)
    )


def _put_in_order(folder: Path, files: Mapping[_Named, Path]) -> list[Path]:
    shards = sorted(files)
    count = shards[0].shards
    if count and [shard.number for shard in shards] != list(range(count)):
        raise DataError(
            f"{folder} holds {len(shards):,} of the {count_noun(count, 'shard')} of {shards[0].split}.",
            hint="Copy or download the others too.",
        )
    return [files[shard] for shard in shards]
