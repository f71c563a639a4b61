"""Where examples come from: the embedded set, files here, or the hub; and which example is in which split.

Knows the rule of splits and what the data adds to a step's identity; knows nothing of tokens.
"""

import difflib
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from tldrkit.datasets.examples import Corpus, Example, Split
from tldrkit.datasets.folders import SPLITS, Files, find_files, find_sets
from tldrkit.datasets.hub import KNOWN, HubSet, load_hub
from tldrkit.datasets.local import Columns, extract_examples, find_kind, read_rows
from tldrkit.errors import DataError
from tldrkit.files import compute_digest
from tldrkit.specs import DataSpec

INVENTED = "invented English forum threads"
"""The kind of the embedded data set."""

_EMBEDDED = "synthetic (embedded)"
_BUCKETS = 20
_FEW = 400
"""Examples below which a bucket would hold fewer than twenty, and chance might leave it empty."""
_RULE = f"sha256 of the id modulo {_BUCKETS}, of fewer than {_FEW} ids its rank,"
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True, kw_only=True)
class Source:
    """A data set that is found, and not yet read.

    Args:
        name: What people call it.
        identity: The data's part of a step's identity; JSON-able.
        reference: Where it comes from, for people to read.
        read: Reads one split.
    """

    name: str
    identity: dict[str, Any]
    reference: str
    read: Callable[[str], Split]

    def load(self, split: str) -> Split:
        """Load the examples of a split, which tells how many rows were dropped.

        Raises:
            DataError: The split is unknown or empty, or the rows cannot be read or used.
        """
        if split not in SPLITS:
            raise DataError(f"There is no split {split!r}.", hint=f"The splits: {', '.join(SPLITS)}.")
        return self.read(split)

    def load_corpus(self) -> Corpus:
        """Load what a network learns from and is validated on."""
        train, validation = self.load("train"), self.load("validation")
        return Corpus(train=train, validation=validation, repeated=self._count_repeated(train, validation))

    def _count_repeated(self, train: Split, validation: Split) -> dict[str, int]:
        """Count documents of validation that are in train too, and those of test that are in either."""
        if self.name == "synthetic":
            return {}
        known = {_compare(example.document) for example in train}
        counts = {"validation": sum(_compare(one.document) in known for one in validation)}
        known.update(_compare(example.document) for example in validation)
        with suppress(DataError):  # there is no test split, which is no fault of a training
            counts["test"] = sum(_compare(one.document) in known for one in self.load("test"))
        return {name: count for name, count in counts.items() if count}


def _compare(text: str) -> bytes:
    """Reduce a text to what makes it another one: neither case nor blanks."""
    return hashlib.sha256(" ".join(text.casefold().split()).encode(errors="surrogatepass")).digest()


def resolve_source(spec: DataSpec, folder: Path | None = None) -> Source:
    """Find the data set a spec names, without reading more of it than its bytes' digest.

    In this order: `synthetic`; a path that exists; files `<name>.<split>.<extension>` in the folder of local
    copies; a known name; any `owner/name` of the hub.

    Args:
        spec: Names the data set, and its columns where they are not recognized.
        folder: Local copies, which win over the hub.

    Raises:
        DataError: There is no such data set.
    """
    name = spec.dataset
    if name == "synthetic":
        return _embedded()
    path = Path(name).expanduser()
    if path.exists():
        return _local(path.name, find_files(path), path, spec)
    copies = find_sets(folder).get(name) if folder is not None else None
    if folder is not None and copies:
        return _local(name, copies, folder, spec)
    if name in KNOWN:
        return _hub(name, KNOWN[name], spec)
    if _HUB_ID.fullmatch(name) and not name.startswith(".") and not find_kind(name):
        return _hub(name, HubSet(id=name), spec)
    raise _unknown(name, folder)


def describe_kind(reference: str) -> str:
    """Tell language and kind of a data set's texts by its name or reference; empty where not known."""
    if reference == _EMBEDDED:
        return INVENTED
    name = reference.partition(" (")[0]
    return next((known.kind for short, known in KNOWN.items() if name in (short, known.id)), "")


def _unknown(name: str, folder: Path | None) -> DataError:
    copies = sorted(filter(None, find_sets(folder))) if folder is not None else []
    names = ["synthetic", *KNOWN, *copies]
    near = difflib.get_close_matches(name, names, n=1)
    meant = f"Did you mean {near[0]}? " if near else ""
    here = f" Local copies: {', '.join(copies)}." if copies else ""
    return DataError(
        f"There is no data set {name!r}: no path here, no known name, no owner/name of the hub.",
        hint=f"{meant}Known names: synthetic, {', '.join(KNOWN)}.{here}",
    )


def _embedded() -> Source:
    from tldrkit.datasets.synthetic.threads import IDENTITY, generate_examples

    def read(split: str) -> Split:
        return Split(name=split, examples=tuple(generate_examples(split)))

    return Source(name="synthetic", identity=dict(IDENTITY), reference=_EMBEDDED, read=read)


# Local files


def _local(name: str, files: Files, path: Path, spec: DataSpec) -> Source:
    columns = Columns(document=spec.document_column, summary=spec.summary_column)
    parts = plan_splits(files)

    def read(split: str) -> Split:
        part = _part_of(parts, split, name)
        rows = chain.from_iterable(map(read_rows, files[part.origin]))
        place = ", ".join(map(str, files[part.origin]))
        extract = extract_examples(rows, columns, split=part.origin, place=place)
        return part.cut(extract.examples, split, dropped=extract.dropped)

    identity = {
        "source": "local",
        "files": {split: _identify(shards) for split, shards in sorted(files.items())},
        "columns": columns.to_dict(),
        "splits": {split: str(part) for split, part in parts.items()},
    }
    return Source(name=name, identity=identity, reference=f"{name} ({path})", read=read)


def _identify(shards: Sequence[Path]) -> str | list[str]:
    digests = [compute_digest(shard) for shard in shards]
    return digests if len(digests) > 1 else digests[0]


# The hub


def _hub(name: str, known: HubSet, spec: DataSpec) -> Source:
    hub = replace(
        known,
        revision=spec.revision or known.revision,
        document=spec.document_column or known.document,
        summary=spec.summary_column or known.summary,
    )
    columns = Columns(document=hub.document, summary=hub.summary)

    def read(split: str) -> Split:
        rows = load_hub(hub)
        part = _part_of(plan_splits(rows.splits), split, name)
        extract = extract_examples(
            rows.splits[part.origin], columns, split=part.origin, place=f"{hub.id}, {part.origin}"
        )
        whole = part.cut(extract.examples, split, dropped=extract.dropped)
        return replace(whole, revision=rows.revision)

    identity = {
        "source": "hub",
        "id": hub.id,
        "config": hub.config,
        "revision": hub.revision,
        "columns": columns.to_dict(),
        "splits": f"as there; missing ones by {_RULE}",
    }
    licence = f", licence: {hub.licence}" if hub.licence else ""
    return Source(name=name, identity=identity, reference=f"{hub.id} (Hugging Face hub{licence})", read=read)


# Splits


@dataclass(frozen=True, kw_only=True)
class Part:
    """The examples of one file or hub split whose id falls into some of its twenty buckets."""

    origin: str
    first: int = 0
    end: int = _BUCKETS

    def __str__(self) -> str:
        if self.end - self.first == _BUCKETS:
            return self.origin
        return f"{self.origin}, {_RULE} in {self.first}..{self.end - 1}"

    def cut(self, examples: Iterable[Example], split: str, *, dropped: int) -> Split:
        """Keep this part's examples, ids made unique.

        Raises:
            DataError: Nothing is left.
        """
        examples = list(examples)
        buckets = assign_buckets(example.id for example in examples)
        kept = [example for example in examples if self.first <= buckets[example.id] < self.end]
        if not kept:
            raise DataError(
                f"The {split} split is empty: too few examples to carve it from {self.origin}.",
                hint=f"Give it a file of its own: {split}.jsonl.",
            )
        return Split(name=split, examples=_number_repeated_ids(kept), dropped=dropped)


def plan_splits(present: Iterable[str]) -> dict[str, Part]:
    """Tell where train, validation and test come from, given the splits that are present.

    No example is ever in two splits. A split that is present is taken as it is, but for this:

    - train alone (also a single file): 90 % train, 5 % validation, 5 % test, by the hash of the id;
    - train and validation: validation becomes the test, and 5 % of train, by the hash of the id, validation;
    - train and test: 5 % of train, by the hash of the id, becomes validation;
    - of fewer than 400 examples each of those 5 % is a tenth, of at most 20;
    - validation alone is the test.
    """
    given = [split for split in SPLITS if split in set(present)]
    parts = {split: Part(origin=split) for split in given}
    if "test" not in parts and "validation" in parts:
        parts["test"] = parts.pop("validation")
    if "train" in parts and "validation" not in parts:
        parts["validation"] = Part(origin="train", first=0, end=1)
        parts["train"] = Part(origin="train", first=1)
    if "train" in parts and "test" not in parts:
        parts["test"] = Part(origin="train", first=1, end=2)
        parts["train"] = Part(origin="train", first=2)
    return parts


def assign_buckets(ids: Iterable[str]) -> dict[str, int]:
    """Assign each id of a file to one of twenty buckets by its sha256: that modulo 20.

    Of few ids the sha256s are put in order instead, and a bucket has a tenth of them, from one to twenty: the
    first two, which validation and test are made of, are never empty by chance.
    """
    hashes = {name: int.from_bytes(hashlib.sha256(name.encode()).digest(), "big") for name in ids}
    if len(hashes) >= _FEW:
        return {name: value % _BUCKETS for name, value in hashes.items()}
    size = min(max(round(len(hashes) / 10), 1), _FEW // _BUCKETS)
    return {name: place // size for place, name in enumerate(sorted(hashes, key=hashes.__getitem__))}


def _part_of(parts: Mapping[str, Part], split: str, name: str) -> Part:
    if split in parts:
        return parts[split]
    raise DataError(
        f"{name} has no {split} split, and none can be carved.", hint="Only a train split can be carved."
    )


def _number_repeated_ids(examples: Iterable[Example]) -> tuple[Example, ...]:
    """Give the second example of an id the id `<id>#2`, and so on: predictions are paired by id."""
    numbered: dict[str, Example] = {}
    seen: Counter[str] = Counter()
    for example in examples:
        name = example.id
        while name in numbered:
            seen[example.id] += 1
            name = f"{example.id}#{seen[example.id] + 1}"
        numbered[name] = example if name == example.id else replace(example, id=name)
    return tuple(numbered.values())
